//! The queue: who stands in it, who is served next.

use super::host::Host;
use super::state::{Freed, Grant, Lease, Permit, Pool, Standing, Ticket, Waiting, Wish};

impl<K: Ord + Copy, C: Clone, W: Clone> Pool<K, C, W> {
    /// Queue up after `acquire` said [`Wait`](super::Outcome::Wait), in the same locked step.
    pub fn enqueue(&mut self, key: K, wish: Wish, waiter: W) -> Ticket {
        let number = self.count();
        self.waiting.insert(
            number,
            Waiting {
                key,
                wish,
                waiter,
                standing: Standing::Held,
            },
        );
        if self.must_hold(&key, wish) {
            let host = self.hosts.entry(key).or_default();
            host.held.insert(number);
            host.sharers.insert(number);
        } else {
            self.stand_in_line(number, key, wish);
        }
        Ticket { number }
    }

    /// Take what a ticket was served with; the ticket itself when it still waits.
    pub fn take(&mut self, ticket: Ticket) -> Result<Grant<K, C>, Ticket> {
        let standing = match self.waiting.get(&ticket.number) {
            Some(waiting) if waiting.waits() => return Err(ticket),
            Some(waiting) => waiting.standing,
            None => return Ok(Grant::Closed),
        };
        let Some(waiting) = self.waiting.remove(&ticket.number) else {
            return Ok(Grant::Closed);
        };
        Ok(match standing {
            Standing::Leased(connection) => match self.connections.get(&connection) {
                Some(found) => Grant::Use(Lease { connection }, found.handle.clone()),
                None => Grant::Closed,
            },
            Standing::Permitted => Grant::Dial(Permit {
                key: waiting.key,
                may_share: waiting.wish.may_share,
            }),
            _ => Grant::Closed,
        })
    }

    /// Leave the queue: the wait was cut short. What the ticket was served with meanwhile goes to the next.
    ///
    /// `now` is `None` where there is no clock to read: the latest time that the pool was told stands for it.
    pub fn leave(&mut self, ticket: Ticket, now: Option<f64>) -> Freed<C, W> {
        let Some(waiting) = self.waiting.get(&ticket.number) else {
            return Freed::default();
        };
        let (key, may_share) = (waiting.key, waiting.wish.may_share);
        let standing = waiting.standing;
        if waiting.waits() {
            self.withdraw(ticket.number);
        }
        self.waiting.remove(&ticket.number);
        match standing {
            Standing::Leased(connection) => {
                let now = now.unwrap_or(self.latest);
                self.release(Lease { connection }, Some(now))
            }
            Standing::Permitted => self.failed(Permit { key, may_share }),
            _ => Freed::default(),
        }
    }

    /// Put a ticket among its host's blocked ones, or among those who are ready.
    pub(super) fn stand_in_line(&mut self, number: u64, key: K, wish: Wish) {
        let host = self.hosts.entry(key).or_default();
        if wish.may_share && !wish.fresh {
            host.sharers.insert(number);
        }
        let standing = if host.claims >= self.limits.max_per_host {
            host.blocked.insert(number);
            Standing::Blocked
        } else {
            host.claims += 1;
            host.ready.insert(number);
            self.ready.insert(number);
            Standing::Ready
        };
        self.set_standing(number, standing);
    }

    /// Take a ticket that waits out of its line.
    pub(super) fn withdraw(&mut self, number: u64) {
        let Some(waiting) = self.waiting.get(&number) else {
            return;
        };
        let (key, standing) = (waiting.key, waiting.standing);
        let Some(host) = self.hosts.get_mut(&key) else {
            return;
        };
        host.sharers.remove(&number);
        match standing {
            Standing::Held => {
                host.held.remove(&number);
                self.forget_if_unused(&key);
            }
            Standing::Blocked => {
                host.blocked.remove(&number);
                self.forget_if_unused(&key);
            }
            Standing::Ready => {
                host.ready.remove(&number);
                self.ready.remove(&number);
                self.unclaim(&key);
            }
            _ => {}
        }
    }

    /// Serve a ticket that was withdrawn.
    pub(super) fn grant(&mut self, number: u64, standing: Standing, freed: &mut Freed<C, W>) {
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.standing = standing;
            freed.served.push(waiting.waiter.clone());
        }
    }

    /// Give free slots to those who have waited longest.
    pub(super) fn serve(&mut self, freed: &mut Freed<C, W>) {
        while self.open < self.limits.max_connections
            && let Some(number) = self.ready.pop_first()
        {
            let Some(waiting) = self.waiting.get(&number) else {
                continue;
            };
            let (key, wish) = (waiting.key, waiting.wish);
            self.open += 1;
            if let Some(host) = self.hosts.get_mut(&key) {
                host.ready.remove(&number); // its claim becomes the permit's
                host.sharers.remove(&number);
                host.dialling += usize::from(wish.may_share);
            }
            self.grant(number, Standing::Permitted, freed);
        }
    }

    /// Give up a claim on a host: to the first who is blocked, if there is one.
    pub(super) fn unclaim(&mut self, key: &K) {
        let Some(host) = self.hosts.get_mut(key) else {
            return;
        };
        host.claims = host.claims.saturating_sub(1);
        if host.claims < self.limits.max_per_host
            && let Some(number) = host.blocked.pop_first()
        {
            host.claims += 1;
            host.ready.insert(number);
            self.ready.insert(number);
            self.set_standing(number, Standing::Ready);
        } else {
            self.forget_if_unused(key);
        }
    }

    pub(super) fn forget_if_unused(&mut self, key: &K) {
        if self.hosts.get(key).is_some_and(Host::is_unused) {
            self.hosts.remove(key);
            self.unused.push(*key);
        }
    }

    fn set_standing(&mut self, number: u64, standing: Standing) {
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.standing = standing;
        }
    }
}
