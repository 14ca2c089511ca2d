//! Body bytes that wait to be taken.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

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
}

impl WaitingBody {
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn clear(&mut self) {
        self.pieces.clear();
        self.size = 0;
    }

    /// Add a range of `data`.
    pub fn push(&mut self, data: &Bound<'_, PyBytes>, range: Range<usize>) {
        self.size += range.len();
        if range.len() >= GATHER_BELOW || self.pieces.is_empty() {
            self.pieces
                .push(Piece::Received(data.clone().unbind(), range));
            return;
        }
        let bytes = data.as_bytes().get(range).unwrap_or_default();
        if let Some(Piece::Gathered(buffer)) = self.pieces.last_mut() {
            buffer.extend_from_slice(bytes);
        } else {
            self.pieces.push(Piece::Gathered(bytes.to_vec()));
        }
    }

    /// Everything as one object; the queue is then empty.
    pub fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let size = std::mem::take(&mut self.size);
        if let [piece] = self.pieces.as_slice() {
            let whole = match piece {
                Piece::Received(data, range) if range.len() == data.as_bytes(py).len() => {
                    data.bind(py).clone()
                }
                piece => PyBytes::new(py, piece.bytes(py)),
            };
            self.pieces.clear();
            return Ok(whole);
        }
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return Ok(PyBytes::new(py, b""));
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
