//! The `envoi._core` extension module: one file per class that Python sees.

mod decoder;
mod errors;
mod headers;
mod machine;
mod url;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::register(module)?;
    module.add_class::<url::URL>()?;
    module.add_class::<decoder::Decoder>()
}
