//! zstd (RFC 8878), with the window of at most 8 MiB that RFC 9659 requires.

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::coding::{Coding, Fault, Step, from, from_mut};

const WINDOW_LOG_MAX: u32 = 23;
const FRAME_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first byte's low four bits are free.
const SKIPPABLE_MAGIC: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];

/// One or more frames, skippable ones among them. What follows the last one, if it is no frame, is ignored.
pub(super) struct Zstandard {
    decoder: Decoder<'static>,
    magic: [u8; 4],
    seen: usize,
    in_frame: bool,
    any_frame: bool,
    ended: bool,
}

impl Zstandard {
    /// None when memory is short.
    pub fn new() -> Option<Self> {
        let mut decoder = Decoder::new().ok()?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
            .ok()?;
        Some(Self {
            decoder,
            magic: [0; 4],
            seen: 0,
            in_frame: false,
            any_frame: false,
            ended: false,
        })
    }

    /// Read the next frame's magic number; true when it is complete.
    fn match_magic(&mut self, input: &[u8], step: &mut Step) -> Result<bool, Fault> {
        while let Some(place) = self.magic.get_mut(self.seen) {
            let Some(byte) = input.get(step.read) else {
                return Ok(false);
            };
            *place = *byte;
            self.seen += 1;
            step.read += 1;
            if !may_begin_frame(from(&self.magic, 0).get(..self.seen).unwrap_or_default()) {
                if !self.any_frame {
                    return Err(Fault::corrupt("it does not begin as zstd does"));
                }
                self.ended = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let status = self
            .decoder
            .run_on_buffers(input, output)
            .map_err(|error| fault(&error))?;
        Ok(Step {
            read: status.bytes_read,
            written: status.bytes_written,
            ended: status.remaining == 0,
        })
    }
}

impl Coding for Zstandard {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut step = Step::default();
        loop {
            if !self.in_frame {
                if self.ended || !self.match_magic(input, &mut step)? {
                    step.ended = self.ended;
                    return Ok(step);
                }
                let magic = self.magic;
                self.decode(&magic, &mut [])?;
                self.in_frame = true;
            }
            let (rest, room) = (from(input, step.read), from_mut(output, step.written));
            if rest.is_empty() && room.is_empty() {
                return Ok(step);
            }
            let decoded = self.decode(rest, room)?;
            step.read += decoded.read;
            step.written += decoded.written;
            if !decoded.ended {
                return Ok(step);
            }
            self.in_frame = false;
            self.any_frame = true;
            self.seen = 0;
        }
    }

    fn is_complete(&self) -> bool {
        !self.in_frame && (self.any_frame || self.seen == 0)
    }
}

fn may_begin_frame(start: &[u8]) -> bool {
    let skippable = match start {
        [first, rest @ ..] => {
            first & 0xf0 == 0x50
                && SKIPPABLE_MAGIC
                    .get(1..)
                    .is_some_and(|m| m.starts_with(rest))
        }
        [] => true,
    };
    skippable || FRAME_MAGIC.starts_with(start)
}

/// zstd tells its failures apart by their names alone.
fn fault(error: &std::io::Error) -> Fault {
    let reason = error.to_string();
    if reason.contains("not enough memory") {
        Fault::OutOfMemory
    } else {
        Fault::Corrupt(reason)
    }
}
