//! The object behind `Headers`: fields that several threads may hold. What Python can do with it is in `headers`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use envoi_proto::headers::Headers as Fields;
use pyo3::prelude::*;

/// Header fields in order: case-insensitive, multi-valued, keeping the case as sent (RFC 9110, section 5).
///
/// `headers[name]` joins the values of repeated fields with ", "; `get_all` and `multi_items` keep them apart.
/// Values are `str` (characters up to U+00FF, one byte each) or `bytes`; anything else raises `InvalidHeaderError`.
/// Line breaks and other forbidden characters are accepted here, and refused by `validate` and before a byte is sent.
#[pyclass(frozen, module = "envoi._core")]
pub struct Headers {
    // Python code never runs while this is held, so that it cannot deadlock, and threads may share a session's headers.
    fields: Mutex<Fields>,
}

impl Headers {
    pub fn from_fields(fields: Fields) -> Self {
        Self {
            fields: Mutex::new(fields),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Fields> {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn snapshot(&self) -> Fields {
        self.lock().clone()
    }
}
