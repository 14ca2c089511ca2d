//! The `envoi._core` extension module: one file per class that Python sees.

mod body;
mod decoder;
mod errors;
mod head;
mod headers;
mod machine;
mod pool;
mod text;
mod url;

use pyo3::prelude::*;

// The core would be sound without the interpreter's lock, and the Python above it would not: a stream's roles are tested
// and set between two bytecodes (`_io/blocking_stream.py`). It has not been run on a free-threaded build either.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::register(module)?;
    headers::register(module)?;
    pool::register(module)?;
    module.add_class::<head::ResponseHead>()?;
    module.add_class::<machine::H1Machine>()?;
    module.add_class::<url::URL>()?;
    module.add_class::<decoder::Decoder>()
}
