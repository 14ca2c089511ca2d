//! Giving back, and closing.

use super::state::{Connection, Freed, Lease, Permit, Pool, Standing};

impl<K: Ord + Copy, C: Clone, W: Clone> Pool<K, C, W> {
    /// Give a lease back. With its last lease, a connection goes to the next waiter, to the idle ones, or is closed.
    ///
    /// `now` is `None` when the connection is not to be used again: nobody joins it any more, and it is closed with its
    /// last lease.
    pub fn release(&mut self, lease: Lease, now: Option<f64>) -> Freed<C, W> {
        let mut freed = Freed::default();
        let number = lease.connection;
        let Some(connection) = self.connections.get_mut(&number) else {
            return freed;
        };
        connection.leases = connection.leases.saturating_sub(1);
        connection.draining |= now.is_none();
        let finished = self.closed || connection.draining || connection.room == 0;
        let shared = connection.room > 1;
        let (key, left) = (connection.key, connection.leases);
        match now {
            _ if left > 0 => self.fill(number, &mut freed),
            Some(now) if !finished => {
                self.tell(now);
                if shared {
                    self.note_room(number);
                }
                self.pass_on(number, &key, now, shared, &mut freed);
            }
            _ => {
                self.retire(number, &mut freed.closing);
                self.serve(&mut freed);
            }
        }
        freed
    }

    /// Give back a permit whose dialling failed: to the next who is held for that dial, else to who waits for a slot.
    pub fn failed(&mut self, permit: Permit<K>) -> Freed<C, W> {
        let mut freed = Freed::default();
        if permit.may_share
            && let Some(host) = self.hosts.get_mut(&permit.key)
        {
            host.dialling = host.dialling.saturating_sub(1);
            if host.dialling == 0
                && let Some(number) = host.held.pop_first()
            {
                host.sharers.remove(&number);
                host.dialling = 1;
                self.grant(number, Standing::Permitted, &mut freed);
                return freed;
            }
        }
        self.open = self.open.saturating_sub(1);
        self.unclaim(&permit.key);
        self.serve(&mut freed);
        freed
    }

    /// Let nothing in any more: idle connections are to be closed, waiters to be woken; those in use are closed when they
    /// come back.
    pub fn close(&mut self) -> Freed<C, W> {
        let mut freed = Freed::default();
        self.closed = true;
        while let Some((_, &number)) = self.idle.first_key_value() {
            self.retire(number, &mut freed.closing);
        }
        let waiting: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.waits())
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            self.withdraw(number);
            self.grant(number, Standing::Closed, &mut freed);
        }
        freed
    }

    /// Forget everything, and return the handles of the idle connections and of those in use: what a forked child does.
    pub fn clear(&mut self) -> (Vec<C>, Vec<C>) {
        self.open = 0;
        self.hosts.clear();
        self.idle.clear();
        self.ready.clear();
        self.waiting.clear();
        let connections = std::mem::take(&mut self.connections).into_values();
        let (idle, used): (Vec<_>, Vec<_>) =
            connections.partition(|connection| connection.idle.is_some());
        let handles = |found: Vec<Connection<K, C>>| {
            found
                .into_iter()
                .map(|connection| connection.handle)
                .collect()
        };
        (handles(idle), handles(used))
    }

    /// Find the next use of a connection that is in order and that nobody uses.
    fn pass_on(&mut self, number: u64, key: &K, now: f64, shared: bool, freed: &mut Freed<C, W>) {
        let host = self.hosts.get(key);
        let successor =
            host.and_then(|host| host.ready.first().or_else(|| host.blocked.first()).copied());
        let oldest = self.ready.first().copied();
        let Some(first) = successor.into_iter().chain(oldest).min() else {
            self.keep(number, now);
            return;
        };
        let fresh = |ticket| {
            self.waiting
                .get(ticket)
                .is_some_and(|waiting| waiting.wish.fresh)
        };
        if successor == Some(first) && !fresh(&first) {
            self.hand_over(first, number, freed);
            if shared {
                self.fill(number, freed);
            }
        } else {
            // Somebody has waited longer, for another host; or wants a new connection.
            self.retire(number, &mut freed.closing);
            self.serve(freed);
        }
    }
}
