//! `Lease`, `Permit`, `Place`: claims on a pool, which their destructors give back.

use std::sync::{Arc, Mutex, PoisonError};

use envoi_proto::pool::{self, Grant, Ticket};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::shared::{Connection, Held, Shared, Waker, forget};

/// What one later step takes back, once.
struct Token<T>(Mutex<Option<T>>);

impl<T> Token<T> {
    fn new(token: T) -> Self {
        Self(Mutex::new(Some(token)))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put_back(&self, token: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }
}

/// A connection for one exchange.
#[pyclass(frozen, module = "envoi._core")]
pub struct Lease {
    shared: Arc<Shared>,
    token: Token<pool::Lease>,
    number: u64,
    held: Held,
}

impl Lease {
    pub fn new(shared: &Arc<Shared>, lease: pool::Lease, held: Held) -> Self {
        Self {
            shared: Arc::clone(shared),
            number: lease.connection(),
            token: Token::new(lease),
            held,
        }
    }

    pub fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Bound::new(py, self).map(Bound::into_any)
    }
}

#[pymethods]
impl Lease {
    #[getter]
    fn connection(&self, py: Python<'_>) -> Py<PyAny> {
        self.held.object.clone_ref(py)
    }

    /// Give the connection back; the second time it does nothing.
    #[pyo3(signature = (now, /))]
    fn release(&self, py: Python<'_>, now: Option<f64>) -> PyResult<()> {
        let Some(lease) = self.token.take() else {
            return Ok(());
        };
        if self.shared.is_forgotten() {
            return forget(py, &self.held);
        }
        let freed = self.shared.lock().pool.release(lease, now);
        if freed.is_empty() {
            return Ok(());
        }
        self.shared.carry_out(py, freed)
    }

    /// The peer allows another number of exchanges at a time.
    #[pyo3(signature = (room, /))]
    fn set_room(&self, py: Python<'_>, room: usize) -> PyResult<()> {
        let freed = self.shared.lock().pool.set_room(self.number, room);
        self.shared.carry_out(py, freed)
    }

    /// Nobody joins the connection any more; it is closed when its last lease ends.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        let freed = self.shared.lock().pool.drain(self.number);
        self.shared.carry_out(py, freed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(lease) = self.token.take() {
            self.shared.in_destructor(
                |state| state.pool.release(lease, None),
                |py| forget(py, &self.held),
            );
        }
    }
}

/// A slot in which to dial.
#[pyclass(frozen, module = "envoi._core")]
pub struct Permit {
    shared: Arc<Shared>,
    token: Token<pool::Permit<u64>>,
}

impl Permit {
    pub fn new(shared: &Arc<Shared>, permit: pool::Permit<u64>) -> Self {
        Self {
            shared: Arc::clone(shared),
            token: Token::new(permit),
        }
    }

    pub fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Bound::new(py, self).map(Bound::into_any)
    }
}

#[pymethods]
impl Permit {
    /// Turn it into a lease of the connection that was dialled.
    #[pyo3(signature = (connection, discard, /, room=1))]
    fn dialled(
        &self,
        py: Python<'_>,
        connection: Py<PyAny>,
        discard: Py<PyAny>,
        room: usize,
    ) -> PyResult<Lease> {
        let held = Arc::new(Connection {
            object: connection,
            discard,
        });
        let Some(permit) = self.token.take() else {
            return Err(PyRuntimeError::new_err("this permit was used before"));
        };
        let (lease, freed) = self
            .shared
            .lock()
            .pool
            .dialled(permit, Arc::clone(&held), room);
        let lease = Lease::new(&self.shared, lease, held);
        self.shared.carry_out(py, freed)?;
        Ok(lease)
    }

    /// Give the slot back: dialling failed. The second time it does nothing.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        match self.token.take() {
            Some(permit) if !self.shared.is_forgotten() => {
                let freed = self.shared.lock().pool.failed(permit);
                self.shared.carry_out(py, freed)
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(permit) = self.token.take() {
            self.shared
                .in_destructor(|state| state.pool.failed(permit), |_| Ok(()));
        }
    }
}

/// A place in the queue.
#[pyclass(frozen, module = "envoi._core")]
pub struct Place {
    shared: Arc<Shared>,
    token: Token<Ticket>,
    number: u64,
    waker: Arc<Waker>,
}

impl Place {
    pub fn new(shared: &Arc<Shared>, ticket: Ticket, waker: &Arc<Waker>) -> Self {
        Self {
            shared: Arc::clone(shared),
            number: ticket.number(),
            token: Token::new(ticket),
            waker: Arc::clone(waker),
        }
    }

    pub fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Bound::new(py, self).map(Bound::into_any)
    }
}

#[pymethods]
impl Place {
    /// Who came earlier has a smaller number.
    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    #[getter]
    fn waiter(&self, py: Python<'_>) -> Py<PyAny> {
        self.waker.waiter.clone_ref(py)
    }

    /// After the waiter was woken: what the place was served with.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(ticket) = self.token.take() else {
            return Ok(None);
        };
        let taken = self.shared.lock().pool.take(ticket);
        match taken {
            Ok(Grant::Use(lease, held)) => {
                let lease = Lease::new(&self.shared, lease, held);
                lease.into_object(py).map(Some)
            }
            Ok(Grant::Dial(permit)) => {
                let permit = Permit::new(&self.shared, permit);
                permit.into_object(py).map(Some)
            }
            Ok(Grant::Closed) => Ok(None),
            Err(ticket) => {
                self.token.put_back(ticket);
                Err(PyRuntimeError::new_err("this place was not served yet"))
            }
        }
    }

    /// Leave the queue; what the place was served with meanwhile goes to the next.
    #[pyo3(signature = (now, /))]
    fn leave(&self, py: Python<'_>, now: Option<f64>) -> PyResult<()> {
        match self.token.take() {
            Some(ticket) if !self.shared.is_forgotten() => {
                let freed = self.shared.lock().pool.leave(ticket, now);
                self.shared.carry_out(py, freed)
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(ticket) = self.token.take() {
            self.shared
                .in_destructor(|state| state.pool.leave(ticket, None), |_| Ok(()));
        }
    }
}
