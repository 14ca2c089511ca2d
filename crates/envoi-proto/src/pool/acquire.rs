//! Asking for a connection, and the idle ones.

use super::state::{Idle, Lease, Outcome, Permit, Pool, Wish};

impl<K: Ord + Copy, C: Clone, W: Clone> Pool<K, C, W> {
    /// Ask for a connection: what it is, and connections to close.
    pub fn acquire(&mut self, key: K, now: f64, wish: Wish) -> (Outcome<K, C>, Vec<C>) {
        let mut closing = Vec::new();
        if self.closed {
            return (Outcome::Closed, closing);
        }
        self.tell(now);
        let found = if wish.fresh {
            None
        } else {
            self.reuse(&key, now, wish, &mut closing)
        };
        self.expire_into(now, &mut closing);
        let outcome = if let Some((lease, handle)) = found {
            Outcome::Use(lease, handle)
        } else if !self.must_hold(&key, wish) && self.open_slot(key, wish, &mut closing) {
            Outcome::Dial(Permit {
                key,
                may_share: wish.may_share,
            })
        } else {
            Outcome::Wait
        };
        (outcome, closing)
    }

    /// Idle connections whose time is over, to be closed.
    pub fn expire(&mut self, now: f64) -> Vec<C> {
        let mut closing = Vec::new();
        self.tell(now);
        self.expire_into(now, &mut closing);
        closing
    }

    /// Count another claim and another permit, if the limits allow: closing an idle connection if need be.
    pub(super) fn open_slot(&mut self, key: K, wish: Wish, closing: &mut Vec<C>) -> bool {
        let host = self.hosts.get(&key);
        let full = host.is_some_and(|host| host.claims >= self.limits.max_per_host);
        let own = host.and_then(|host| host.idle.first_key_value());
        if full || self.open >= self.limits.max_connections {
            // Only who wants a new connection finds idle ones of its own host here.
            let oldest = own.or_else(|| self.idle.first_key_value().filter(|_| !full));
            let Some((_, &connection)) = oldest else {
                return false;
            };
            self.retire(connection, closing);
        }
        let host = self.hosts.entry(key).or_default();
        host.claims += 1;
        host.dialling += usize::from(wish.may_share);
        self.open += 1;
        true
    }

    /// Put a connection that nobody uses among the idle ones.
    pub(super) fn keep(&mut self, number: u64, now: f64) {
        let turn = self.count();
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.idle = Some(Idle { since: now, turn });
            self.idle.insert(turn, number);
            if let Some(host) = self.hosts.get_mut(&connection.key) {
                host.idle.insert(turn, number);
            }
        }
    }

    /// Take a connection out of the books, to be closed; its claim goes to who waits for it.
    pub(super) fn retire(&mut self, number: u64, closing: &mut Vec<C>) {
        self.disturb(number);
        if let Some(connection) = self.connections.remove(&number) {
            if let Some(host) = self.hosts.get_mut(&connection.key) {
                host.joinable.remove(&number);
            }
            self.open = self.open.saturating_sub(1);
            self.unclaim(&connection.key);
            closing.push(connection.handle);
        }
    }

    /// Remember the time, for steps that are told none.
    pub(super) fn tell(&mut self, now: f64) {
        self.latest = self.latest.max(now);
    }

    /// A lease of a shared connection with room, else of the warmest idle one.
    fn reuse(&mut self, key: &K, now: f64, wish: Wish, closing: &mut Vec<C>) -> Option<(Lease, C)> {
        let host = self.hosts.get(key)?;
        if wish.may_share
            && let Some(&number) = host.joinable.first()
        {
            return self.lend(number);
        }
        let (_, &number) = host.idle.last_key_value()?;
        let since = self.connections.get(&number)?.idle?.since;
        if now - since <= self.limits.keepalive {
            self.disturb(number);
            return self.lend(number);
        }
        // The warmest has expired, hence all of this host's have: they are the oldest, and go with it.
        self.retire(number, closing);
        None
    }

    fn lend(&mut self, number: u64) -> Option<(Lease, C)> {
        let connection = self.connections.get_mut(&number)?;
        connection.leases += 1;
        let lease = Lease { connection: number };
        let handle = connection.handle.clone();
        if connection.room > 1 {
            self.note_room(number);
        }
        Some((lease, handle))
    }

    /// Take a connection from the idle ones, if it is one.
    fn disturb(&mut self, number: u64) {
        if let Some(connection) = self.connections.get_mut(&number)
            && let Some(idle) = connection.idle.take()
        {
            self.idle.remove(&idle.turn);
            if let Some(host) = self.hosts.get_mut(&connection.key) {
                host.idle.remove(&idle.turn);
            }
        }
    }

    fn expire_into(&mut self, now: f64, closing: &mut Vec<C>) {
        let limit = now - self.limits.keepalive;
        while let Some((_, &number)) = self.idle.first_key_value() {
            let idle = self
                .connections
                .get(&number)
                .and_then(|connection| connection.idle);
            if idle.is_some_and(|idle| idle.since >= limit) {
                return;
            }
            self.retire(number, closing);
        }
    }
}
