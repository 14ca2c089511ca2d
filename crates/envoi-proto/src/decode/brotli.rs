//! br (RFC 7932). The window, at most 16 MiB, is allocated as the output grows.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::coding::{Coding, Corrupt, Step};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// One brotli stream. What follows it is ignored.
pub(super) struct Brotli {
    state: Box<State>,
    started: bool,
    ended: bool,
}

impl Brotli {
    pub fn new() -> Self {
        Self {
            state: Box::new(BrotliState::new(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            )),
            started: false,
            ended: false,
        }
    }
}

impl Coding for Brotli {
    fn name(&self) -> &'static str {
        "br"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Corrupt> {
        self.started |= !input.is_empty();
        let (mut unread, mut read) = (input.len(), 0);
        let (mut room, mut written) = (output.len(), 0);
        let mut total = 0;
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        self.ended = matches!(result, BrotliResult::ResultSuccess);
        if matches!(result, BrotliResult::ResultFailure) {
            return Err(Corrupt::new("invalid brotli data"));
        }
        Ok(Step {
            read,
            written,
            ended: self.ended,
        })
    }

    fn is_complete(&self) -> bool {
        self.ended || !self.started
    }
}
