//! Between Python's text and HTTP's bytes: field values are ISO-8859-1 as far as Python sees them (RFC 9110, section 5.5).

use std::borrow::Cow;

use envoi_proto::headers::{FieldKind, shown_name};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors::{InvalidMessage, invalid_header};

/// Bytes as a `str`, one character a byte. `MemoryError` where there is no memory, as for all that is made here: the network says
/// how much it is, and the plain constructors panic.
pub fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if bytes.is_ascii() {
        return PyString::from_bytes(py, bytes);
    }
    let mut text = String::new();
    text.try_reserve_exact(2 * bytes.len())
        .map_err(|_| out_of_memory())?;
    text.extend(bytes.iter().copied().map(char::from));
    PyString::from_bytes(py, text.as_bytes())
}

/// A `bytes` object.
pub fn bytes_object<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, bytes.len(), |place| {
        place.copy_from_slice(bytes);
        Ok(())
    })
}

/// What is raised when a buffer of ours cannot grow.
#[cold]
pub fn out_of_memory() -> PyErr {
    PyMemoryError::new_err("there is no memory left for what the peer sent")
}

/// A field name as bytes; None when it is no text that could be one.
pub fn name_bytes<'a>(name: &'a Bound<'_, PyAny>) -> Option<Cow<'a, [u8]>> {
    encode(name).ok()
}

/// A field name to store.
pub fn new_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    encode(name).map_err(|failure| match failure {
        Failure::Type => invalid_header(format!(
            "a header's name must be str or bytes, not {}",
            type_name(name)
        )),
        Failure::Character => invalid_header(format!(
            "header {name}: the name has a character that is not allowed in names"
        )),
    })
}

/// A field value to store, without the blanks behind it: they are no part of a value (RFC 9110, section 5.5). Those before it are
/// somebody's mistake, and stay to be refused.
pub fn new_value<'a>(name: &[u8], value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    encode(value)
        .map(without_trailing_blanks)
        .map_err(|failure| {
            let what = match failure {
                Failure::Type => format!("value must be str or bytes, not {}", type_name(value)),
                Failure::Character => {
                    "the value has a character above U+00FF: encode it to bytes first".to_owned()
                }
            };
            invalid_header(format!("header '{}': {what}", shown_name(name)))
        })
}

fn without_trailing_blanks(value: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    if value.first().is_some_and(is_blank) || !value.last().is_some_and(is_blank) {
        return value;
    }
    let length = value
        .iter()
        .rposition(|byte| !is_blank(byte))
        .map_or(0, |last| last + 1);
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..length).unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            bytes.truncate(length);
            Cow::Owned(bytes)
        }
    }
}

/// A reason phrase to store.
pub fn reason_bytes<'a>(reason: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    encode(reason).map_err(|failure| match failure {
        Failure::Type => InvalidMessage::new_err(format!(
            "a reason phrase must be str or bytes, not {}",
            type_name(reason)
        )),
        Failure::Character => {
            InvalidMessage::new_err("the reason phrase has a character above U+00FF")
        }
    })
}

/// A content coding in lower case; the common ones are made once.
pub fn coding_name<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let known = match value {
        b"gzip" => pyo3::intern!(py, "gzip"),
        b"br" => pyo3::intern!(py, "br"),
        b"zstd" => pyo3::intern!(py, "zstd"),
        b"deflate" => pyo3::intern!(py, "deflate"),
        _ => return latin1(py, &value.to_ascii_lowercase()),
    };
    Ok(known.clone())
}

/// The reason phrases that nearly every response has are made once.
pub fn reason_phrase<'py>(py: Python<'py>, reason: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let known = match reason {
        b"" => pyo3::intern!(py, ""),
        b"OK" => pyo3::intern!(py, "OK"),
        b"Created" => pyo3::intern!(py, "Created"),
        b"Accepted" => pyo3::intern!(py, "Accepted"),
        b"No Content" => pyo3::intern!(py, "No Content"),
        b"Partial Content" => pyo3::intern!(py, "Partial Content"),
        b"Moved Permanently" => pyo3::intern!(py, "Moved Permanently"),
        b"Found" => pyo3::intern!(py, "Found"),
        b"See Other" => pyo3::intern!(py, "See Other"),
        b"Not Modified" => pyo3::intern!(py, "Not Modified"),
        b"Bad Request" => pyo3::intern!(py, "Bad Request"),
        b"Unauthorized" => pyo3::intern!(py, "Unauthorized"),
        b"Forbidden" => pyo3::intern!(py, "Forbidden"),
        b"Not Found" => pyo3::intern!(py, "Not Found"),
        b"Too Many Requests" => pyo3::intern!(py, "Too Many Requests"),
        b"Internal Server Error" => pyo3::intern!(py, "Internal Server Error"),
        b"Bad Gateway" => pyo3::intern!(py, "Bad Gateway"),
        b"Service Unavailable" => pyo3::intern!(py, "Service Unavailable"),
        _ => return latin1(py, reason),
    };
    Ok(known.clone())
}

/// The shown value of a field: a credential is not.
pub fn shown_value<'py>(
    py: Python<'py>,
    kind: FieldKind,
    value: &[u8],
) -> PyResult<Bound<'py, PyString>> {
    if kind.is_secret() {
        Ok(pyo3::intern!(py, "[redacted]").clone())
    } else {
        latin1(py, value)
    }
}

enum Failure {
    Type,
    Character,
}

fn encode<'a>(text: &'a Bound<'_, PyAny>) -> Result<Cow<'a, [u8]>, Failure> {
    if let Ok(text) = text.cast::<PyString>() {
        // A lone surrogate has no UTF-8, and would not fit into a byte either.
        let text = text.to_str().map_err(|_| Failure::Character)?;
        if text.is_ascii() {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        return bytes.map(Cow::Owned).map_err(|_| Failure::Character);
    }
    if let Ok(bytes) = text.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes.as_bytes()));
    }
    Err(Failure::Type)
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .name()
        .map_or_else(|_| "?".to_owned(), |name| name.to_string())
}
