//! What the codings have in common.

/// One content coding, undone step by step.
pub(super) trait Coding: Send + Sync {
    fn name(&self) -> &'static str;

    /// Decode from `input` into `output`, which is not empty, until one of them is used up or the coding ends.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Corrupt>;

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

/// What is wrong with the input.
#[derive(Debug)]
pub(super) struct Corrupt(pub String);

impl Corrupt {
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The part of `slice` from `start` on.
pub(super) fn from(slice: &[u8], start: usize) -> &[u8] {
    slice.get(start..).unwrap_or_default()
}

/// The part of `slice` from `start` on.
pub(super) fn from_mut(slice: &mut [u8], start: usize) -> &mut [u8] {
    slice.get_mut(start..).unwrap_or_default()
}
