//! Numbers for keys, so that no `__hash__` and no `__eq__` runs while the state is locked.
//!
//! A key that is the very object that was seen before is found by its address: the table holds it, so that no other
//! object can have that address. Any other is hashed and compared outside the lock, against copies of the candidates.
//! A key is let go of with the last claim on its host, because it may hold a TLS context. Those that never had a claim, or
//! whose protocol was remembered for longer, are swept out each time the table has doubled.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::PyAny;

/// How many keys there may be before the first sweep.
const FEW: usize = 64;

pub struct Keys {
    entries: BTreeMap<u64, Entry>,
    by_address: BTreeMap<usize, u64>,
    by_hash: BTreeMap<isize, Vec<u64>>,
    next: u64,
    sweep_at: usize,
}

struct Entry {
    hash: isize,
    key: Py<PyAny>,
}

impl Keys {
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            by_address: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            next: 0,
            sweep_at: FEW,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn contains(&self, number: u64) -> bool {
        self.entries.contains_key(&number)
    }

    /// The number of this very object.
    pub fn find(&self, key: &Bound<'_, PyAny>) -> Option<u64> {
        self.by_address.get(&(key.as_ptr() as usize)).copied()
    }

    /// The keys that have a hash, with their numbers.
    pub fn candidates(&self, py: Python<'_>, hash: isize) -> Vec<(u64, Py<PyAny>)> {
        let numbers = self.by_hash.get(&hash).into_iter().flatten();
        numbers
            .filter_map(|number| {
                let entry = self.entries.get(number)?;
                Some((*number, entry.key.clone_ref(py)))
            })
            .collect()
    }

    /// Whether the keys that have a hash are still those that were compared.
    pub fn unchanged(&self, hash: isize, compared: &[(u64, Py<PyAny>)]) -> bool {
        let compared = compared.iter().map(|(number, _)| number);
        self.by_hash.get(&hash).into_iter().flatten().eq(compared)
    }

    /// Give a number to a key that has none.
    pub fn insert(&mut self, hash: isize, key: Py<PyAny>) -> u64 {
        self.next += 1;
        let number = self.next;
        self.by_address.insert(key.as_ptr() as usize, number);
        self.by_hash.entry(hash).or_default().push(number);
        self.entries.insert(number, Entry { hash, key });
        number
    }

    /// When the table has doubled, take out the keys that are not `known`: to be dropped outside the lock.
    pub fn sweep(&mut self, known: impl Fn(&u64) -> bool) -> Vec<Py<PyAny>> {
        if self.entries.len() < self.sweep_at {
            return Vec::new();
        }
        let unknown: Vec<u64> = self
            .entries
            .keys()
            .filter(|number| !known(number))
            .copied()
            .collect();
        let swept = unknown
            .into_iter()
            .filter_map(|number| self.remove(number))
            .collect();
        self.sweep_at = FEW.max(self.entries.len() * 2);
        swept
    }

    /// Take a key out, to be dropped outside the lock.
    pub fn remove(&mut self, number: u64) -> Option<Py<PyAny>> {
        let Entry { hash, key } = self.entries.remove(&number)?;
        self.by_address.remove(&(key.as_ptr() as usize));
        if let Some(numbers) = self.by_hash.get_mut(&hash) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_hash.remove(&hash);
            }
        }
        Some(key)
    }
}
