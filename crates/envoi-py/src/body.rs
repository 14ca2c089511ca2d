//! Body bytes that wait to be taken.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::text::{bytes_object, out_of_memory};

/// Pieces below this are gathered in one buffer: keeping a reference and a range for each of many one-byte chunks would cost a
/// multiple of the body.
const GATHER_BELOW: usize = 4096;

enum Piece {
    /// Part of an object that was received, or all of it.
    Received(Py<PyBytes>, Range<usize>),
    Gathered(Vec<u8>),
}

/// A queue of body pieces. An object received that is body and nothing else comes out again as that object, uncopied.
#[derive(Default)]
pub struct WaitingBody {
    pieces: Vec<Piece>,
    size: usize,
    /// Whether there was no memory for a piece: the body has a hole.
    torn: bool,
}

impl WaitingBody {
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn clear(&mut self) {
        self.pieces.clear();
        self.size = 0;
        self.torn = false;
    }

    /// `MemoryError` once there was no memory for a piece.
    pub fn check(&self) -> PyResult<()> {
        if self.torn {
            return Err(out_of_memory());
        }
        Ok(())
    }

    /// Add a range of `data`.
    pub fn push(&mut self, data: &Bound<'_, PyBytes>, range: Range<usize>) {
        self.size += range.len();
        if self.pieces.try_reserve(1).is_err() {
            self.torn = true;
            return;
        }
        if range.len() >= GATHER_BELOW || self.pieces.is_empty() {
            self.pieces
                .push(Piece::Received(data.clone().unbind(), range));
            return;
        }
        let bytes = data.as_bytes().get(range).unwrap_or_default();
        if let Some(Piece::Gathered(buffer)) = self.pieces.last_mut() {
            self.torn |= !append(buffer, bytes);
        } else {
            let mut buffer = Vec::new();
            self.torn |= !append(&mut buffer, bytes);
            self.pieces.push(Piece::Gathered(buffer));
        }
    }

    /// Everything as one object; the queue is then empty.
    pub fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.check()?;
        let size = std::mem::take(&mut self.size);
        if let [piece] = self.pieces.as_slice() {
            let whole = match piece {
                Piece::Received(data, range) if range.len() == data.as_bytes(py).len() => {
                    data.bind(py).clone()
                }
                piece => bytes_object(py, piece.bytes(py))?,
            };
            self.pieces.clear();
            return Ok(whole);
        }
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return bytes_object(py, b"");
        }
        PyBytes::new_with(py, size, |mut out| {
            for piece in &pieces {
                let bytes = piece.bytes(py);
                if let Some((place, rest)) =
                    std::mem::take(&mut out).split_at_mut_checked(bytes.len())
                {
                    place.copy_from_slice(bytes);
                    out = rest;
                }
            }
            Ok(())
        })
    }
}

impl Piece {
    fn bytes<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Self::Received(data, range) => data.as_bytes(py).get(range.clone()).unwrap_or_default(),
            Self::Gathered(buffer) => buffer,
        }
    }
}

/// Append where there is memory; false where not.
fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let room = buffer.try_reserve(bytes.len()).is_ok();
    if room {
        buffer.extend_from_slice(bytes);
    }
    room
}
