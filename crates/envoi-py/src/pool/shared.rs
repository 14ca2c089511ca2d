//! The locked state, and what is done outside its lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use envoi_proto::pool::{self, Limits};
use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::keys::Keys;

/// A connection, as the state and its leases hold it.
pub struct Connection {
    pub object: Py<PyAny>,
    /// Closes the socket and, under threads, executes no bytecode.
    pub discard: Py<PyAny>,
}

pub type Held = Arc<Connection>;

/// Who waits, and the call that wakes him; under threads that executes no bytecode.
pub struct Waker {
    pub waiter: Py<PyAny>,
    wake: Py<PyAny>,
}

impl Waker {
    pub fn of(waiter: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wake = waiter.getattr(intern!(waiter.py(), "wake"))?;
        Ok(Self {
            waiter: waiter.clone().unbind(),
            wake: wake.unbind(),
        })
    }
}

pub type Freed = pool::Freed<Held, Arc<Waker>>;

/// What is behind the lock.
pub struct State {
    pub pool: pool::Pool<u64, Held, Arc<Waker>>,
    pub keys: Keys,
    /// What destructors have handed over to the loop.
    handed_over: Freed,
}

impl State {
    pub fn take_handed_over(&mut self) -> Freed {
        std::mem::take(&mut self.handed_over)
    }
}

pub struct Shared {
    state: Mutex<State>,
    limits: Limits,
    /// The process was forked: the connections are the parent's.
    forgotten: AtomicBool,
    /// Takes a function, from any thread, to be called in the loop; `None` under threads.
    pub hand_over: Option<Py<PyAny>>,
}

impl Shared {
    pub fn new(limits: Limits, hand_over: Option<Py<PyAny>>) -> Self {
        Self {
            state: Mutex::new(State {
                pool: pool::Pool::new(limits),
                keys: Keys::new(),
                handed_over: Freed::default(),
            }),
            limits,
            forgotten: AtomicBool::new(false),
            hand_over,
        }
    }

    /// Python code must not run, and no Python object be made or freed, while this is held.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// The number of a key that is not the very object that was seen before.
    pub fn number_of(&self, key: &Bound<'_, PyAny>) -> PyResult<u64> {
        let hash = key.hash()?;
        loop {
            let candidates = self.lock().keys.candidates(key.py(), hash);
            for (number, candidate) in &candidates {
                if key.eq(candidate)? {
                    return Ok(*number);
                }
            }
            let object = key.clone().unbind();
            let mut state = self.lock();
            if state.keys.unchanged(hash, &candidates) {
                let State { pool, keys, .. } = &mut *state;
                let swept = keys.sweep(|number| pool.knows(number));
                let number = keys.insert(hash, object);
                drop(state);
                drop(swept);
                return Ok(number);
            }
        }
    }

    /// Do what a step has left to do, in the caller's flow. All of it is done, whatever raises; the first error is
    /// raised.
    pub fn carry_out(&self, py: Python<'_>, freed: Freed) -> PyResult<()> {
        let mut result = Ok(());
        for waker in &freed.served {
            note(&mut result, waker.wake.call0(py));
        }
        note(&mut result, self.close_all(py, freed.closing));
        self.let_go_of_keys();
        result
    }

    /// Close connections that nobody holds any more.
    pub fn close_all(&self, py: Python<'_>, closing: Vec<Held>) -> PyResult<()> {
        let mut result = Ok(());
        if closing.is_empty() {
            return result;
        }
        self.let_go_of_keys();
        for connection in closing {
            let closed = connection.object.call_method0(py, intern!(py, "close"));
            if closed.is_err() && self.hand_over.is_none() {
                ignore(py, connection.discard.call0(py)); // an interrupt, perhaps, halfway
            }
            note(&mut result, closed);
        }
        result
    }

    /// Take a step in a destructor, and do what it leaves to do without executing bytecode, or hand it over to the loop.
    /// `forgotten` is done instead in a child of the process that the claim belongs to.
    pub fn in_destructor(
        self: &Arc<Self>,
        step: impl FnOnce(&mut State) -> Freed,
        forgotten: impl FnOnce(Python<'_>) -> PyResult<()>,
    ) {
        Python::try_attach(|py| {
            if self.is_forgotten() {
                preserving_exception(py, || ignore(py, forgotten(py)));
                return;
            }
            let freed = step(&mut self.lock());
            preserving_exception(py, || self.let_go_of_keys());
            if !freed.is_empty() {
                preserving_exception(py, || {
                    if self.hand_over.is_none() {
                        discard_all(py, &freed);
                    } else {
                        ignore(py, self.give_to_loop(py, freed));
                    }
                });
            }
        });
    }

    /// Leave all connections to the parent of this process: they are let go of without a word to the peer.
    pub fn forget(&self, py: Python<'_>, in_use: bool) -> PyResult<Limits> {
        self.forgotten.store(true, Ordering::Relaxed);
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Locked by a thread that does not exist in this process: its descriptors stay open here.
            Err(TryLockError::WouldBlock) => return Ok(self.limits),
        };
        let limits = state.pool.limits();
        let (idle, used) = state.pool.clear();
        let handed_over = state.take_handed_over();
        drop(state);
        let mut result = Ok(());
        for connection in idle.iter().chain(&handed_over.closing) {
            note(&mut result, forget(py, connection));
        }
        if in_use {
            for connection in &used {
                note(&mut result, forget(py, connection));
            }
        }
        result.map(|()| limits)
    }

    /// Drop the keys of hosts that nothing is left of.
    fn let_go_of_keys(&self) {
        let mut state = self.lock();
        let State { pool, keys, .. } = &mut *state;
        let unused = pool.take_unused().into_iter();
        let dropped: Vec<_> = unused.filter_map(|number| keys.remove(number)).collect();
        drop(state);
        drop(dropped);
    }

    fn give_to_loop(self: &Arc<Self>, py: Python<'_>, mut freed: Freed) -> PyResult<()> {
        let Some(hand_over) = &self.hand_over else {
            return Ok(());
        };
        let settle = Bound::new(
            py,
            Settle {
                shared: Arc::clone(self),
            },
        )?;
        let mut state = self.lock();
        state.handed_over.closing.append(&mut freed.closing);
        state.handed_over.served.append(&mut freed.served);
        drop(state);
        hand_over.call1(py, (settle,)).map(drop)
    }
}

/// Carries out, in the loop, what destructors have handed over.
#[pyclass(frozen, module = "envoi._core")]
struct Settle {
    shared: Arc<Shared>,
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let freed = self.shared.lock().take_handed_over();
        self.shared.carry_out(py, freed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut left = state.take_handed_over();
        let (idle, used) = state.pool.clear();
        left.closing.extend(idle);
        left.closing.extend(used);
        if !left.closing.is_empty() {
            // Their loop was closed before it could close them.
            Python::try_attach(|py| preserving_exception(py, || discard_all(py, &left)));
        }
    }
}

/// Let go of a connection of the parent's.
pub fn forget(py: Python<'_>, connection: &Held) -> PyResult<()> {
    let stream = connection.object.getattr(py, intern!(py, "stream"))?;
    stream.call_method0(py, intern!(py, "forget")).map(drop)
}

fn discard_all(py: Python<'_>, freed: &Freed) {
    for waker in &freed.served {
        ignore(py, waker.wake.call0(py));
    }
    for connection in &freed.closing {
        ignore(py, connection.discard.call0(py));
    }
}

/// A destructor may run while an exception is on its way.
fn preserving_exception(py: Python<'_>, act: impl FnOnce()) {
    let raised = if PyErr::occurred(py) {
        PyErr::take(py)
    } else {
        None
    };
    act();
    if let Some(raised) = raised {
        raised.restore(py);
    }
}

fn note<T>(result: &mut PyResult<()>, outcome: PyResult<T>) {
    if let Err(error) = outcome
        && result.is_ok()
    {
        *result = Err(error);
    }
}

/// What a destructor does with an error: the network's is of no interest any more.
fn ignore<T>(py: Python<'_>, outcome: PyResult<T>) {
    if let Err(error) = outcome
        && !error.is_instance_of::<PyOSError>(py)
    {
        error.write_unraisable(py, None);
    }
}
