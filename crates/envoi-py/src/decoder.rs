//! The `Decoder` class.

use envoi_proto::decode::{DecodeError as Failure, Decoder as Chain};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::errors::DecodeError;
use crate::text::bytes_object;

const FIRST_PIECE: usize = 16 * 1024;
/// A larger scratch buffer is given back after each read.
const KEPT_SCRATCH: usize = 256 * 1024;
/// From here on other threads run while we decode.
const DETACH_LIMIT: usize = 64 * 1024;
const DETACH_INPUT: usize = 4 * 1024;

/// Undo Content-Encoding (RFC 9110, section 8.4) in bounded steps: gzip, x-gzip, deflate (zlib or raw), br, zstd.
///
/// What follows the end of the coding is never decoded: after br it is an error, elsewhere it is ignored.
#[pyclass(module = "envoi._core")]
pub struct Decoder {
    /// The bytes objects that were fed are held, not copied.
    chain: Chain<PyBackedBytes>,
    scratch: Vec<u8>,
}

#[pymethods]
impl Decoder {
    #[staticmethod]
    #[pyo3(signature = (value, /))]
    fn for_encoding(value: &str) -> PyResult<Option<Self>> {
        let chain = Chain::for_encoding(value).map_err(|failure| raised(&failure))?;
        Ok(chain.map(|chain| Self {
            chain,
            scratch: Vec::new(),
        }))
    }

    #[pyo3(signature = (data, /))]
    fn feed(&mut self, data: PyBackedBytes) {
        self.chain.feed(data);
    }

    #[pyo3(signature = (limit, /))]
    fn read<'py>(&mut self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
        let worth_detaching = limit >= DETACH_LIMIT && self.chain.held() >= DETACH_INPUT;
        let length = if worth_detaching {
            py.detach(|| self.fill(limit))
        } else {
            self.fill(limit)
        }
        .map_err(|failure| raised(&failure))?;
        let decoded = bytes_object(py, self.scratch.get(..length).unwrap_or_default());
        if self.scratch.len() > KEPT_SCRATCH {
            self.scratch = Vec::new();
        }
        decoded
    }

    fn finish(&self) -> PyResult<()> {
        self.chain.finish().map_err(|failure| raised(&failure))
    }
}

impl Decoder {
    /// Decode into `scratch`, which grows with what was produced, not with what was asked for.
    fn fill(&mut self, limit: usize) -> Result<usize, Failure> {
        let mut filled = 0;
        let mut end = FIRST_PIECE.max(self.scratch.len()).min(limit);
        loop {
            if self.scratch.len() < end {
                let missing = end - self.scratch.len();
                if self.scratch.try_reserve_exact(missing).is_err() {
                    self.scratch = Vec::new();
                    return Err(Failure::OutOfMemory);
                }
                self.scratch.resize(end, 0);
            }
            let room = self.scratch.get_mut(filled..end).unwrap_or_default();
            let wanted = room.len();
            let written = match self.chain.read(room) {
                Ok(written) => written,
                // The error is final: it is raised by the next read.
                Err(_) if filled > 0 => 0,
                Err(failure) => return Err(failure),
            };
            filled += written;
            if written < wanted || end == limit {
                return Ok(filled);
            }
            end = end.saturating_mul(2).min(limit);
        }
    }
}

fn raised(failure: &Failure) -> PyErr {
    match failure {
        Failure::OutOfMemory => PyMemoryError::new_err(failure.to_string()),
        _ => DecodeError::new_err(failure.to_string()),
    }
}
