//! The client side of one HTTP/1.1 connection: bytes in, bytes out, no I/O.

use std::ops::Range;

use super::chunked::Chunked;
use super::encode::{Checked, Request, RequestFraming, check, write_head};
use super::error::{InvalidRequest, Violation};
use super::framing::{Asked, Framing, body_framing, declines, is_plain, persists};
use super::head::{Head, check_prefix, parse, parse_trailers};
use super::repairs::Repairs;
use super::section::Section;
use super::sending::Sending;
use crate::headers::Headers;

/// What a peer may make us hold before its message is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one head or trailer section. Servers send up to 16 KiB as a rule; 128 KiB leaves room for policies and cookies
    /// that have grown out of hand.
    pub head_size: usize,
    /// Fields of one head. Real ones stay below 100, and looking up a name costs time for each.
    pub header_count: usize,
    /// 1xx answers to one request: a server that sends them for ever must not fill the memory. How long it may send them is what
    /// the caller's total deadline says.
    pub informational: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_size: 128 * 1024,
            header_count: 256,
            informational: 64,
        }
    }
}

/// What comes next from the peer.
#[derive(Debug)]
enum Receiving {
    /// No request was started: nothing may come.
    Idle,
    Head,
    Length {
        expected: u64,
        remaining: u64,
    },
    Chunked(Box<Chunked>),
    UntilClose,
    Ended,
    Switched,
    Failed(Violation),
}

/// One connection's state. After `start`, feed it what is received until `body_ended`, then `start` again if `keep_alive`.
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts of one exchange, each independent of the others; what excludes one another is an enum"
)]
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    sending: Sending,
    receiving: Receiving,
    asked: Asked,
    section: Section,
    head: Option<Head>,
    head_complete: bool,
    informational: Vec<Head>,
    informational_count: usize,
    trailers: Option<Headers>,
    repairs: Repairs,
    surplus: Vec<u8>,
    received_any: bool,
    body_received: u64,
    reusable: bool,
    declined: bool,
}

impl Machine {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            sending: Sending::Ended,
            receiving: Receiving::Idle,
            asked: Asked::default(),
            section: Section::default(),
            head: None,
            head_complete: false,
            informational: Vec::new(),
            informational_count: 0,
            trailers: None,
            repairs: Repairs::NONE,
            surplus: Vec::new(),
            received_any: false,
            body_received: 0,
            reusable: true,
            declined: false,
        }
    }

    /// Begin a request: its head's bytes are appended to `out`. `body`, if not empty, is the whole body: it counts as sent, and the
    /// caller appends it (`write_chunk` and `write_last_chunk` when this returns true, for chunked). On error nothing has changed.
    pub fn start(
        &mut self,
        request: &Request<'_>,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, InvalidRequest> {
        match self.receiving {
            Receiving::Idle | Receiving::Ended
                if self.sending == Sending::Ended && self.reusable => {}
            Receiving::Idle | Receiving::Ended | Receiving::Failed(_) | Receiving::Switched => {
                return Err(InvalidRequest::message(
                    "this connection cannot carry another request",
                ));
            }
            _ => {
                return Err(InvalidRequest::message(
                    "the response before is still under way: requests are not pipelined",
                ));
            }
        }
        let checked = check(request)?;
        let sending = Sending::after_start(checked.framing, body)?;
        write_head(request, checked, out);
        self.begin(checked, sending);
        Ok(checked.framing == RequestFraming::Chunked && !body.is_empty())
    }

    /// Count a piece of a streamed body as sent. True when it must be framed with `write_chunk`.
    pub fn send_body(&mut self, size: usize) -> Result<bool, InvalidRequest> {
        self.sending.piece(size)
    }

    /// End a streamed body. True when the last chunk must be written.
    pub fn end_body(&mut self) -> Result<bool, InvalidRequest> {
        self.sending.end()
    }

    /// Take bytes as received; none is the end of the stream. Ranges of `data` that are body go to `body`.
    pub fn feed(
        &mut self,
        data: &[u8],
        body: &mut impl FnMut(Range<usize>),
    ) -> Result<(), Violation> {
        let outcome = if data.is_empty() {
            self.end_of_stream()
        } else {
            self.take_bytes(data, body)
        };
        if let Err(violation) = &outcome {
            self.reusable = false;
            self.receiving = Receiving::Failed(violation.clone());
        }
        outcome
    }

    /// The final response's head, once.
    pub fn take_head(&mut self) -> Option<Head> {
        self.head.take()
    }

    /// The 1xx heads since the last call.
    pub fn take_informational(&mut self) -> Vec<Head> {
        std::mem::take(&mut self.informational)
    }

    /// How many 1xx heads wait to be taken.
    pub fn informational_waiting(&self) -> usize {
        self.informational.len()
    }

    /// Whether the final response's head has arrived in this exchange.
    pub fn head_complete(&self) -> bool {
        self.head_complete
    }

    /// Whether the final response's head waits to be taken, and is a redirection that names a place: 3xx with a Location
    /// (RFC 9110, section 15.4).
    ///
    /// Its body may be endless and is seldom wanted, so `feed` does not wait for it. Which redirections are followed is the
    /// caller's decision. The caller cannot make this one by its threshold: to know the head before the body it would have to
    /// wait twice for every answer whose body comes in a packet of its own, 2.4 % more instructions for each.
    pub fn redirect_waiting(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| matches!(head.status, 300..400) && head.location().is_some())
    }

    /// Whether any byte arrived since `start`.
    pub fn response_started(&self) -> bool {
        self.received_any
    }

    /// Whether the response's last byte has arrived.
    pub fn body_ended(&self) -> bool {
        matches!(self.receiving, Receiving::Ended | Receiving::Switched)
    }

    /// Whether the server wants no more of the request's body: its final answer is an error or says that the connection
    /// closes (RFC 9110, section 7.5; RFC 9112, section 9.5), it switched to another protocol, or its side has ended.
    pub fn declined(&self) -> bool {
        self.declined
    }

    pub fn request_ended(&self) -> bool {
        self.sending == Sending::Ended
    }

    /// The trailer fields of a chunked body that has ended, if there were any.
    pub fn trailers(&self) -> Option<&Headers> {
        self.trailers.as_ref()
    }

    /// What was mended of the answer so far: its interim heads, its head, its chunks, its trailers.
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// Whether `start` may be called now: false while an exchange is under way.
    pub fn keep_alive(&self) -> bool {
        self.reusable
            && self.request_ended()
            && matches!(self.receiving, Receiving::Idle | Receiving::Ended)
    }

    /// Whether the connection belongs to another protocol.
    pub fn upgraded(&self) -> bool {
        matches!(self.receiving, Receiving::Switched)
    }

    /// Whether no request was started, or its response has ended.
    pub fn is_idle(&self) -> bool {
        matches!(self.receiving, Receiving::Idle | Receiving::Ended)
    }

    /// The bytes that came after the switch to another protocol.
    pub fn take_surplus(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.surplus)
    }

    fn begin(&mut self, checked: Checked, sending: Sending) {
        self.sending = sending;
        self.receiving = Receiving::Head;
        self.asked = checked.asked;
        self.reusable = !checked.close;
        self.head = None;
        self.head_complete = false;
        self.informational.clear();
        self.informational_count = 0;
        self.trailers = None;
        self.repairs = Repairs::NONE;
        self.received_any = false;
        self.body_received = 0;
        self.declined = false;
    }

    fn take_bytes(
        &mut self,
        data: &[u8],
        body: &mut impl FnMut(Range<usize>),
    ) -> Result<(), Violation> {
        self.received_any = true;
        let mut position = 0;
        // Each turn consumes at least one byte.
        while let Some(rest) = data.get(position..).filter(|rest| !rest.is_empty()) {
            position += match &mut self.receiving {
                Receiving::Head => self.take_head_bytes(rest)?,
                Receiving::Length { remaining, .. } => {
                    let size = usize::try_from(*remaining)
                        .map_or(rest.len(), |remaining| remaining.min(rest.len()));
                    *remaining -= size as u64;
                    let ended = *remaining == 0;
                    self.body_received += size as u64;
                    body(position..position + size);
                    if ended {
                        self.receiving = Receiving::Ended;
                    }
                    size
                }
                Receiving::Chunked(_) => self.take_chunked(rest, position, body)?,
                Receiving::UntilClose => {
                    self.body_received += rest.len() as u64;
                    body(position..data.len());
                    rest.len()
                }
                // Bytes that no request asked for: using this connection again would take them for the next answer.
                Receiving::Idle | Receiving::Ended => {
                    self.reusable = false;
                    rest.len()
                }
                Receiving::Switched => {
                    self.surplus
                        .try_reserve(rest.len())
                        .map_err(Violation::out_of_memory)?;
                    self.surplus.extend_from_slice(rest);
                    rest.len()
                }
                Receiving::Failed(violation) => return Err(violation.clone()),
            };
        }
        Ok(())
    }

    fn take_head_bytes(&mut self, rest: &[u8]) -> Result<usize, Violation> {
        check_prefix(self.section.bytes(), rest)?;
        let Some(consumed) = self.section.push(rest, self.limits.head_size)? else {
            return Ok(rest.len());
        };
        let (section, bare_line_feed) = self.section.take();
        let head = parse(section, bare_line_feed, self.limits.header_count)?;
        let framing = body_framing(&head, self.asked)?;
        self.repairs |= head.repairs;
        if framing == Framing::Empty && head.status < 200 {
            self.informational_count += 1;
            if self.informational_count > self.limits.informational {
                return Err(Violation::too_large(
                    "there are too many 1xx answers to one request",
                ));
            }
            self.reusable &= is_plain(&head);
            self.informational.push(head);
            return Ok(consumed);
        }
        self.reusable &= persists(&head, framing);
        self.declined = declines(&head, framing);
        self.head = Some(head);
        self.head_complete = true;
        self.receiving = match framing {
            Framing::Empty | Framing::Length(0) => Receiving::Ended,
            Framing::Length(expected) => Receiving::Length {
                expected,
                remaining: expected,
            },
            Framing::Chunked => Receiving::Chunked(Box::new(Chunked::new())),
            Framing::UntilClose => Receiving::UntilClose,
            Framing::Switch => Receiving::Switched,
        };
        Ok(consumed)
    }

    fn take_chunked(
        &mut self,
        rest: &[u8],
        offset: usize,
        body: &mut impl FnMut(Range<usize>),
    ) -> Result<usize, Violation> {
        let Receiving::Chunked(chunked) = &mut self.receiving else {
            return Ok(rest.len());
        };
        let received = &mut self.body_received;
        let ended = chunked.feed(rest, self.limits.head_size, &mut |range| {
            *received += range.len() as u64;
            body(offset + range.start..offset + range.end);
        })?;
        let Some(ended) = ended else {
            return Ok(rest.len());
        };
        let consumed = ended.consumed;
        // Kept apart from the head's fields: merged, a trailer could change what the head said (RFC 9110, section 6.5.1).
        let (trailers, mended) = parse_trailers(
            ended.trailers,
            ended.bare_line_feed,
            self.limits.header_count,
        )?;
        self.repairs |= mended | ended.repairs;
        // Where what was mended ended may be our opinion alone: what follows is not taken for another answer.
        self.reusable &= (mended | ended.repairs).is_empty();
        self.trailers = Some(trailers).filter(|fields| !fields.is_empty());
        self.receiving = Receiving::Ended;
        Ok(consumed)
    }

    /// RFC 9112, section 8: only a close-delimited body may end so.
    fn end_of_stream(&mut self) -> Result<(), Violation> {
        self.reusable = false;
        self.declined = true;
        let received = self.body_received;
        match &self.receiving {
            Receiving::Idle | Receiving::Ended | Receiving::Switched => Ok(()),
            Receiving::UntilClose => {
                self.receiving = Receiving::Ended;
                Ok(())
            }
            Receiving::Head if self.section.is_empty() => Err(Violation::incomplete(
                "the connection was closed before an answer came",
            )),
            Receiving::Head => Err(Violation::IncompleteHead(
                "the connection was closed inside the response head".into(),
            )),
            Receiving::Length { expected, .. } => Err(Violation::Incomplete(
                format!("the connection was closed after {received} of {expected} body bytes")
                    .into(),
            )),
            Receiving::Chunked(_) => Err(Violation::Incomplete(
                format!(
                    "the connection was closed after {received} body bytes, before the last chunk"
                )
                .into(),
            )),
            Receiving::Failed(violation) => Err(violation.clone()),
        }
    }
}
