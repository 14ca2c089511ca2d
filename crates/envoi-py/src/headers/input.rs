//! Reading what a caller gives as headers: another `Headers`, a mapping, or pairs.

use envoi_proto::headers::Headers as Fields;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping};

use super::shared::Headers;
use crate::errors::invalid_header;
use crate::text::{new_name, new_value};

/// Fields read before any lock is taken: reading may run the caller's code.
pub struct Collected {
    fields: Fields,
    removed: Vec<Vec<u8>>,
    repeats: bool,
    keeps_bytes: bool,
}

impl Collected {
    /// Read `items`. With `removals`, a value of None stands for "remove this name", and one of bytes is remembered as such; without,
    /// None is refused.
    pub fn read(items: &Bound<'_, PyAny>, removals: bool) -> PyResult<Self> {
        if let Ok(headers) = items.cast::<Headers>() {
            return Ok(Self {
                fields: headers.get().snapshot(),
                removed: Vec::new(),
                repeats: true,
                keeps_bytes: false,
            });
        }
        let mut collected = Self {
            fields: Fields::new(),
            removed: Vec::new(),
            repeats: false,
            keeps_bytes: removals,
        };
        if let Ok(dictionary) = items.cast::<PyDict>() {
            for (name, value) in dictionary {
                collected.take(&name, &value, removals)?;
            }
        } else if let Ok(mapping) = items.cast::<PyMapping>() {
            for pair in mapping.items()? {
                let (name, value) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                collected.take(&name, &value, removals)?;
            }
        } else {
            collected.repeats = true;
            collected.take_pairs(items, removals)?;
        }
        Ok(collected)
    }

    /// Into an empty collection.
    pub fn fill(self, fields: &mut Fields) {
        *fields = self.fields;
    }

    /// Into a collection with fields: each name replaces the fields of that name.
    pub fn merge(self, fields: &mut Fields) {
        for name in &self.removed {
            fields.remove(name);
        }
        let empty = fields.is_empty();
        for (index, field) in self.fields.iter().enumerate() {
            let repeated = self.repeats && {
                let mut before = self.fields.iter().take(index);
                before.any(|other| other.name.eq_ignore_ascii_case(field.name))
            };
            if empty || repeated {
                fields.add(field.name, field.value);
            } else {
                fields.set(field.name, field.value);
            }
            if field.binary {
                fields.mark_binary(field.name);
            }
        }
    }

    fn take_pairs(&mut self, items: &Bound<'_, PyAny>, removals: bool) -> PyResult<()> {
        let malformed =
            || invalid_header("headers must be a mapping or an iterable of (name, value) pairs");
        for pair in items.try_iter().map_err(|_| malformed())? {
            let pair = pair?;
            let (name, value) = pair
                .extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
                .map_err(|_| malformed())?;
            self.take(&name, &value, removals)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        name: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        removals: bool,
    ) -> PyResult<()> {
        let name = new_name(name)?;
        if removals && value.is_none() {
            self.fields.remove(&name);
            self.removed.push(name.into_owned());
            return Ok(());
        }
        let given = value;
        let value = new_value(&name, given)?;
        if self.repeats {
            self.fields.add(&name, &value);
        } else {
            self.fields.set(&name, &value);
        }
        if self.keeps_bytes && given.is_instance_of::<PyBytes>() {
            self.fields.mark_binary(&name);
        }
        Ok(())
    }
}
