//! The `Decoder` class.

use pyo3::prelude::*;

/// Content-Encoding undone in bounded steps.
#[pyclass(module = "envoi._core")]
pub struct Decoder;
