//! The `URL` class.

use pyo3::prelude::*;

/// A parsed URL (RFC 3986) that keeps the caller's bytes.
#[pyclass(frozen, module = "envoi._core")]
pub struct URL;
