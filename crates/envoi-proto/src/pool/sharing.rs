//! What connections with room for several leases need.

use super::state::{Connection, Freed, Lease, Permit, Pool, Standing, Wish};

impl<K: Ord + Copy, C: Clone, W: Clone> Pool<K, C, W> {
    /// Turn a permit into a lease of the connection that was dialled, which has room for `room` leases: one over
    /// HTTP/1.1. More room serves those who wait for this host, in the order they came.
    pub fn dialled(&mut self, permit: Permit<K>, handle: C, room: usize) -> (Lease, Freed<C, W>) {
        let mut freed = Freed::default();
        let number = self.count();
        let Permit { key, may_share } = permit;
        self.connections.insert(
            number,
            Connection {
                key,
                handle,
                room,
                leases: 1,
                draining: false,
                idle: None,
            },
        );
        if may_share {
            if let Some(host) = self.hosts.get_mut(&key) {
                host.dialling = host.dialling.saturating_sub(1);
            }
            self.protocols.remember(key, room > 1);
        }
        if room > 1 {
            self.fill(number, &mut freed);
        }
        if may_share {
            self.settle_held(key, &mut freed);
        }
        (Lease { connection: number }, freed)
    }

    /// The peer allows another number of leases: perhaps fewer than there are, perhaps none. A connection that nobody
    /// uses and that allows none is closed.
    pub fn set_room(&mut self, connection: u64, room: usize) -> Freed<C, W> {
        let mut freed = Freed::default();
        let Some(found) = self.connections.get_mut(&connection) else {
            return freed;
        };
        found.room = room;
        if found.leases > 0 {
            self.fill(connection, &mut freed);
        } else if room == 0 {
            self.retire(connection, &mut freed.closing);
            self.serve(&mut freed);
        }
        freed
    }

    /// Nobody joins a connection any more, and it is closed with its last lease; at once when it has none.
    pub fn drain(&mut self, connection: u64) -> Freed<C, W> {
        let mut freed = Freed::default();
        let Some(found) = self.connections.get_mut(&connection) else {
            return freed;
        };
        found.draining = true;
        if found.leases > 0 {
            self.note_room(connection);
        } else {
            self.retire(connection, &mut freed.closing);
            self.serve(&mut freed);
        }
        freed
    }

    /// Whether who asks waits for a dial that is under way.
    pub(super) fn must_hold(&self, key: &K, wish: Wish) -> bool {
        wish.may_share
            && !wish.fresh
            && self.hosts.get(key).is_some_and(|host| host.dialling > 0)
            && self.protocols.shares(key) != Some(false)
    }

    /// Serve those who may share with what room a connection in use has.
    pub(super) fn fill(&mut self, number: u64, freed: &mut Freed<C, W>) {
        while let Some(connection) = self.connections.get(&number)
            && self.has_room(connection)
            && let Some(host) = self.hosts.get(&connection.key)
            && let Some(&ticket) = host.sharers.first()
        {
            self.hand_over(ticket, number, freed);
        }
        self.note_room(number);
        self.serve(freed);
    }

    /// Serve a ticket with a lease of a connection.
    pub(super) fn hand_over(&mut self, ticket: u64, number: u64, freed: &mut Freed<C, W>) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.leases += 1;
        }
        self.withdraw(ticket);
        self.grant(ticket, Standing::Leased(number), freed);
    }

    /// Write down whether a connection in use can be joined.
    pub(super) fn note_room(&mut self, number: u64) {
        if let Some(connection) = self.connections.get(&number) {
            let joinable = self.has_room(connection);
            if let Some(host) = self.hosts.get_mut(&connection.key) {
                if joinable {
                    host.joinable.insert(number);
                } else {
                    host.joinable.remove(&number);
                }
            }
        }
    }

    fn has_room(&self, connection: &Connection<K, C>) -> bool {
        let Connection { leases, room, .. } = connection;
        !self.closed && !connection.draining && *leases > 0 && leases < room
    }

    /// A dial has told its room: let those who were held for it dial themselves, or wait as others do.
    fn settle_held(&mut self, key: K, freed: &mut Freed<C, W>) {
        while let Some(host) = self.hosts.get(&key)
            && let Some(&number) = host.held.first()
            && let Some(waiting) = self.waiting.get(&number)
        {
            let wish = waiting.wish;
            if self.must_hold(&key, wish) {
                return;
            }
            self.withdraw(number);
            if self.open_slot(key, wish, &mut freed.closing) {
                self.grant(number, Standing::Permitted, freed);
            } else {
                self.stand_in_line(number, key, wish);
            }
        }
    }
}
