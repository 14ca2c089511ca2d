//! gzip (RFC 1952) and deflate (RFC 1950, or RFC 1951 without its wrapper).

use flate2::{Decompress, FlushDecompress, Status};

use super::coding::{Coding, Fault, Step, from, from_mut, has_memory};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const WINDOW_BITS: u8 = 15;
/// What an inflater allocates, rounded up: its state and its window.
const INFLATER: usize = 128 * 1024;

/// One or more gzip members. What follows the last one, if it is no member, is ignored, as gzip, curl and browsers do.
pub(super) struct Gzip {
    /// The member that is being read.
    member: Option<Decompress>,
    /// How many bytes of the magic number were seen before the next member.
    magic: usize,
    any_member: bool,
    ended: bool,
}

impl Gzip {
    pub fn new() -> Self {
        Self {
            member: None,
            magic: 0,
            any_member: false,
            ended: false,
        }
    }

    /// Look for the next member's magic number; true when it is complete.
    fn match_magic(&mut self, input: &[u8], step: &mut Step) -> Result<bool, Fault> {
        while let Some(expected) = GZIP_MAGIC.get(self.magic) {
            match input.get(step.read) {
                None => return Ok(false),
                Some(byte) if byte == expected => {
                    self.magic += 1;
                    step.read += 1;
                }
                Some(_) if self.any_member => {
                    self.ended = true;
                    return Ok(false);
                }
                Some(_) => return Err(Fault::corrupt("it does not begin as gzip does")),
            }
        }
        Ok(true)
    }
}

impl Coding for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut step = Step::default();
        loop {
            let member = if let Some(member) = &mut self.member {
                member
            } else {
                if self.ended || !self.match_magic(input, &mut step)? {
                    step.ended = self.ended;
                    return Ok(step);
                }
                if !has_memory(INFLATER) {
                    return Err(Fault::OutOfMemory);
                }
                let mut member = Decompress::new_gzip(WINDOW_BITS);
                inflate(&mut member, &GZIP_MAGIC, &mut [])?;
                self.member.insert(member)
            };
            let inflated = inflate(
                member,
                from(input, step.read),
                from_mut(output, step.written),
            )?;
            step.read += inflated.read;
            step.written += inflated.written;
            if !inflated.ended {
                return Ok(step);
            }
            self.member = None;
            self.magic = 0;
            self.any_member = true;
        }
    }

    fn is_complete(&self) -> bool {
        self.member.is_none() && (self.any_member || self.magic == 0)
    }
}

/// A zlib stream, or the raw deflate stream that some servers send instead.
pub(super) struct Deflate {
    /// The first two bytes, by which the two forms are told apart.
    head: [u8; 2],
    seen: usize,
    /// How many bytes of `head` were decoded.
    replayed: usize,
    stream: Option<Decompress>,
    ended: bool,
}

impl Deflate {
    pub fn new() -> Self {
        Self {
            head: [0; 2],
            seen: 0,
            replayed: 0,
            stream: None,
            ended: false,
        }
    }

    /// Fill `head`; true when it is complete.
    fn read_head(&mut self, input: &[u8], step: &mut Step) -> bool {
        while let Some(place) = self.head.get_mut(self.seen) {
            let Some(byte) = input.get(step.read) else {
                return false;
            };
            *place = *byte;
            self.seen += 1;
            step.read += 1;
        }
        true
    }

    /// RFC 1950, section 2.2: method 8, a window of at most 32 KiB, a multiple of 31, no preset dictionary.
    /// No encoder begins a raw stream so: it would be a stored block with padding bits that are not zero.
    fn has_zlib_header(&self) -> bool {
        let [method, flags] = self.head;
        method & 0x0f == 8
            && method >> 4 <= 7
            && flags & 0x20 == 0
            && u16::from_be_bytes(self.head).is_multiple_of(31)
    }
}

impl Coding for Deflate {
    fn name(&self) -> &'static str {
        "deflate"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut step = Step::default();
        if !self.read_head(input, &mut step) {
            return Ok(step);
        }
        if self.stream.is_none() && !has_memory(INFLATER) {
            return Err(Fault::OutOfMemory);
        }
        let has_header = self.has_zlib_header();
        let stream = self
            .stream
            .get_or_insert_with(|| Decompress::new(has_header));
        while self.replayed < self.head.len() && !self.ended {
            let room = from_mut(output, step.written);
            if room.is_empty() {
                return Ok(step);
            }
            let inflated = inflate(stream, from(&self.head, self.replayed), room)?;
            self.replayed += inflated.read;
            step.written += inflated.written;
            self.ended = inflated.ended;
        }
        if !self.ended {
            let inflated = inflate(
                stream,
                from(input, step.read),
                from_mut(output, step.written),
            )?;
            step.read += inflated.read;
            step.written += inflated.written;
            self.ended = inflated.ended;
        }
        step.ended = self.ended;
        Ok(step)
    }

    fn is_complete(&self) -> bool {
        self.ended || self.seen == 0
    }
}

fn inflate(stream: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
    let (read_before, written_before) = (stream.total_in(), stream.total_out());
    let status = stream
        .decompress(input, output, FlushDecompress::None)
        .map_err(|error| Fault::corrupt(error.message().unwrap_or("invalid deflate data")))?;
    Ok(Step {
        read: difference(stream.total_in(), read_before),
        written: difference(stream.total_out(), written_before),
        ended: status == Status::StreamEnd,
    })
}

fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}
