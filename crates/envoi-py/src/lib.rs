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

// No state is shared but what is behind a lock, immutable, or checked by PyO3's borrow flags: sound without the GIL.
#[pymodule(gil_used = false)]
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
