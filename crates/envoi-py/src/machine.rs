//! `H1Machine`.

use envoi_proto::h1::{
    InvalidRequest, Limits, Machine, Request, write_chunk, write_chunked_body, write_last_chunk,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::body::WaitingBody;
use crate::errors::{InvalidMessage, InvalidMethodError, breach, invalid_header};
use crate::head::ResponseHead;
use crate::headers::Headers;
use crate::text::bytes_object;

/// The client side of one HTTP/1.1 connection (RFC 9112). It does no I/O: bytes in, bytes out.
#[pyclass(module = "envoi._core")]
pub struct H1Machine {
    machine: Machine,
    body: WaitingBody,
    /// Kept from one request to the next, so that writing a head allocates nothing but the result.
    out: Vec<u8>,
    /// How many body bytes must wait before `feed` returns True; 0 after `start`.
    #[pyo3(get, set)]
    threshold: usize,
    /// Whether `feed` also returns True for a 1xx head. `start` leaves it as it is.
    #[pyo3(get, set)]
    stop_at_informational: bool,
}

#[pymethods]
impl H1Machine {
    #[new]
    #[pyo3(signature = (*, max_head_size=None, max_header_count=None, max_informational=None))]
    fn new(
        max_head_size: Option<usize>,
        max_header_count: Option<usize>,
        max_informational: Option<usize>,
    ) -> Self {
        let limits = Limits::default();
        Self {
            machine: Machine::new(Limits {
                head_size: max_head_size.unwrap_or(limits.head_size),
                header_count: max_header_count.unwrap_or(limits.header_count),
                informational: max_informational.unwrap_or(limits.informational),
            }),
            body: WaitingBody::default(),
            out: Vec::new(),
            threshold: 0,
            stop_at_informational: false,
        }
    }

    /// Begin a request, and return the bytes of its head followed by `body`.
    #[pyo3(
        signature = (method, target, host, headers, body=None, /),
        text_signature = "($self, method, target, host, headers, body=b'', /)"
    )]
    fn start<'py>(
        &mut self,
        py: Python<'py>,
        method: &str,
        target: &str,
        host: &str,
        headers: &Bound<'py, Headers>,
        body: Option<&Bound<'py, PyBytes>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let body = body.map(PyBytesMethods::as_bytes).unwrap_or_default();
        self.out.clear();
        let fields = headers.get().lock();
        let request = Request {
            method,
            target,
            host,
            headers: &fields,
        };
        let chunked = self.machine.start(&request, body, &mut self.out);
        drop(fields);
        let chunked = chunked.map_err(|invalid| refusal(&invalid))?;
        self.body.clear();
        self.threshold = 0;
        if body.is_empty() {
            return bytes_object(py, &self.out);
        }
        if chunked {
            let mut framed = self.out.clone();
            write_chunked_body(body, &mut framed);
            return bytes_object(py, &framed);
        }
        joined(py, &self.out, body)
    }

    /// Frame one piece of a streamed body.
    #[pyo3(signature = (data, /))]
    fn send_body<'py>(&mut self, data: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = data.as_bytes();
        if !self
            .machine
            .send_body(bytes.len())
            .map_err(|invalid| refusal(&invalid))?
        {
            return Ok(data.clone());
        }
        let mut framed = Vec::new();
        write_chunk(bytes, &mut framed);
        bytes_object(data.py(), &framed)
    }

    /// End a streamed body.
    fn end_body<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut framed = Vec::new();
        if self
            .machine
            .end_body()
            .map_err(|invalid| refusal(&invalid))?
        {
            write_last_chunk(&mut framed);
        }
        bytes_object(py, &framed)
    }

    /// Take bytes as received (b"" is the end of the stream). True when the flow should look at the machine.
    #[pyo3(signature = (data, /))]
    fn feed(&mut self, data: &Bound<'_, PyBytes>) -> PyResult<bool> {
        let was_idle = self.machine.is_idle();
        let informational = self.machine.informational_waiting();
        let Self { machine, body, .. } = self;
        machine
            .feed(data.as_bytes(), &mut |range| body.push(data, range))
            .map_err(|violation| breach(&violation))?;
        self.body.check()?;
        Ok(was_idle
            || self.machine.body_ended()
            || (self.machine.head_complete() && self.body.size() >= self.threshold)
            || self.machine.redirect_waiting()
            || (self.stop_at_informational && self.machine.informational_waiting() > informational))
    }

    /// The final response's head, once.
    fn take_head(&mut self) -> Option<ResponseHead> {
        self.machine.take_head().map(ResponseHead::new)
    }

    /// The 1xx heads that came since the last call.
    fn take_informational<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let heads = self.machine.take_informational();
        let heads: PyResult<Vec<_>> = heads
            .into_iter()
            .map(|head| Bound::new(py, ResponseHead::new(head)))
            .collect();
        PyList::new(py, heads?)
    }

    /// All body bytes that are waiting, transfer coding removed (b"" when none).
    fn take_body<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.body.take(py)
    }

    /// Body bytes that are waiting.
    #[getter]
    fn pending(&self) -> usize {
        self.body.size()
    }

    /// Whether the final response's head has arrived in this exchange.
    #[getter]
    fn head_complete(&self) -> bool {
        self.machine.head_complete()
    }

    /// Whether any byte arrived since `start`.
    #[getter]
    fn response_started(&self) -> bool {
        self.machine.response_started()
    }

    /// Whether the response's last byte has arrived (`pending` may still be above 0).
    #[getter]
    fn body_ended(&self) -> bool {
        self.machine.body_ended()
    }

    /// Whether the server wants no more of the request's body: its answer is an error or says that the connection closes, or its
    /// side has ended.
    #[getter]
    fn declined(&self) -> bool {
        self.machine.declined()
    }

    #[getter]
    fn request_ended(&self) -> bool {
        self.machine.request_ended()
    }

    /// The trailer fields, once the body has ended, if there were any.
    #[getter]
    fn trailers(&self) -> Option<Headers> {
        self.machine.trailers().cloned().map(Headers::from_fields)
    }

    /// What was mended of the answer so far (its interim heads, head, chunks and trailers), each in a few words.
    #[getter]
    fn repaired<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.machine.repairs().names().collect::<Vec<_>>())
    }

    /// Whether another request may be started now: false while an exchange is under way.
    #[getter]
    fn keep_alive(&self) -> bool {
        self.machine.keep_alive()
    }

    /// After 101, or 2xx to CONNECT: the connection belongs to another protocol.
    #[getter]
    fn upgraded(&self) -> bool {
        self.machine.upgraded()
    }

    /// The bytes that came after the switch to another protocol.
    fn take_surplus<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_object(py, &self.machine.take_surplus())
    }
}

fn joined<'py>(py: Python<'py>, head: &[u8], body: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, head.len() + body.len(), |out| {
        if let Some((first, second)) = out.split_at_mut_checked(head.len()) {
            first.copy_from_slice(head);
            second.copy_from_slice(body);
        }
        Ok(())
    })
}

#[cold]
fn refusal(invalid: &InvalidRequest) -> PyErr {
    let message = invalid.to_string();
    match invalid {
        InvalidRequest::Message(_) => InvalidMessage::new_err(message),
        InvalidRequest::Field(_) => invalid_header(message),
        InvalidRequest::Method(_) => InvalidMethodError::new_err(message),
    }
}
