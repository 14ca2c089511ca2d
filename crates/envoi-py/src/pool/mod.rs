//! The pool as Python sees it: `PoolState`, and the claims that it gives out.
//!
//! `envoi_proto::pool` decides; here its decisions are carried out. Three things are wanted, and what is done for them:
//!
//! *No interrupt may tear a step or lose a claim.* Python runs signal handlers between bytecodes only. A step is one
//! call, and what it gives out (`Lease`, `Permit`, `Place`) is an object whose destructor gives the claim back. So at
//! any instant either the caller has the object, or the step has not been taken.
//!
//! *An interrupt during a destructor must not be swallowed*, as Python does with whatever a destructor raises. So under
//! threads a destructor executes no bytecode: it wakes a waiter and closes a socket by calling builtins, which the waiter
//! (`wake`) and the connection (`discard`) provide. Under an event loop, where a reader has to be unregistered in the
//! loop, it hands both over to the loop (`hand_over`); the loop's own machinery sees to SIGINT there.
//!
//! *Any allocation may run any destructor, in this thread, inside another step.* So no Python code runs and no Python
//! object is made or freed while the state is locked: keys are hashed and compared before (`keys.rs`), what a step frees
//! is let go of afterwards. A lock that is held so shortly, and never while waiting for the interpreter, cannot deadlock,
//! with the GIL or without.
//!
//! Who holds whom: the state holds its connections, the leased ones as well, so that the garbage collector never
//! finalises a socket in a cycle unclosed. Claims hold the state. `PoolOwner` alone stands for the session: without it the
//! pool is closed, while claims that are out live on.

mod claims;
mod keys;
mod shared;

use std::sync::Arc;

use envoi_proto::pool::{Limits, Outcome, Wish};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use claims::Place;
pub use claims::{Lease, Permit};
use shared::{Shared, Waker};

/// The state of one pool; every method is one step.
#[pyclass(frozen, module = "envoi._core")]
pub struct PoolState {
    shared: Arc<Shared>,
}

/// What a locked step came to.
enum Step {
    /// The key has no number yet.
    UnknownKey,
    /// There is nobody to wake yet.
    NeedsWaiter,
    Queued(envoi_proto::pool::Ticket),
    Decided(Outcome<u64, shared::Held>),
}

#[pymethods]
impl PoolState {
    #[new]
    #[pyo3(signature = (max_connections=100.0, max_per_host=f64::INFINITY, keepalive=60.0, hand_over=None))]
    fn new(
        max_connections: f64,
        max_per_host: f64,
        keepalive: f64,
        hand_over: Option<Py<PyAny>>,
    ) -> Self {
        let limits = Limits {
            max_connections: count(max_connections),
            max_per_host: count(max_per_host),
            keepalive,
        };
        Self {
            shared: Arc::new(Shared::new(limits, hand_over)),
        }
    }

    /// Ask for a connection.
    #[pyo3(signature = (key, now, new_waiter, /, *, fresh=false, may_share=false))]
    fn acquire<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        now: f64,
        new_waiter: &Bound<'py, PyAny>,
        fresh: bool,
        may_share: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let wish = Wish { fresh, may_share };
        let mut number = None;
        let mut waiter: Option<Arc<Waker>> = None;
        loop {
            let (step, closing) = self.step(key, number, now, wish, waiter.as_ref());
            let claim = match (step, &waiter) {
                (Step::Decided(Outcome::Use(lease, held)), _) => {
                    Some(Lease::new(&self.shared, lease, held).into_object(py))
                }
                (Step::Decided(Outcome::Dial(permit)), _) => {
                    Some(Permit::new(&self.shared, permit).into_object(py))
                }
                (Step::Queued(ticket), Some(waker)) => {
                    Some(Place::new(&self.shared, ticket, waker).into_object(py))
                }
                (Step::Decided(_), _) => None,
                (step, _) => {
                    // Nothing was claimed. What follows may run Python code.
                    self.shared.close_all(py, closing)?;
                    if matches!(step, Step::UnknownKey) {
                        number = Some(self.shared.number_of(key)?);
                    } else {
                        waiter = Some(Arc::new(Waker::of(&new_waiter.call0()?)?));
                    }
                    continue;
                }
            };
            self.shared.close_all(py, closing)?; // when it fails, the claim is dropped, and thereby given back
            return claim.transpose();
        }
    }

    /// Close idle connections whose time is over.
    fn expire(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        let closing = self.shared.lock().pool.expire(now);
        self.shared.close_all(py, closing)
    }

    /// Let nothing in any more: close idle connections, wake those who wait.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let freed = self.shared.lock().pool.close();
        self.shared.carry_out(py, freed)
    }

    /// In a forked child: forget this pool's connections, without a word to their peers; the new, empty state.
    #[pyo3(signature = (*, in_use=false))]
    fn forget(&self, py: Python<'_>, in_use: bool) -> PyResult<Self> {
        let limits = self.shared.forget(py, in_use)?;
        let hand_over = self.shared.hand_over.as_ref();
        let hand_over = hand_over.map(|hand_over| hand_over.clone_ref(py));
        Ok(Self {
            shared: Arc::new(Shared::new(limits, hand_over)),
        })
    }

    /// What the session holds: the pool is closed when it is dropped.
    fn owner(&self) -> PoolOwner {
        PoolOwner {
            shared: Arc::clone(&self.shared),
        }
    }

    #[getter]
    fn open(&self) -> usize {
        self.shared.lock().pool.open()
    }

    #[getter]
    fn idle(&self) -> usize {
        self.shared.lock().pool.idle()
    }

    #[getter]
    fn waiting(&self) -> usize {
        self.shared.lock().pool.waiting()
    }

    #[getter]
    fn hosts(&self) -> usize {
        self.shared.lock().pool.hosts()
    }

    /// How many keys are remembered.
    #[getter]
    fn keys(&self) -> usize {
        self.shared.lock().keys.len()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.shared.lock().pool.is_closed()
    }

    #[getter]
    fn max_connections(&self) -> f64 {
        told(self.shared.lock().pool.limits().max_connections)
    }

    #[setter]
    fn set_max_connections(&self, value: f64) {
        let mut state = self.shared.lock();
        let limits = state.pool.limits();
        state.pool.set_limits(Limits {
            max_connections: count(value),
            ..limits
        });
    }

    #[getter]
    fn max_per_host(&self) -> f64 {
        told(self.shared.lock().pool.limits().max_per_host)
    }

    #[getter]
    fn keepalive(&self) -> f64 {
        self.shared.lock().pool.limits().keepalive
    }
}

impl PoolState {
    /// The part of `acquire` that is locked.
    fn step(
        &self,
        key: &Bound<'_, PyAny>,
        number: Option<u64>,
        now: f64,
        wish: Wish,
        waiter: Option<&Arc<Waker>>,
    ) -> (Step, Vec<shared::Held>) {
        let mut state = self.shared.lock();
        let known = number.filter(|number| state.keys.contains(*number));
        let Some(number) = known.or_else(|| state.keys.find(key)) else {
            return (Step::UnknownKey, Vec::new());
        };
        let (outcome, closing) = state.pool.acquire(number, now, wish);
        let step = match (outcome, waiter) {
            (Outcome::Wait, Some(waker)) => {
                Step::Queued(state.pool.enqueue(number, wish, Arc::clone(waker)))
            }
            (Outcome::Wait, None) => Step::NeedsWaiter,
            (outcome, _) => Step::Decided(outcome),
        };
        (step, closing)
    }
}

/// Closes its pool when it is dropped.
#[pyclass(frozen, module = "envoi._core")]
pub struct PoolOwner {
    shared: Arc<Shared>,
}

impl Drop for PoolOwner {
    fn drop(&mut self) {
        self.shared
            .in_destructor(|state| state.pool.close(), |_| Ok(()));
    }
}

/// Put the classes into the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PoolState>()?;
    module.add_class::<PoolOwner>()?;
    module.add_class::<Lease>()?;
    module.add_class::<Permit>()?;
    module.add_class::<Place>()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates: infinity is no limit
fn count(limit: f64) -> usize {
    limit as usize
}

#[allow(clippy::cast_precision_loss)]
fn told(limit: usize) -> f64 {
    if limit == usize::MAX {
        f64::INFINITY
    } else {
        limit as f64
    }
}
