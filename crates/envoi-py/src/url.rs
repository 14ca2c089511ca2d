//! The `URL` class.

use envoi_proto::url::{Url, UrlError};
use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PyString, PyTuple, PyType};

use crate::errors::URLError;

/// A parsed URL (RFC 3986) that keeps the caller's bytes: only what is illegal is percent-encoded.
///
/// Immutable and hashable; equal to URLs, and strings, of the same text. `str()` is the whole URL, `repr()` hides the password.
#[pyclass(frozen, weakref, module = "envoi._core")]
#[allow(clippy::upper_case_acronyms, reason = "the name that Python sees")]
pub struct URL {
    url: Url,
    /// The strings that each request asks for, made once.
    cache: Cache,
}

struct Cache {
    text: PyOnceLock<Py<PyString>>,
    scheme: PyOnceLock<Py<PyString>>,
    host: PyOnceLock<Py<PyString>>,
    port: PyOnceLock<Py<PyInt>>,
    path: PyOnceLock<Py<PyString>>,
    target: PyOnceLock<Py<PyString>>,
    authority: PyOnceLock<Py<PyString>>,
    origin: PyOnceLock<Py<PyString>>,
}

impl Cache {
    fn new() -> Self {
        Self {
            text: PyOnceLock::new(),
            scheme: PyOnceLock::new(),
            host: PyOnceLock::new(),
            port: PyOnceLock::new(),
            path: PyOnceLock::new(),
            target: PyOnceLock::new(),
            authority: PyOnceLock::new(),
            origin: PyOnceLock::new(),
        }
    }
}

impl From<Url> for URL {
    fn from(url: Url) -> Self {
        Self {
            url,
            cache: Cache::new(),
        }
    }
}

#[pymethods]
impl URL {
    #[new]
    #[pyo3(signature = (url, /))]
    fn new(url: &Bound<'_, PyString>) -> PyResult<Self> {
        parsed(Url::parse(text_of(url)?))
    }

    #[getter]
    fn scheme(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.scheme, py, || match self.url.scheme() {
            "https" => Ok(intern!(py, "https").clone()),
            "http" => Ok(intern!(py, "http").clone()),
            other => text_object(py, other),
        })
    }

    #[getter]
    fn username<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.url
            .username()
            .map(|text| text_object(py, text))
            .transpose()
    }

    #[getter]
    fn password<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.url
            .password()
            .map(|text| text_object(py, text))
            .transpose()
    }

    #[getter]
    fn has_userinfo(&self) -> bool {
        self.url.has_userinfo()
    }

    #[getter]
    fn host(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.host, py, || text_object(py, &self.url.host()))
    }

    #[getter]
    fn is_ip_literal(&self) -> bool {
        self.url.is_ip_literal()
    }

    #[getter]
    fn port(&self, py: Python<'_>) -> PyResult<Py<PyInt>> {
        once(&self.cache.port, py, || Ok(PyInt::new(py, self.url.port())))
    }

    #[getter]
    fn explicit_port(&self) -> Option<u16> {
        self.url.explicit_port()
    }

    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.path, py, || text_object(py, self.url.path()))
    }

    #[getter]
    fn query<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.url
            .query()
            .map(|text| text_object(py, text))
            .transpose()
    }

    #[getter]
    fn fragment<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.url
            .fragment()
            .map(|text| text_object(py, text))
            .transpose()
    }

    #[getter]
    fn target(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.target, py, || {
            text_object(py, self.url.target())
        })
    }

    #[getter]
    fn authority(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.authority, py, || {
            text_object(py, &self.url.authority())
        })
    }

    #[getter]
    fn origin(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.origin, py, || {
            text_object(py, &self.url.origin())
        })
    }

    #[pyo3(signature = (reference, /))]
    fn join(&self, reference: &Bound<'_, PyString>) -> PyResult<Self> {
        parsed(self.url.join(text_of(reference)?))
    }

    #[pyo3(signature = (query, /))]
    fn with_query(&self, query: Option<&Bound<'_, PyString>>) -> PyResult<Self> {
        parsed(self.url.with_query(query.map(text_of).transpose()?))
    }

    #[pyo3(signature = (query, /))]
    fn with_added_query(&self, query: &Bound<'_, PyString>) -> PyResult<Self> {
        parsed(self.url.with_added_query(text_of(query)?))
    }

    #[pyo3(signature = (fragment, /))]
    fn with_fragment(&self, fragment: Option<&Bound<'_, PyString>>) -> PyResult<Self> {
        parsed(self.url.with_fragment(fragment.map(text_of).transpose()?))
    }

    fn without_userinfo(&self) -> Self {
        self.url.without_userinfo().into()
    }

    fn __str__(&self, py: Python<'_>) -> PyResult<Py<PyString>> {
        once(&self.cache.text, py, || text_object(py, self.url.as_str()))
    }

    fn __repr__(&self) -> String {
        format!("URL({:?})", self.url.redacted())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.__str__(py)?.bind(py).hash()
    }

    fn __richcmp__(
        &self,
        other: &Bound<'_, PyAny>,
        operation: CompareOp,
        py: Python<'_>,
    ) -> PyResult<Py<PyAny>> {
        let same = if let Ok(other) = other.cast::<Self>() {
            self.url.as_str() == other.get().url.as_str()
        } else if let Ok(other) = other.cast::<PyString>() {
            other.to_str().is_ok_and(|other| self.url.as_str() == other)
        } else {
            return Ok(py.NotImplemented());
        };
        match operation {
            CompareOp::Eq => same.into_py_any(py),
            CompareOp::Ne => (!same).into_py_any(py),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let arguments = PyTuple::new(py, [self.__str__(py)?])?;
        Ok((py.get_type::<Self>(), arguments))
    }
}

fn once<'py, T>(
    cell: &PyOnceLock<Py<T>>,
    py: Python<'py>,
    make: impl FnOnce() -> PyResult<Bound<'py, T>>,
) -> PyResult<Py<T>> {
    cell.get_or_try_init(py, || Ok(make()?.unbind()))
        .map(|made| made.clone_ref(py))
}

/// A `str`; `MemoryError` where there is no memory for it: a server says how long its Location is.
fn text_object<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, text.as_bytes())
}

/// Lone surrogates cannot be written as UTF-8, so no URL has them.
fn text_of<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    text.to_str().map_err(|_| {
        URLError::new_err((
            "character",
            "The URL has a lone surrogate: it was decoded from bytes that are not UTF-8",
        ))
    })
}

fn parsed(result: Result<Url, UrlError>) -> PyResult<URL> {
    match result {
        Ok(url) => Ok(url.into()),
        Err(error) => Err(URLError::new_err((error.kind.as_str(), error.message))),
    }
}
