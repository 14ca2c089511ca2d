//! What the codings have in common.

/// One content coding, undone step by step.
pub(super) trait Coding: Send + Sync {
    fn name(&self) -> &'static str;

    /// Decode from `input` into `output`, which is not empty, until one of them is used up or the coding ends.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;

    /// Whether bytes after the end are an error. Where they are not, they are ignored.
    fn refuses_surplus(&self) -> bool {
        false
    }

    /// Whether the input may end here.
    fn is_complete(&self) -> bool;
}

/// How far a step went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    pub read: usize,
    pub written: usize,
    /// Nothing that follows belongs to the coding.
    pub ended: bool,
}

/// Why a step failed.
#[derive(Debug)]
pub(super) enum Fault {
    Corrupt(String),
    OutOfMemory,
}

impl Fault {
    pub fn corrupt(reason: impl Into<String>) -> Self {
        Self::Corrupt(reason.into())
    }
}

/// Whether so many bytes can be had now. For what allocates without a way to fail: it is asked just before.
pub(super) fn has_memory(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

/// The part of `slice` from `start` on.
pub(super) fn from(slice: &[u8], start: usize) -> &[u8] {
    slice.get(start..).unwrap_or_default()
}

/// The part of `slice` from `start` on.
pub(super) fn from_mut(slice: &mut [u8], start: usize) -> &mut [u8] {
    slice.get_mut(start..).unwrap_or_default()
}
