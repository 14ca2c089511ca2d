//! `Headers`.

mod input;
mod shared;

use envoi_proto::headers::{FieldKind, Headers as Fields};
use pyo3::Borrowed;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyDict, PyList, PyString, PyType};

use crate::errors::{InvalidHeaderError, invalid_header};
use crate::text::{bytes_object, latin1, name_bytes, new_name, new_value, shown_value};
use input::Collected;
pub use shared::Headers;

impl Headers {
    /// Fields that a caller gives in any of the ways that `Headers(…)` takes.
    pub fn read(items: &Bound<'_, PyAny>) -> PyResult<Fields> {
        let mut fields = Fields::new();
        Collected::read(items, false)?.fill(&mut fields);
        Ok(fields)
    }
}

#[pymethods]
impl Headers {
    #[new]
    #[pyo3(signature = (items=None, /))]
    fn new(items: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        items
            .map_or_else(|| Ok(Fields::new()), Self::read)
            .map(Self::from_fields)
    }

    fn __getitem__<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.lookup(name)?
            .ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))
    }

    fn __setitem__(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = new_name(name)?;
        if value.is_none() {
            self.lock().remove(&name); // as in requests: not to be sent
            return Ok(());
        }
        let value = new_value(&name, value)?;
        self.lock().set(&name, &value);
        Ok(())
    }

    fn __delitem__(&self, name: &Bound<'_, PyAny>) -> PyResult<()> {
        match name_bytes(name) {
            Some(bytes) if self.lock().remove(&bytes) => Ok(()),
            _ => Err(PyKeyError::new_err(name.clone().unbind())),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.names(py)?.try_iter()?.into_any())
    }

    fn __len__(&self) -> usize {
        self.lock().unique_names().count()
    }

    fn __bool__(&self) -> bool {
        !self.lock().is_empty()
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        name_bytes(name).is_some_and(|name| self.lock().contains(&name))
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if !other.is_instance_of::<Self>()
            && !other.is_instance(abstract_class(py, &MAPPING, "Mapping")?)?
        {
            return Ok(py.NotImplemented());
        }
        let equal = match Collected::read(other, false) {
            Ok(collected) => {
                let mut fields = Fields::new();
                collected.fill(&mut fields);
                slf.get().snapshot().is_equivalent(&fields)
            }
            Err(error) if error.is_instance_of::<InvalidHeaderError>(py) => false,
            Err(error) => return Err(error),
        };
        Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let fields = self.snapshot();
        let mut text = String::from("Headers([");
        for (index, field) in fields.iter().enumerate() {
            let pair = (
                latin1(py, field.name)?,
                shown_value(py, field.kind, field.value)?,
            )
                .into_pyobject(py)?;
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(&pair.repr()?.to_string_lossy());
        }
        text.push_str("])");
        Ok(text)
    }

    /// As a dictionary of joined values shows itself: what people print, and compare.
    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        let fields = self.snapshot();
        let shown = PyDict::new(py);
        for name in fields.unique_names() {
            let value = fields.joined(name).unwrap_or_default();
            shown.set_item(
                latin1(py, name)?,
                shown_value(py, FieldKind::of(name), &value)?,
            )?;
        }
        Ok(shown.repr()?.to_string_lossy().into_owned())
    }

    fn __copy__(&self) -> Self {
        Self::from_fields(self.snapshot())
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Self {
        self.__copy__()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, (Bound<'py, PyList>,))> {
        Ok((slf.get_type(), (slf.get().raw(slf.py())?,)))
    }

    /// A copy; changing either leaves the other alone.
    fn copy(&self) -> Self {
        self.__copy__()
    }

    /// The joined value, or `default`.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.lookup(key)?.or(default))
    }

    /// Every value of `name`, in order; an empty list when there is none.
    #[pyo3(signature = (name, /))]
    fn get_all<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = name.py();
        let Some(name) = name_bytes(name) else {
            return Ok(PyList::empty(py));
        };
        let values: PyResult<Vec<_>> = self
            .lock()
            .get_all(&name)
            .map(|value| latin1(py, value))
            .collect();
        PyList::new(py, values?)
    }

    /// Append a field, keeping those of the same name.
    #[pyo3(signature = (name, value, /))]
    fn add(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = new_name(name)?;
        let value = new_value(&name, value)?;
        self.lock().add(&name, &value);
        Ok(())
    }

    /// Every field in order, repeated names included.
    fn multi_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let fields = self.snapshot();
        let items: PyResult<Vec<_>> = fields
            .iter()
            .map(|field| Ok((latin1(py, field.name)?, latin1(py, field.value)?)))
            .collect();
        PyList::new(py, items?)
    }

    /// Each name once, in lower case, with its joined value.
    fn lower_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let fields = self.snapshot();
        let items: PyResult<Vec<_>> = fields
            .unique_names()
            .map(|name| {
                let value = fields.joined(name).unwrap_or_default();
                Ok((latin1(py, &name.to_ascii_lowercase())?, latin1(py, &value)?))
            })
            .collect();
        Ok(PyList::new(py, items?)?.try_iter()?.into_any())
    }

    /// Every field in order, as bytes.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let fields = self.snapshot();
        let items: PyResult<Vec<_>> = fields
            .iter()
            .map(|field| {
                Ok((
                    bytes_object(py, field.name)?,
                    bytes_object(py, field.value)?,
                ))
            })
            .collect();
        PyList::new(py, items?)
    }

    /// A number that changes with every mutation.
    #[getter]
    fn version(&self) -> u64 {
        self.lock().version()
    }

    /// Raise `InvalidHeaderError` when any field could not be sent.
    fn validate(&self) -> PyResult<()> {
        self.lock()
            .check()
            .map_err(|invalid| invalid_header(invalid.to_string()))
    }

    /// A copy in which each name in `other` replaces ours, and a name whose value is None is removed.
    #[pyo3(signature = (other, /))]
    fn merged(&self, other: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(other) = other else {
            return Ok(self.__copy__());
        };
        let collected = Collected::read(other, true)?;
        let mut fields = self.snapshot();
        collected.merge(&mut fields);
        Ok(Self::from_fields(fields))
    }

    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abstract_class(slf.py(), &KEYS_VIEW, "KeysView")?.call1((slf,))
    }

    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abstract_class(slf.py(), &VALUES_VIEW, "ValuesView")?.call1((slf,))
    }

    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abstract_class(slf.py(), &ITEMS_VIEW, "ItemsView")?.call1((slf,))
    }

    /// Remove a name and return its joined value, or `default`; `KeyError` without either.
    #[pyo3(signature = (key, default=Given(None)))]
    fn pop<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Given<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = name_bytes(key).and_then(|name| {
            let mut fields = self.lock();
            let value = fields.joined(&name)?.into_owned();
            fields.remove(&name);
            Some(value)
        });
        found
            .map(|value| latin1(key.py(), &value))
            .transpose()?
            .map(Bound::into_any)
            .or(default.0)
            .ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    }

    /// Remove the last name and return it with its joined value; `KeyError` when empty.
    fn popitem<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyString>)> {
        let mut fields = self.lock();
        let Some(name) = fields.unique_names().last().map(<[u8]>::to_vec) else {
            return Err(PyKeyError::new_err("popitem(): Headers is empty"));
        };
        let value = fields.joined(&name).unwrap_or_default().into_owned();
        fields.remove(&name);
        drop(fields);
        Ok((latin1(py, &name)?, latin1(py, &value)?))
    }

    /// The joined value; `default` is stored first when there is none.
    #[pyo3(signature = (key, default=None))]
    fn setdefault<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        if let Some(value) = self.lookup(key)? {
            return Ok(value);
        }
        let none = py.None().into_bound(py);
        let name = new_name(key)?;
        let value = new_value(&name, default.unwrap_or(&none))?;
        self.lock().set(&name, &value);
        Ok(latin1(py, &value)?.into_any())
    }

    /// Set every name of `other`, then those given by keyword.
    #[pyo3(signature = (other=None, /, **names))]
    fn update(
        &self,
        other: Option<&Bound<'_, PyAny>>,
        names: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let first = other
            .map(|other| Collected::read(other, true))
            .transpose()?;
        let second = names
            .map(|names| Collected::read(names, true))
            .transpose()?;
        let mut fields = self.lock();
        for collected in [first, second].into_iter().flatten() {
            collected.merge(&mut fields);
        }
        Ok(())
    }

    fn clear(&self) {
        self.lock().clear();
    }
}

/// An argument that may be left out, when None is a value like any other.
struct Given<'py>(Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = std::convert::Infallible;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Self(Some(argument.to_owned())))
    }
}

impl Headers {
    fn lookup<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(bytes) = name_bytes(name) else {
            return Ok(None);
        };
        let fields = self.lock();
        let Some(value) = fields.joined(&bytes) else {
            return Ok(None);
        };
        Ok(Some(if fields.is_binary(&bytes) {
            bytes_object(name.py(), &value)?.into_any()
        } else {
            latin1(name.py(), &value)?.into_any()
        }))
    }

    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let fields = self.snapshot();
        let names: PyResult<Vec<_>> = fields.unique_names().map(|name| latin1(py, name)).collect();
        PyList::new(py, names?)
    }
}

static MAPPING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static KEYS_VIEW: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static VALUES_VIEW: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ITEMS_VIEW: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn abstract_class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    cell.import(py, "collections.abc", name)
}

/// Let `isinstance(headers, MutableMapping)` be true.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<Headers>()?;
    py.import("collections.abc")?
        .getattr("MutableMapping")?
        .call_method1("register", (py.get_type::<Headers>(),))?;
    Ok(())
}
