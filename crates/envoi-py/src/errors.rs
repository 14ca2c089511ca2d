//! The exceptions that the core raises. The Python layer turns them into the public ones of `envoi.exceptions`.

use envoi_proto::h1::Violation;
use pyo3::create_exception;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

create_exception!(
    envoi._core,
    ProtocolViolation,
    PyValueError,
    "The peer sent bytes that HTTP/1.1 does not allow."
);
create_exception!(
    envoi._core,
    IncompleteMessage,
    ProtocolViolation,
    "The peer closed the connection before its message ended."
);
create_exception!(
    envoi._core,
    IncompleteHead,
    IncompleteMessage,
    "The peer closed the connection inside its message's head."
);
create_exception!(
    envoi._core,
    FramingViolation,
    ProtocolViolation,
    "What a head says of its body's length contradicts itself, or means nothing."
);
create_exception!(
    envoi._core,
    MessageTooLarge,
    ProtocolViolation,
    "A head, a trailer section or a chunk header exceeds its limit."
);
create_exception!(
    envoi._core,
    InvalidMessage,
    PyValueError,
    "The caller asked to send something that HTTP/1.1 does not allow."
);
create_exception!(
    envoi._core,
    InvalidHeaderError,
    InvalidMessage,
    "A header name or value that cannot be sent."
);
create_exception!(
    envoi._core,
    InvalidMethodError,
    InvalidMessage,
    "A method that is not an HTTP token."
);
create_exception!(
    envoi._core,
    URLError,
    PyValueError,
    "A URL that cannot be used. `args` is `(kind, message)`."
);
create_exception!(
    envoi._core,
    DecodeError,
    PyValueError,
    "A content coding is corrupt, truncated or chained too deeply."
);

/// The exception for what a peer broke.
#[cold]
pub fn breach(violation: &Violation) -> PyErr {
    let message = violation.message().to_owned();
    match violation {
        Violation::Protocol(_) => ProtocolViolation::new_err(message),
        Violation::Incomplete(_) => IncompleteMessage::new_err(message),
        Violation::IncompleteHead(_) => IncompleteHead::new_err(message),
        Violation::Framing(_) => FramingViolation::new_err(message),
        Violation::TooLarge(_) => MessageTooLarge::new_err(message),
        Violation::OutOfMemory => PyMemoryError::new_err(message),
    }
}

/// The public kind of `InvalidHeaderError`: users meet it where they fill `Headers` themselves, with no code of ours in between.
static PUBLIC_INVALID_HEADER: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Have a subclass of `InvalidHeaderError` raised in its place. The first one counts.
#[pyfunction]
#[pyo3(signature = (kind, /))]
fn publish_invalid_header(kind: &Bound<'_, PyType>) {
    PUBLIC_INVALID_HEADER.get_or_init(kind.py(), || kind.clone().unbind());
}

/// The exception for a field that cannot be sent.
#[cold]
pub fn invalid_header(message: impl Into<String>) -> PyErr {
    let message = message.into();
    Python::attach(|py| match PUBLIC_INVALID_HEADER.get(py) {
        Some(kind) => PyErr::from_type(kind.bind(py).clone(), message),
        None => InvalidHeaderError::new_err(message),
    })
}

/// Put every exception into the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("ProtocolViolation", py.get_type::<ProtocolViolation>())?;
    module.add("IncompleteMessage", py.get_type::<IncompleteMessage>())?;
    module.add("IncompleteHead", py.get_type::<IncompleteHead>())?;
    module.add("FramingViolation", py.get_type::<FramingViolation>())?;
    module.add("MessageTooLarge", py.get_type::<MessageTooLarge>())?;
    module.add("InvalidMessage", py.get_type::<InvalidMessage>())?;
    module.add("InvalidHeaderError", py.get_type::<InvalidHeaderError>())?;
    module.add("InvalidMethodError", py.get_type::<InvalidMethodError>())?;
    module.add("URLError", py.get_type::<URLError>())?;
    module.add("DecodeError", py.get_type::<DecodeError>())?;
    module.add_function(wrap_pyfunction!(publish_invalid_header, module)?)
}
