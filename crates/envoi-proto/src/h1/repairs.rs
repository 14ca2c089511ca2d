//! What was read although it breaks the RFC's grammar: a set of names that people are told.

use std::ops::{BitOr, BitOrAssign};

/// What was mended of an answer. Empty for an answer that follows the grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs(u16);

impl Repairs {
    pub const NONE: Self = Self(0);
    pub(super) const HEAD_LINE_FEED: Self = Self(1);
    pub(super) const HEAD_FOLD: Self = Self(1 << 1);
    pub(super) const HEAD_CONTROL: Self = Self(1 << 2);
    pub(super) const EMPTY_CODING: Self = Self(1 << 3);
    pub(super) const UNKNOWN_CODING: Self = Self(1 << 4);
    pub(super) const CHUNK_BLANKS: Self = Self(1 << 5);
    pub(super) const TRAILER_LINE_FEED: Self = Self(1 << 6);
    pub(super) const TRAILER_FOLD: Self = Self(1 << 7);
    pub(super) const TRAILER_CONTROL: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::HEAD_LINE_FEED, "bare LF in the head"),
        (Self::HEAD_FOLD, "folded field in the head"),
        (Self::HEAD_CONTROL, "control character in the head"),
        (Self::EMPTY_CODING, "empty member in Transfer-Encoding"),
        (Self::UNKNOWN_CODING, "unknown Transfer-Encoding"),
        (Self::CHUNK_BLANKS, "blanks after a chunk size"),
        (Self::TRAILER_LINE_FEED, "bare LF in the trailers"),
        (Self::TRAILER_FOLD, "folded field in the trailers"),
        (Self::TRAILER_CONTROL, "control character in the trailers"),
    ];

    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Each in a few words.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(repair, _)| self.0 & repair.0 != 0)
            .map(|(_, name)| name)
    }

    /// Of a head's repairs those of a trailer section.
    pub(super) fn in_trailers(self) -> Self {
        Self((self.0 & 0b111) << 6)
    }
}

impl BitOr for Repairs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Repairs {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
