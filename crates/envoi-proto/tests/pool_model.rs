//! The pool under random operations: what it may promise is checked after each step by scanning lists.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::{BTreeMap, BTreeSet};

use envoi_proto::pool::{Freed, Grant, Lease, Limits, Outcome, Permit, Pool, Ticket, Wish};
use proptest::prelude::*;

type Key = u8;

/// A host whose connections are shared, one whose are not though they might be, and one that never asks.
fn may_share(key: Key) -> bool {
    key < 2
}

#[derive(Clone, Debug)]
enum Op {
    Acquire { key: Key, fresh: bool },
    Dialled { which: usize, room: usize },
    Failed(usize),
    Release { which: usize, reusable: bool },
    Leave(usize),
    Room { which: usize, room: usize },
    Drain(usize),
    Later(u8),
    Expire,
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0usize..64;
    let room = prop_oneof![Just(1usize), Just(2), Just(3), Just(100)];
    prop_oneof![
        6 => (0u8..3, prop::bool::weighted(0.15)).prop_map(|(key, fresh)| Op::Acquire { key, fresh }),
        4 => (which.clone(), room).prop_map(|(which, room)| Op::Dialled { which, room }),
        1 => which.clone().prop_map(Op::Failed),
        4 => (which.clone(), prop::bool::weighted(0.8)).prop_map(|(which, reusable)| Op::Release { which, reusable }),
        2 => which.clone().prop_map(Op::Leave),
        1 => (which.clone(), 0usize..4).prop_map(|(which, room)| Op::Room { which, room }),
        1 => which.prop_map(Op::Drain),
        1 => (0u8..30).prop_map(Op::Later),
        1 => Just(Op::Expire),
    ]
}

/// What is known of a connection by looking on from outside.
struct Seen {
    key: Key,
    room: usize,
    leases: usize,
    draining: bool,
}

struct Waits {
    key: Key,
    fresh: bool,
    ticket: Ticket,
}

/// A naive account of the pool: lists, scanned.
struct Model {
    pool: Pool<Key, u32, u32>,
    limits: Limits,
    now: f64,
    connections: BTreeMap<u32, Seen>,
    permits: Vec<(Key, Permit<Key>)>,
    leases: Vec<(u32, Lease)>,
    /// By waiter: those who wait and those who were served.
    waits: BTreeMap<u32, Waits>,
    known: BTreeMap<Key, bool>,
    next: u32,
}

impl Model {
    fn new(limits: Limits) -> Self {
        Self {
            pool: Pool::new(limits),
            limits,
            now: 0.0,
            connections: BTreeMap::new(),
            permits: Vec::new(),
            leases: Vec::new(),
            waits: BTreeMap::new(),
            known: BTreeMap::new(),
            next: 0,
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn dialling(&self, key: Key) -> usize {
        let permits = self.permits.iter();
        permits.filter(|(other, _)| *other == key).count()
    }

    fn close(&mut self, closing: Vec<u32>) {
        for handle in closing {
            let seen = self.connections.remove(&handle).expect("closed twice");
            assert_eq!(seen.leases, 0, "closed while in use");
        }
    }

    /// Account for what a step did. Some of those who are served leave at that very moment.
    fn settle(&mut self, freed: Freed<u32, u32>) {
        self.close(freed.closing);
        let mut left = Vec::new();
        for waiter in freed.served {
            if waiter % 3 == 0 {
                left.push(self.waits.remove(&waiter).unwrap().ticket);
            } else {
                self.take(waiter);
            }
        }
        for ticket in left {
            let freed = self.pool.leave(ticket, Some(self.now));
            self.settle(freed);
        }
    }

    fn take(&mut self, waiter: u32) {
        let Waits { key, fresh, ticket } = self.waits.remove(&waiter).unwrap();
        let before_it = self.waits.range(..waiter);
        let before_it = before_it
            .filter(|(_, one)| one.key == key && !one.fresh)
            .count();
        match self.pool.take(ticket).expect("it was woken") {
            Grant::Use(lease, handle) => {
                let seen = self.connections.get_mut(&handle).expect("it is open");
                assert_eq!(seen.key, key);
                seen.leases += 1;
                assert_eq!(before_it, 0, "in the order they came");
                assert!(!fresh);
                self.leases.push((handle, lease));
            }
            Grant::Dial(permit) => self.permits.push((key, permit)),
            Grant::Closed => panic!("the pool is open"),
        }
    }

    fn acquire(&mut self, key: Key, fresh: bool) {
        let wish = Wish {
            fresh,
            may_share: may_share(key),
        };
        let joinable = self.connections.values().any(|one| {
            may_share(key)
                && one.key == key
                && !one.draining
                && one.leases > 0
                && one.leases < one.room
        });
        let dialling = self.dialling(key);
        let full = self.pool.open() >= self.limits.max_connections && self.pool.idle() == 0;
        let (outcome, closing) = self.pool.acquire(key, self.now, wish);
        match outcome {
            Outcome::Use(lease, handle) => {
                assert!(!fresh);
                let seen = self.connections.get_mut(&handle).unwrap();
                assert!(seen.key == key && !seen.draining && seen.leases < seen.room);
                assert_eq!(seen.leases > 0, joinable);
                seen.leases += 1;
                self.leases.push((handle, lease));
            }
            Outcome::Dial(permit) => {
                assert!(fresh || !joinable);
                let single = may_share(key) && self.known.get(&key) != Some(&false);
                assert!(
                    fresh || !single || dialling == 0,
                    "dialling is single-flight"
                );
                self.permits.push((key, permit));
            }
            Outcome::Wait => {
                assert!(fresh || !joinable);
                let host = self
                    .connections
                    .values()
                    .filter(|one| one.key == key)
                    .count();
                let claimed =
                    host + dialling + self.waits.iter().filter(|(_, one)| one.key == key).count();
                assert!(full || dialling > 0 || claimed >= self.limits.max_per_host);
                let waiter = self.number();
                let ticket = self.pool.enqueue(key, wish, waiter);
                let waits = Waits { key, fresh, ticket };
                self.waits.insert(waiter, waits);
            }
            Outcome::Closed => panic!("the pool is open"),
        }
        self.close(closing);
    }

    fn release(&mut self, which: usize, reusable: bool) {
        let (handle, lease) = self.leases.swap_remove(which);
        let seen = self.connections.get_mut(&handle).unwrap();
        seen.leases -= 1;
        seen.draining |= !reusable;
        let last = seen.leases == 0;
        let over = seen.draining || seen.room == 0;
        let freed = self.pool.release(lease, reusable.then_some(self.now));
        assert!(freed.closing.is_empty() || freed.closing == [handle] && last);
        assert!(!(last && over) || freed.closing == [handle]);
        self.settle(freed);
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Acquire { key, fresh } => self.acquire(key, fresh),
            Op::Dialled { which, room } if !self.permits.is_empty() => {
                let which = which % self.permits.len();
                let (key, permit) = self.permits.swap_remove(which);
                let room = if key == 0 { room } else { 1 };
                let handle = self.number();
                let seen = Seen {
                    key,
                    room,
                    leases: 1,
                    draining: false,
                };
                self.connections.insert(handle, seen);
                if may_share(key) {
                    self.known.insert(key, room > 1);
                }
                let (lease, freed) = self.pool.dialled(permit, handle, room);
                self.leases.push((handle, lease));
                self.settle(freed);
            }
            Op::Failed(which) if !self.permits.is_empty() => {
                let which = which % self.permits.len();
                let (_, permit) = self.permits.swap_remove(which);
                let freed = self.pool.failed(permit);
                self.settle(freed);
            }
            Op::Release { which, reusable } if !self.leases.is_empty() => {
                self.release(which % self.leases.len(), reusable);
            }
            Op::Leave(which) if !self.waits.is_empty() => {
                let waiter = *self.waits.keys().nth(which % self.waits.len()).unwrap();
                let ticket = self.waits.remove(&waiter).unwrap().ticket;
                let freed = self.pool.leave(ticket, Some(self.now));
                self.settle(freed);
            }
            Op::Room { which, room } if !self.leases.is_empty() => {
                let (handle, lease) = &self.leases[which % self.leases.len()];
                let seen = self.connections.get_mut(handle).unwrap();
                if seen.key == 0 {
                    seen.room = room;
                    let freed = self.pool.set_room(lease.connection(), room);
                    self.settle(freed);
                }
            }
            Op::Drain(which) if !self.leases.is_empty() => {
                let (handle, lease) = &self.leases[which % self.leases.len()];
                self.connections.get_mut(handle).unwrap().draining = true;
                let freed = self.pool.drain(lease.connection());
                self.settle(freed);
            }
            Op::Later(seconds) => self.now += f64::from(seconds),
            Op::Expire => {
                let closing = self.pool.expire(self.now);
                self.close(closing);
            }
            _ => {}
        }
        self.check();
    }

    fn check(&self) {
        let dialling: usize = (0..3).map(|key| self.dialling(key)).sum();
        assert_eq!(self.pool.open(), self.connections.len() + dialling);
        assert!(self.pool.open() <= self.limits.max_connections);
        let idle = self.connections.values().filter(|one| one.leases == 0);
        assert_eq!(self.pool.idle(), idle.clone().count());
        assert_eq!(self.pool.waiting(), self.waits.len());
        let mut keys: BTreeSet<Key> = self.connections.values().map(|one| one.key).collect();
        keys.extend(self.permits.iter().map(|(key, _)| *key));
        keys.extend(self.waits.values().map(|one| one.key));
        assert_eq!(self.pool.hosts(), keys.len());
        for key in 0..3 {
            let here = self
                .connections
                .values()
                .filter(|one| one.key == key)
                .count();
            let here = here + self.dialling(key);
            assert!(here <= self.limits.max_per_host);
            for (_, one) in self.waits.iter().filter(|(_, one)| one.key == key) {
                let full = here >= self.limits.max_per_host
                    || self.pool.open() >= self.limits.max_connections && self.pool.idle() == 0;
                let shares = may_share(key) && self.known.get(&key) != Some(&false);
                let held = shares && !one.fresh && self.dialling(key) > 0;
                assert!(full || held, "somebody waits for what is free");
                assert!(!idle.clone().any(|other| other.key == key) || held);
                let room = |other: &&Seen| {
                    other.key == key
                        && !other.draining
                        && other.leases > 0
                        && other.leases < other.room
                };
                let joinable =
                    may_share(key) && self.connections.values().any(|other| room(&other));
                assert!(one.fresh || !joinable, "somebody waits who may join");
            }
        }
    }

    /// Give everything back: nothing is left.
    fn finish(mut self) {
        while !self.leases.is_empty() || !self.permits.is_empty() || !self.waits.is_empty() {
            assert!(!self.leases.is_empty() || !self.permits.is_empty(), "stuck");
            if !self.permits.is_empty() {
                self.apply(&Op::Failed(0));
            }
            if !self.leases.is_empty() {
                self.apply(&Op::Release {
                    which: 0,
                    reusable: true,
                });
            }
        }
        let closing = self.pool.expire(f64::INFINITY);
        self.close(closing);
        assert_eq!(
            (self.pool.open(), self.pool.idle(), self.pool.hosts()),
            (0, 0, 0)
        );
        assert!(self.connections.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn it_keeps_its_promises(
        total in prop_oneof![Just(1usize), Just(2), Just(3), Just(6), Just(usize::MAX)],
        per_host in prop_oneof![Just(1usize), Just(2), Just(usize::MAX)],
        keepalive in prop_oneof![Just(0.0), Just(3.0), Just(60.0)],
        ops in proptest::collection::vec(op(), 0..120),
    ) {
        let limits = Limits { max_connections: total, max_per_host: per_host, keepalive };
        let mut model = Model::new(limits);
        for op in &ops {
            model.apply(op);
        }
        model.finish();
    }
}
