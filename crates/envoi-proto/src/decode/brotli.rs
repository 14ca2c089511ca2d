//! br (RFC 7932). The window, at most 16 MiB, is allocated as the output grows.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::coding::{Coding, Fault, Step};
use super::memory::Heap;

type State = BrotliState<Heap, Heap, Heap>;

/// One brotli stream. RFC 7932 knows no second one behind it, and nothing pads it: what follows the end would be lost silently, so
/// it is an error.
pub(super) struct Brotli {
    /// Made with the first input: it allocates, and only a step may fail.
    state: Option<Box<State>>,
    started: bool,
    ended: bool,
}

impl Brotli {
    pub fn new() -> Self {
        Self {
            state: None,
            started: false,
            ended: false,
        }
    }
}

impl Coding for Brotli {
    fn name(&self) -> &'static str {
        "br"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        self.started |= !input.is_empty();
        let state = self
            .state
            .get_or_insert_with(|| Box::new(BrotliState::new(Heap, Heap, Heap)));
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
            state,
        );
        self.ended = matches!(result, BrotliResult::ResultSuccess);
        if matches!(result, BrotliResult::ResultFailure) {
            return Err(Fault::corrupt("invalid brotli data"));
        }
        Ok(Step {
            read,
            written,
            ended: self.ended,
        })
    }

    fn refuses_surplus(&self) -> bool {
        true
    }

    fn is_complete(&self) -> bool {
        self.ended || !self.started
    }
}
