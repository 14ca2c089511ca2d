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
mod state;
mod waiting;

pub use state::{Freed, Grant, Lease, Limits, Outcome, Permit, Pool, Ticket, Wish};
