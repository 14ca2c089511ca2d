//! What belongs to one key.

use std::collections::{BTreeMap, BTreeSet};

/// The books of one host. Tickets and connections are told by their numbers.
#[derive(Default)]
pub struct Host {
    /// Connections, permits, and tickets that are ready.
    pub claims: usize,
    /// Permits that are out whose connection may be shared.
    pub dialling: usize,
    /// Turn to connection: the warmest last.
    pub idle: BTreeMap<u64, u64>,
    /// Connections in use that have room for another lease.
    pub joinable: BTreeSet<u64>,
    /// Tickets that wait for the total limit alone.
    pub ready: BTreeSet<u64>,
    /// Tickets that wait for this host's limit.
    pub blocked: BTreeSet<u64>,
    /// Tickets that wait for a dial to tell its room.
    pub held: BTreeSet<u64>,
    /// Those among all these tickets whom a shared connection may serve.
    pub sharers: BTreeSet<u64>,
}

impl Host {
    /// Whether nothing is left to remember.
    pub fn is_unused(&self) -> bool {
        self.claims == 0 && self.blocked.is_empty() && self.held.is_empty()
    }
}
