//! Which keys are known to share their connections, or not to.

use std::collections::BTreeMap;

/// How many keys are remembered.
const MOST: usize = 256;

/// What the latest dial to each key found: those dialled last are remembered.
pub struct Protocols<K> {
    found: BTreeMap<K, (bool, u64)>,
    order: BTreeMap<u64, K>,
    next: u64,
}

impl<K: Ord + Copy> Protocols<K> {
    pub fn new() -> Self {
        Self {
            found: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }

    /// Whether connections of a key are shared; `None` when that is not known.
    pub fn shares(&self, key: &K) -> Option<bool> {
        self.found.get(key).map(|(shares, _)| *shares)
    }

    /// Remember what a dial found.
    pub fn remember(&mut self, key: K, shares: bool) {
        self.next += 1;
        if let Some((_, before)) = self.found.insert(key, (shares, self.next)) {
            self.order.remove(&before);
        }
        self.order.insert(self.next, key);
        if self.found.len() > MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.found.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Protocols};

    #[test]
    fn those_dialled_last_are_remembered() {
        let mut protocols = Protocols::new();
        for key in 0..MOST {
            protocols.remember(key, key % 2 == 0);
        }
        protocols.remember(0, true);
        protocols.remember(MOST, true);
        assert_eq!(protocols.shares(&0), Some(true));
        assert_eq!(protocols.shares(&1), None);
        assert_eq!(protocols.shares(&3), Some(false));
        assert_eq!(protocols.found.len(), MOST);
        assert_eq!(protocols.order.len(), MOST);
    }
}
