//! A chain of codings: each pulls its input from the one before it, the first from the pieces that were fed.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::coding::{Coding, Fault, Step, from, from_mut};
use super::error::DecodeError;
use super::memory::NoMemory;

const BUFFER: usize = 64 * 1024;

/// The input that was fed and not yet consumed.
pub(super) struct Source<B> {
    pieces: VecDeque<B>,
    /// How much of the first piece was consumed.
    offset: usize,
    length: usize,
}

impl<B> Default for Source<B> {
    fn default() -> Self {
        Self {
            pieces: VecDeque::new(),
            offset: 0,
            length: 0,
        }
    }
}

impl<B: AsRef<[u8]>> Source<B> {
    /// Add a piece that is not empty.
    pub fn push(&mut self, piece: B) {
        self.length += piece.as_ref().len();
        self.pieces.push_back(piece);
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn front(&self) -> &[u8] {
        self.pieces
            .front()
            .map_or(&[], |piece| from(piece.as_ref(), self.offset))
    }

    fn consume(&mut self, count: usize) {
        self.offset += count;
        self.length = self.length.saturating_sub(count);
        if self.front().is_empty() {
            self.pieces.pop_front();
            self.offset = 0;
        }
    }
}

/// One coding of the chain, and its input if that comes from another coding.
pub(super) struct Stage {
    coding: Box<dyn Coding>,
    inbox: Inbox,
    /// The coding may have output ready without more input.
    has_more: bool,
    ended: bool,
    /// How much came after the end.
    surplus: usize,
}

#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

impl Stage {
    pub fn new(coding: Box<dyn Coding>) -> Self {
        Self {
            coding,
            inbox: Inbox::default(),
            has_more: false,
            ended: false,
            surplus: 0,
        }
    }

    pub fn name(&self) -> &'static str {
        self.coding.name()
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    pub fn is_complete(&self) -> bool {
        self.ended || self.coding.is_complete()
    }

    /// Whether so much came after our end that the codings before us are no longer undone.
    pub fn ignores_earlier(&self) -> bool {
        self.surplus > BUFFER
    }

    /// What to say of bytes after the end, where they are no business of ours to drop.
    pub fn surplus_fault(&self) -> Option<DecodeError> {
        (self.ended && self.coding.refuses_surplus()).then(|| DecodeError::Corrupt {
            coding: self.coding.name(),
            reason: "bytes follow its end".to_owned(),
        })
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        let coding = self.coding.name();
        // The codecs are other people's code: a bug in one of them is reported as corrupt input.
        let stepped = catch_unwind(AssertUnwindSafe(|| self.coding.step(input, output)))
            .unwrap_or_else(|panic| Err(fault_of(panic.as_ref())));
        let step = stepped.map_err(|fault| match fault {
            Fault::Corrupt(reason) => DecodeError::Corrupt { coding, reason },
            Fault::OutOfMemory => DecodeError::OutOfMemory,
        })?;
        let stuck = step.read == 0 && step.written == 0 && !step.ended;
        if stuck && !input.is_empty() {
            return Err(DecodeError::Corrupt {
                coding,
                reason: "it makes no progress".to_owned(),
            });
        }
        self.has_more = step.written == output.len();
        self.ended |= step.ended;
        Ok(step)
    }
}

fn fault_of(panic: &(dyn Any + Send)) -> Fault {
    if panic.is::<NoMemory>() {
        Fault::OutOfMemory
    } else {
        Fault::corrupt("the decoder failed")
    }
}

/// Fill `output` from `written` on with what the last of `stages` produces, as far as the input goes.
pub(super) fn pull<B: AsRef<[u8]>>(
    stages: &mut [Stage],
    source: &mut Source<B>,
    output: &mut [u8],
    written: &mut usize,
) -> Result<(), DecodeError> {
    let Some((stage, earlier)) = stages.split_last_mut() else {
        return Ok(());
    };
    while !stage.ended && *written < output.len() {
        if earlier.is_empty() {
            if source.front().is_empty() && !stage.has_more {
                return Ok(());
            }
            let step = stage.step(source.front(), from_mut(output, *written))?;
            source.consume(step.read);
            *written += step.written;
        } else {
            if stage.inbox.pending().is_empty() && !stage.has_more {
                refill(stage, earlier, source)?;
                if stage.inbox.pending().is_empty() {
                    return Ok(());
                }
            }
            // The inbox is taken out for the step, so that stage and input can be borrowed together.
            let mut inbox = std::mem::take(&mut stage.inbox);
            let stepped = stage.step(inbox.pending(), from_mut(output, *written));
            if let Ok(step) = &stepped {
                inbox.start += step.read;
                *written += step.written;
            }
            stage.inbox = inbox;
            stepped?;
        }
    }
    if stage.ended {
        discard_surplus(stage, earlier, source)?;
    }
    Ok(())
}

fn refill<B: AsRef<[u8]>>(
    stage: &mut Stage,
    earlier: &mut [Stage],
    source: &mut Source<B>,
) -> Result<(), DecodeError> {
    let inbox = &mut stage.inbox;
    let missing = BUFFER.saturating_sub(inbox.bytes.len());
    inbox
        .bytes
        .try_reserve_exact(missing)
        .map_err(|_| DecodeError::OutOfMemory)?;
    inbox.bytes.resize(BUFFER, 0);
    inbox.start = 0;
    inbox.end = 0;
    pull(earlier, source, &mut inbox.bytes, &mut inbox.end)
}

/// After the end, run the earlier codings on, so that their checksums are read; but not far, lest a bomb hide there.
fn discard_surplus<B: AsRef<[u8]>>(
    stage: &mut Stage,
    earlier: &mut [Stage],
    source: &mut Source<B>,
) -> Result<(), DecodeError> {
    let fault = stage.surplus_fault();
    if earlier.is_empty() {
        let surplus = source.len();
        source.clear();
        return fault.filter(|_| surplus > 0).map_or(Ok(()), Err);
    }
    stage.surplus += stage.inbox.pending().len();
    while !stage.ignores_earlier() {
        if let Some(fault) = fault.as_ref().filter(|_| stage.surplus > 0) {
            return Err(fault.clone());
        }
        refill(stage, earlier, source)?;
        let count = stage.inbox.pending().len();
        if count == 0 {
            return Ok(());
        }
        stage.surplus += count;
    }
    stage.inbox = Inbox::default();
    source.clear();
    Ok(())
}
