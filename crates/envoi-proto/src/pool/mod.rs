//! Which connection serves which request: the pool's decisions, without its I/O.
//!
//! # Steps
//!
//! Every method is one synchronous step that the caller takes under its lock. A step decides, changes the state, and
//! *returns* what is to be done outside the lock: connections to close, waiters to wake ([`Freed`]). Time is an
//! argument. No step scans: each costs O(log n) in the number of connections, hosts and waiters.
//!
//! # Claims
//!
//! What a step gives out is a token that is neither `Clone` nor `Copy`, and that exactly one later step takes back:
//!
//! | token      | it is                                   | given back by                                      |
//! |------------|-----------------------------------------|----------------------------------------------------|
//! | [`Permit`] | a slot in which to dial                 | [`Pool::dialled`] or [`Pool::failed`]              |
//! | [`Lease`]  | a connection for one exchange           | [`Pool::release`]                                  |
//! | [`Ticket`] | a place in the queue                    | [`Pool::take`] once it was served, [`Pool::leave`] |
//!
//! # Limits
//!
//! `open` counts the connections (leased, idle) and the permits; it never exceeds `max_connections`. A *claim* on a
//! host is a connection to it, a permit, or a waiter that waits for the total limit alone. A host never has more claims
//! than `max_per_host`. So a waiter is
//!
//! - *ready* when its host has a claim for it: only the total limit stands in its way. A freed slot goes to the ready
//!   waiter who has waited longest, whichever host it wants.
//! - *blocked* when its host has no claim left. The blocked waiters of a host become ready in the order they came.
//! - *held* when a dial is under way whose connection it may share (below). It has no claim.
//!
//! Invariants between two steps, for a pool that is not closed: where a waiter is ready, the pool is full and nothing is
//! idle; where a waiter is blocked, its host is full and has nothing idle; where one is held, a permit for its host is
//! out; where one may share, no connection of its host has room.
//!
//! # Idle connections
//!
//! The warmest connection of a host is used first. What was idle for longer than `keepalive` is closed by any `acquire`.
//! A full pool closes the connection that was idle for longest, whichever host it leads to.
//!
//! # Shared connections
//!
//! A connection has *room* for a number of leases at a time: one over HTTP/1.1, many over HTTP/2. It is one claim, however
//! many leases it has. Who asks with `may_share` *joins* a connection of its host that is in use and has room. Where no
//! such connection exists but a dial is under way, it is held until that dial tells its room, unless the host is known
//! not to share: dialling is then *single-flight*. A dial that failed passes its permit to the next who is held.
//! `may_share` belongs to the key: all who ask for a key say the same. Where nobody says it, none of this costs anything.

#![allow(clippy::needless_pass_by_value)] // a token is used up by the step that takes it back

mod acquire;
mod host;
mod protocols;
mod release;
mod sharing;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use host::Host;
use protocols::Protocols;
pub use waiting::Grant;
use waiting::Waiting;

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
    connection: u64,
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
    key: K,
    may_share: bool,
}

/// A place in the queue.
#[derive(Debug)]
#[must_use]
pub struct Ticket {
    number: u64,
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
struct Connection<K, C> {
    key: K,
    handle: C,
    room: usize,
    leases: usize,
    /// Nobody joins any more; to be closed when the last lease ends.
    draining: bool,
    idle: Option<Idle>,
}

/// Since when nobody has used a connection.
#[derive(Clone, Copy)]
struct Idle {
    since: f64,
    /// Its place among all that are idle.
    turn: u64,
}

/// The state of one pool.
///
/// Args of the type: `K` is what connections must match (origin, TLS configuration, proxy), `C` a connection's handle,
/// `W` what wakes a waiter. A step never drops the last handle or waiter: it returns it.
pub struct Pool<K, C, W> {
    limits: Limits,
    closed: bool,
    open: usize,
    hosts: BTreeMap<K, Host>,
    connections: BTreeMap<u64, Connection<K, C>>,
    /// Turn to connection: the oldest first.
    idle: BTreeMap<u64, u64>,
    /// The tickets of all hosts that are ready.
    ready: BTreeSet<u64>,
    waiting: BTreeMap<u64, Waiting<K, W>>,
    protocols: Protocols<K>,
    /// Counts connections, tickets and turns.
    next: u64,
    /// The latest time that a step was told.
    latest: f64,
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

    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
