//! Undoing the chunked transfer coding (RFC 9112, section 7.1) as bytes come, without holding any of the body.

use std::ops::Range;

use super::error::Violation;
use super::repairs::Repairs;
use super::section::Section;

/// No extension is in use, and each is bytes to skip: 16 KiB in a whole body is far beyond any honest need, and keeps a peer from
/// sending extensions for ever (as aiohttp and Go had to learn).
const MAX_EXTENSION_BYTES: usize = 16 * 1024;

/// Sixteen hexadecimal digits are a full `u64`. Zeros before them are counted as extensions are.
const MAX_SIZE_DIGITS: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `digits` without leading zeros, but 1 when there are zeros alone.
    Size {
        value: u64,
        digits: u8,
    },
    /// Blanks after the size: "bad whitespace" (RFC 9110, section 5.6.3).
    Blanks {
        size: u64,
    },
    Extension {
        size: u64,
    },
    SizeLineFeed {
        size: u64,
    },
    Data {
        remaining: u64,
    },
    DataReturn,
    DataLineFeed,
    Trailers,
}

/// The state between two pieces of input.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    extension_bytes: usize,
    repairs: Repairs,
    trailers: Section,
}

/// How a body ended.
pub(super) struct Ended {
    /// How many bytes of the input belong to it.
    pub consumed: usize,
    /// The raw trailer section, and whether a line of it ends in LF alone.
    pub trailers: Vec<u8>,
    pub bare_line_feed: bool,
    pub repairs: Repairs,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size {
                value: 0,
                digits: 0,
            },
            extension_bytes: 0,
            repairs: Repairs::NONE,
            trailers: Section::default(),
        }
    }

    /// Take input. Ranges of it that are body go to `body`. Returns how the body ended, when it does so in the input.
    pub(super) fn feed(
        &mut self,
        data: &[u8],
        limit: usize,
        body: &mut impl FnMut(Range<usize>),
    ) -> Result<Option<Ended>, Violation> {
        let mut position = 0;
        while let Some(byte) = data.get(position) {
            match self.state {
                State::Data { remaining } => {
                    position = self.data(position, data.len(), remaining, body);
                }
                State::Trailers => {
                    let rest = data.get(position..).unwrap_or_default();
                    let end = self.trailers.push(rest, limit)?;
                    return Ok(end.map(|consumed| self.ended(position + consumed)));
                }
                state => {
                    self.state = self.step(state, *byte)?;
                    position += 1;
                }
            }
        }
        Ok(None)
    }

    fn data(
        &mut self,
        position: usize,
        end: usize,
        remaining: u64,
        body: &mut impl FnMut(Range<usize>),
    ) -> usize {
        let available = end - position;
        let size =
            usize::try_from(remaining).map_or(available, |remaining| remaining.min(available));
        body(position..position + size);
        let remaining = remaining - size as u64;
        self.state = if remaining == 0 {
            State::DataReturn
        } else {
            State::Data { remaining }
        };
        position + size
    }

    fn ended(&mut self, consumed: usize) -> Ended {
        let (trailers, bare_line_feed) = self.trailers.take();
        Ended {
            consumed,
            trailers,
            bare_line_feed,
            repairs: self.repairs,
        }
    }

    /// One byte of a chunk's header or of the line end after its data. Every line ends in CR LF here, exactly.
    fn step(&mut self, state: State, byte: u8) -> Result<State, Violation> {
        match (state, byte) {
            (
                State::Size {
                    value: 0,
                    digits: 1..,
                },
                b'0',
            ) => {
                self.count_extension()?;
                Ok(state)
            }
            (State::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                add_digit(value, digits, byte)
            }
            (
                State::Size {
                    value: size,
                    digits: 1..,
                }
                | State::Blanks { size },
                b' ' | b'\t',
            ) => {
                self.count_extension()?;
                self.repairs |= Repairs::CHUNK_BLANKS;
                Ok(State::Blanks { size })
            }
            (
                State::Size {
                    value: size,
                    digits: 1..,
                }
                | State::Blanks { size }
                | State::Extension { size },
                b'\r',
            ) => Ok(State::SizeLineFeed { size }),
            (
                State::Size {
                    value: size,
                    digits: 1..,
                }
                | State::Blanks { size },
                b';',
            )
            | (State::Extension { size }, b'\t' | b' '..=b'~' | 0x80..) => {
                self.count_extension()?;
                Ok(State::Extension { size })
            }
            (State::Size { .. } | State::Blanks { .. }, _) => Err(Violation::protocol(
                "a chunk size is not a hexadecimal number",
            )),
            (State::Extension { .. }, _) => Err(Violation::protocol(
                "a chunk extension has a forbidden character",
            )),
            (State::SizeLineFeed { size: 0 }, b'\n') => Ok(State::Trailers),
            (State::SizeLineFeed { size }, b'\n') => Ok(State::Data { remaining: size }),
            (State::DataReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size {
                value: 0,
                digits: 0,
            }),
            (State::DataReturn | State::DataLineFeed, _) => {
                Err(Violation::protocol("a chunk is longer than its size says"))
            }
            (State::SizeLineFeed { .. } | State::Data { .. } | State::Trailers, _) => {
                Err(Violation::protocol("a chunk header has CR without LF"))
            }
        }
    }

    fn count_extension(&mut self) -> Result<(), Violation> {
        self.extension_bytes += 1;
        if self.extension_bytes > MAX_EXTENSION_BYTES {
            return Err(Violation::too_large(
                "the chunk extensions are larger than 16 KiB",
            ));
        }
        Ok(())
    }
}

fn add_digit(value: u64, digits: u8, byte: u8) -> Result<State, Violation> {
    if digits == MAX_SIZE_DIGITS {
        return Err(Violation::too_large("a chunk size has more than 16 digits"));
    }
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    };
    Ok(State::Size {
        value: (value << 4) | u64::from(digit),
        digits: if value == 0 { 1 } else { digits + 1 },
    })
}
