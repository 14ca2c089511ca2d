//! Header fields (RFC 9110, section 5): ordered, case-insensitive, multi-valued.
//!
//! All names and values lie in one byte buffer, and an index of spans points into it: a response's index points into the head
//! as received, and a copy costs two allocations however many fields there are.

mod syntax;

use std::borrow::Cow;

use syntax::problem;
pub use syntax::{FieldKind, InvalidField, is_token, shown_name};
pub(crate) use syntax::{check_field, is_sendable};

/// Below this many bytes of replaced fields, moving the rest together is not worth its cost.
const COMPACT_ABOVE: usize = 1024;

/// One field: its name as sent, its value, and what the name means to HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    pub kind: FieldKind,
    /// Whether whoever set it gave bytes, and wants bytes back.
    pub binary: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }

    fn len(self) -> usize {
        self.end - self.start
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub name: Span,
    pub value: Span,
    pub kind: FieldKind,
    /// Worked out when the field comes in, so that sending the same set again and again checks nothing twice.
    pub sendable: bool,
    pub binary: bool,
}

/// An ordered collection of header fields.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    unused: usize,
    version: u64,
}

impl Headers {
    pub fn new() -> Self {
        Self::default()
    }

    /// Room for `fields` fields whose names and values have `bytes` bytes in all.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            entries: Vec::with_capacity(fields),
            ..Self::default()
        }
    }

    pub(crate) fn from_parts(bytes: Vec<u8>, entries: Vec<Entry>) -> Self {
        let used: usize = entries
            .iter()
            .map(|entry| entry.name.len() + entry.value.len())
            .sum();
        let unused = bytes.len().saturating_sub(used);
        Self {
            bytes,
            entries,
            unused,
            version: 0,
        }
    }

    /// How many fields there are, repeated names counted each time.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A number that changes with every mutation.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.entries.iter().map(|entry| self.field(entry))
    }

    /// Each name once, in order of its first field and in that field's case.
    pub fn unique_names(&self) -> impl Iterator<Item = &[u8]> {
        self.entries
            .iter()
            .enumerate()
            .filter(|(index, entry)| {
                let name = entry.name.of(&self.bytes);
                !self
                    .entries
                    .iter()
                    .take(*index)
                    .any(|e| self.is_named(e, name))
            })
            .map(|(_, entry)| entry.name.of(&self.bytes))
    }

    /// The values of all fields called `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.entries
            .iter()
            .filter(move |entry| self.is_named(entry, name))
            .map(|entry| entry.value.of(&self.bytes))
    }

    /// The values of all fields called `name`, joined with `", "` (RFC 9110, section 5.3).
    pub fn joined(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let named = self
            .entries
            .iter()
            .filter(|entry| self.is_named(entry, name));
        join(named.map(|entry| entry.value.of(&self.bytes)))
    }

    /// The values of all fields of this kind, joined with `", "`.
    pub fn joined_kind(&self, kind: FieldKind) -> Option<Cow<'_, [u8]>> {
        join(
            self.iter()
                .filter(|field| field.kind == kind)
                .map(|field| field.value),
        )
    }

    /// The first value of this kind.
    pub fn first_of_kind(&self, kind: FieldKind) -> Option<&[u8]> {
        self.iter()
            .find(|field| field.kind == kind)
            .map(|field| field.value)
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        self.entries.iter().any(|entry| self.is_named(entry, name))
    }

    /// Append a field, whatever others have its name.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let entry = self.store(name, value);
        self.entries.push(entry);
        self.version += 1;
    }

    /// Let the last field that was set or added under `name` be given out as bytes.
    pub fn mark_binary(&mut self, name: &[u8]) {
        if let Some(position) = self
            .entries
            .iter()
            .rposition(|entry| self.is_named(entry, name))
            && let Some(entry) = self.entries.get_mut(position)
        {
            entry.binary = true;
        }
    }

    /// Whether there is one field called `name`, and it was given as bytes.
    pub fn is_binary(&self, name: &[u8]) -> bool {
        let mut named = self
            .entries
            .iter()
            .filter(|entry| self.is_named(entry, name));
        named.next().is_some_and(|entry| entry.binary) && named.next().is_none()
    }

    /// Replace the first field called `name` in its place, and remove the others; append it when there is none.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let Some(position) = self.position(name) else {
            return self.add(name, value);
        };
        let fresh = self.store(name, value);
        let Self {
            bytes,
            entries,
            unused,
            ..
        } = self;
        if let Some(entry) = entries.get_mut(position) {
            *unused += entry.name.len() + entry.value.len();
            *entry = fresh;
        }
        let mut index = 0;
        entries.retain(|entry| {
            index += 1;
            let keep = index <= position + 1 || !entry.name.of(bytes).eq_ignore_ascii_case(name);
            if !keep {
                *unused += entry.name.len() + entry.value.len();
            }
            keep
        });
        self.version += 1;
        self.compact();
    }

    /// Remove every field called `name`; false when there was none.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.entries.len();
        let Self {
            bytes,
            entries,
            unused,
            ..
        } = self;
        entries.retain(|entry| {
            let keep = !entry.name.of(bytes).eq_ignore_ascii_case(name);
            if !keep {
                *unused += entry.name.len() + entry.value.len();
            }
            keep
        });
        let removed = self.entries.len() != before;
        if removed {
            self.version += 1;
            self.compact();
        }
        removed
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.unused = 0;
        self.version += 1;
    }

    /// Whether every field may be sent; the error tells of the first that may not.
    pub fn check(&self) -> Result<(), InvalidField> {
        match self.entries.iter().find(|entry| !entry.sendable) {
            None => Ok(()),
            Some(entry) => Err(problem(
                entry.name.of(&self.bytes),
                entry.value.of(&self.bytes),
            )),
        }
    }

    /// Whether both have the same names with the same joined values: case and the order among names do not count.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.unique_names()
            .all(|name| self.joined(name) == other.joined(name))
            && other.unique_names().all(|name| self.contains(name))
    }

    /// How many bytes names and values have in all.
    pub fn total_bytes(&self) -> usize {
        self.bytes.len().saturating_sub(self.unused)
    }

    /// Other parts of the bytes that a head's fields were indexed in; only for one that has not been changed.
    pub(crate) fn slice(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    fn field(&self, entry: &Entry) -> Field<'_> {
        Field {
            name: entry.name.of(&self.bytes),
            value: entry.value.of(&self.bytes),
            kind: entry.kind,
            binary: entry.binary,
        }
    }

    fn is_named(&self, entry: &Entry, name: &[u8]) -> bool {
        entry.name.len() == name.len() && entry.name.of(&self.bytes).eq_ignore_ascii_case(name)
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| self.is_named(entry, name))
    }

    fn store(&mut self, name: &[u8], value: &[u8]) -> Entry {
        let start = self.bytes.len();
        let middle = start + name.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        Entry {
            name: Span { start, end: middle },
            value: Span {
                start: middle,
                end: middle + value.len(),
            },
            kind: FieldKind::of(name),
            sendable: is_sendable(name, value),
            binary: false,
        }
    }

    /// Replaced fields leave holes: without this, a value set in a loop would grow the buffer without end.
    fn compact(&mut self) {
        if self.unused < COMPACT_ABOVE || self.unused * 2 < self.bytes.len() {
            return;
        }
        let old = std::mem::take(&mut self.bytes);
        let mut bytes = Vec::with_capacity(old.len().saturating_sub(self.unused));
        let mut relocate = |span: Span| {
            let start = bytes.len();
            bytes.extend_from_slice(span.of(&old));
            Span {
                start,
                end: bytes.len(),
            }
        };
        for entry in &mut self.entries {
            entry.name = relocate(entry.name);
            entry.value = relocate(entry.value);
        }
        self.bytes = bytes;
        self.unused = 0;
    }
}

fn join<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    let mut joined = Cow::Borrowed(values.next()?);
    for value in values {
        let whole = joined.to_mut();
        whole.extend_from_slice(b", ");
        whole.extend_from_slice(value);
    }
    Some(joined)
}
