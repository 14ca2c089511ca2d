//! `ResponseHead`.

use envoi_proto::h1::{Head, InvalidHead, Version};
use envoi_proto::headers::FieldKind;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PyString, PyTuple};

use crate::errors::{InvalidMessage, breach, invalid_header};
use crate::headers::Headers;
use crate::text::{coding_name, latin1, reason_bytes, reason_phrase};

/// One response head. The header fields stay in the core until asked for.
#[pyclass(frozen, module = "envoi._core")]
pub struct ResponseHead {
    head: Head,
    headers: PyOnceLock<Py<Headers>>,
}

impl ResponseHead {
    pub fn new(head: Head) -> Self {
        Self {
            head,
            headers: PyOnceLock::new(),
        }
    }
}

#[pymethods]
impl ResponseHead {
    /// A head made of parts, equal to the one that `H1Machine` parses from their bytes (RFC 9112, sections 4 and 5).
    #[staticmethod]
    fn of(
        status: &Bound<'_, PyInt>,
        reason: &Bound<'_, PyAny>,
        version: &str,
        fields: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let version = match version {
            "HTTP/1.0" => Version::Http10,
            "HTTP/1.1" => Version::Http11,
            _ => {
                return Err(InvalidMessage::new_err(
                    "the version is neither HTTP/1.0 nor HTTP/1.1",
                ));
            }
        };
        // A number that does not fit is no status code, as 0 is none.
        let status = status.extract().unwrap_or_default();
        let reason = reason_bytes(reason)?;
        let fields = Headers::read(fields)?;
        Head::of(status, &reason, version, &fields)
            .map(Self::new)
            .map_err(|invalid| refusal(&invalid))
    }

    #[getter]
    fn status(&self) -> u16 {
        self.head.status
    }

    /// The reason phrase as sent, often empty.
    #[getter]
    fn reason<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        reason_phrase(py, self.head.reason())
    }

    /// "HTTP/1.0" or "HTTP/1.1".
    #[getter]
    fn http_version<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let text = match self.head.version {
            Version::Http10 => pyo3::intern!(py, "HTTP/1.0"),
            Version::Http11 => pyo3::intern!(py, "HTTP/1.1"),
        };
        text.clone()
    }

    /// The header fields: the same object each time.
    #[getter]
    fn headers(&self, py: Python<'_>) -> PyResult<Py<Headers>> {
        self.headers
            .get_or_try_init(py, || {
                Py::new(py, Headers::from_fields(self.head.headers().clone()))
            })
            .map(|headers| headers.clone_ref(py))
    }

    /// The declared Content-Length, whatever the framing makes of it.
    #[getter]
    fn content_length(&self) -> Option<u64> {
        self.head.content_length
    }

    /// The joined Content-Encoding value in lower case, or None.
    #[getter]
    fn content_encoding<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.head
            .headers()
            .joined_kind(FieldKind::ContentEncoding)
            .map(|value| coding_name(py, &value))
            .transpose()
    }

    /// The first Location value, or None.
    #[getter]
    fn location<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.head
            .location()
            .map(|value| latin1(py, value))
            .transpose()
    }

    /// The first Keep-Alive value, or None.
    #[getter]
    fn keep_alive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.head
            .headers()
            .first_of_kind(FieldKind::KeepAlive)
            .map(|value| latin1(py, value))
            .transpose()
    }

    /// Whether there is a Set-Cookie field.
    #[getter]
    fn sets_cookies(&self) -> bool {
        self.head.sets_cookies
    }

    /// Whether there are several Location fields, and they differ.
    #[getter]
    fn location_is_ambiguous(&self) -> bool {
        self.head.location_is_ambiguous()
    }

    /// What was mended of it, each in a few words.
    #[getter]
    fn repaired<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.head.repairs.names().collect::<Vec<_>>())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "<ResponseHead {} {}>",
            self.head.status,
            self.reason(py)?
        ))
    }
}

#[cold]
fn refusal(invalid: &InvalidHead) -> PyErr {
    match invalid {
        InvalidHead::Message(text) => InvalidMessage::new_err(*text),
        InvalidHead::Field(field) => invalid_header(field.to_string()),
        InvalidHead::Framing(violation) => breach(violation),
    }
}
