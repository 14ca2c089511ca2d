//! Memory for brotli's decoder, whose allocator has no way to fail but to unwind.

use std::panic::resume_unwind;

use brotli_decompressor::{Allocator, StandardAlloc};

use super::coding::has_memory;

/// What is unwound with when there is no memory; `Stage::step` catches it.
pub(super) struct NoMemory;

/// The heap, asked before it is used: a failed allocation would end the process.
#[derive(Clone, Copy, Default)]
pub(super) struct Heap;

impl<T: Clone + Default> Allocator<T> for Heap {
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    fn alloc_cell(&mut self, length: usize) -> Self::AllocatedMemory {
        if !has_memory(length.saturating_mul(size_of::<T>())) {
            // Not a panic: no message is printed.
            resume_unwind(Box::new(NoMemory));
        }
        StandardAlloc::default().alloc_cell(length)
    }

    fn free_cell(&mut self, _: Self::AllocatedMemory) {}
}
