//! Why a content coding could not be undone.

use std::fmt;

/// The longest chain of codings that is undone.
pub const MAX_CODINGS: usize = 5;

/// A body that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The Content-Encoding names more codings than are ever applied in good faith.
    TooManyCodings { count: usize },
    /// The bytes are not what the coding allows, or a checksum does not match.
    Corrupt {
        coding: &'static str,
        reason: String,
    },
    /// There is no memory for the decoder, or for what it makes.
    OutOfMemory,
    /// The input ended before the coding did.
    Truncated { coding: &'static str },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyCodings { count } => write!(
                formatter,
                "The body has {count} content codings; at most {MAX_CODINGS} are undone"
            ),
            Self::Corrupt { coding, reason } => {
                write!(formatter, "The body's {coding} coding is corrupt: {reason}")
            }
            Self::OutOfMemory => formatter.write_str("There is no memory left to decode the body"),
            Self::Truncated { coding } => write!(
                formatter,
                "The body's {coding} coding is truncated: the input ended before it did"
            ),
        }
    }
}

impl std::error::Error for DecodeError {}
