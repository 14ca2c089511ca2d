//! What a pool is made of: its limits, its tokens, its books.

use std::collections::{BTreeMap, BTreeSet};

use super::host::Host;
use super::protocols::Protocols;

/// How many connections there may be, and for how long an idle one is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections in total, those being dialled included; `usize::MAX` for no limit.
    pub max_connections: usize,
    /// The same for one host.
    pub max_per_host: usize,
    /// Seconds that an idle connection is kept.
    pub keepalive: f64,
}

/// How a connection is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Not one that was kept, but a new one: for the retry after kept ones turned out to be dead.
    pub fresh: bool,
    /// The connection may turn out to be a shared one.
    pub may_share: bool,
}

/// A connection for one exchange.
#[derive(Debug)]
#[must_use]
pub struct Lease {
    pub(super) connection: u64,
}

impl Lease {
    /// The connection's number, for [`Pool::set_room`] and [`Pool::drain`].
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }
}

/// A slot in which to dial.
#[derive(Debug)]
#[must_use]
pub struct Permit<K> {
    pub(super) key: K,
    pub(super) may_share: bool,
}

/// A place in the queue.
#[derive(Debug)]
#[must_use]
pub struct Ticket {
    pub(super) number: u64,
}

impl Ticket {
    /// Who came earlier has a smaller number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// What an `acquire` got.
#[derive(Debug)]
#[must_use]
pub enum Outcome<K, C> {
    /// A connection that was kept, or that is shared.
    Use(Lease, C),
    /// A slot in which to dial.
    Dial(Permit<K>),
    /// Nothing: call [`Pool::enqueue`] in the same locked step.
    Wait,
    /// The pool is closed.
    Closed,
}

/// What is to be done after a step, outside the lock.
#[derive(Debug)]
#[must_use]
pub struct Freed<C, W> {
    /// Connections to close.
    pub closing: Vec<C>,
    /// Waiters to wake: their tickets were served, or the pool was closed.
    pub served: Vec<W>,
}

impl<C, W> Default for Freed<C, W> {
    fn default() -> Self {
        Self {
            closing: Vec::new(),
            served: Vec::new(),
        }
    }
}

impl<C, W> Freed<C, W> {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.closing.is_empty() && self.served.is_empty()
    }
}

/// A connection that exists.
pub(super) struct Connection<K, C> {
    pub(super) key: K,
    pub(super) handle: C,
    pub(super) room: usize,
    pub(super) leases: usize,
    /// Nobody joins any more; to be closed when the last lease ends.
    pub(super) draining: bool,
    pub(super) idle: Option<Idle>,
}

/// Since when nobody has used a connection.
#[derive(Clone, Copy)]
pub(super) struct Idle {
    pub(super) since: f64,
    /// Its place among all that are idle.
    pub(super) turn: u64,
}

/// The state of one pool.
///
/// Args of the type: `K` is what connections must match (origin, TLS configuration, proxy), `C` a connection's handle,
/// `W` what wakes a waiter. A step never drops the last handle or waiter: it returns it.
pub struct Pool<K, C, W> {
    pub(super) limits: Limits,
    pub(super) closed: bool,
    pub(super) open: usize,
    pub(super) hosts: BTreeMap<K, Host>,
    pub(super) connections: BTreeMap<u64, Connection<K, C>>,
    /// Turn to connection: the oldest first.
    pub(super) idle: BTreeMap<u64, u64>,
    /// The tickets of all hosts that are ready.
    pub(super) ready: BTreeSet<u64>,
    pub(super) waiting: BTreeMap<u64, Waiting<K, W>>,
    pub(super) protocols: Protocols<K>,
    /// Hosts that nothing was left of, since that was last asked.
    pub(super) unused: Vec<K>,
    /// Counts connections, tickets and turns.
    pub(super) next: u64,
    /// The latest time that a step was told.
    pub(super) latest: f64,
}

impl<K: Ord + Copy, C: Clone, W: Clone> Pool<K, C, W> {
    /// An empty pool.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            closed: false,
            open: 0,
            hosts: BTreeMap::new(),
            connections: BTreeMap::new(),
            idle: BTreeMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeMap::new(),
            protocols: Protocols::new(),
            unused: Vec::new(),
            next: 0,
            latest: 0.0,
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Set other limits; what exceeds them already is not closed.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether the pool was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Connections that count against the total: in use, idle, or being dialled.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Connections that wait to be used again.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Tickets that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
            .values()
            .filter(|waiting| waiting.waits())
            .count()
    }

    /// Hosts that something is remembered of: a claim, or who waits for one.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Whether anything is remembered of a key, its protocol included.
    #[must_use]
    pub fn knows(&self, key: &K) -> bool {
        self.hosts.contains_key(key) || self.protocols.shares(key).is_some()
    }

    /// The keys of which nothing is remembered any more, since this was last called.
    pub fn take_unused(&mut self) -> Vec<K> {
        let unused = std::mem::take(&mut self.unused);
        unused.into_iter().filter(|key| !self.knows(key)).collect()
    }

    pub(super) fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// One who has a ticket.
pub(super) struct Waiting<K, W> {
    pub key: K,
    pub wish: Wish,
    pub waiter: W,
    pub standing: Standing,
}

/// Where a ticket stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Held,
    Blocked,
    Ready,
    /// Served with a lease of this connection.
    Leased(u64),
    /// Served with a slot to dial in.
    Permitted,
    /// The pool was closed.
    Closed,
}

impl<K, W> Waiting<K, W> {
    pub(super) fn waits(&self) -> bool {
        matches!(
            self.standing,
            Standing::Held | Standing::Blocked | Standing::Ready
        )
    }
}

/// What a ticket was served with.
#[derive(Debug)]
#[must_use]
pub enum Grant<K, C> {
    Use(Lease, C),
    Dial(Permit<K>),
    Closed,
}
