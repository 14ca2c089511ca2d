//! A machine with its body gathered, fed in pieces of any size.
#![allow(dead_code, clippy::missing_panics_doc)]

use envoi_proto::h1::{Head, InvalidRequest, Limits, Machine, Request, Violation};
use envoi_proto::headers::Headers;

/// Everything that one exchange showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub status: Option<u16>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    pub informational: Vec<u16>,
    pub surplus: Vec<u8>,
    pub ended: bool,
    pub keep_alive: bool,
    pub upgraded: bool,
    pub repaired: Vec<&'static str>,
    pub error: Option<Violation>,
}

pub fn headers(pairs: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in pairs {
        headers.add(name.as_bytes(), value.as_bytes());
    }
    headers
}

pub fn started_with(method: &str, pairs: &[(&str, &str)], limits: Limits) -> Machine {
    let mut machine = Machine::new(limits);
    start(&mut machine, method, pairs, b"").expect("a valid request");
    machine
}

pub fn started(method: &str) -> Machine {
    started_with(method, &[], Limits::default())
}

pub fn start(
    machine: &mut Machine,
    method: &str,
    pairs: &[(&str, &str)],
    body: &[u8],
) -> Result<Vec<u8>, InvalidRequest> {
    let request = Request {
        method,
        target: "/",
        host: "example.com",
        headers: &headers(pairs),
    };
    let mut out = Vec::new();
    machine.start(&request, body, &mut out)?;
    Ok(out)
}

pub fn pairs(headers: &Headers) -> Vec<(Vec<u8>, Vec<u8>)> {
    headers
        .iter()
        .map(|field| (field.name.to_vec(), field.value.to_vec()))
        .collect()
}

/// Feed pieces one after the other until one is refused, and look at everything.
pub fn run<'a>(machine: &mut Machine, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut seen = Seen::default();
    for piece in pieces {
        let body = &mut seen.body;
        let outcome = machine.feed(piece, &mut |range| body.extend_from_slice(&piece[range]));
        if let Err(violation) = outcome {
            seen.error = Some(violation);
            break;
        }
    }
    if let Some(head) = machine.take_head() {
        seen.status = Some(head.status);
        seen.fields = pairs(head.headers());
    }
    seen.informational = statuses(&machine.take_informational());
    seen.trailers = machine.trailers().map(pairs).unwrap_or_default();
    seen.surplus = machine.take_surplus();
    seen.ended = machine.body_ended();
    seen.keep_alive = machine.keep_alive();
    seen.upgraded = machine.upgraded();
    seen.repaired = machine.repairs().names().collect();
    seen
}

pub fn statuses(heads: &[Head]) -> Vec<u16> {
    heads.iter().map(|head| head.status).collect()
}

/// What a GET sees of this answer, then of the end of the stream.
pub fn get(answer: &[u8]) -> Seen {
    run(&mut started("GET"), [answer])
}

/// The same, with the end of the stream after it.
pub fn get_to_end(answer: &[u8]) -> Seen {
    run(&mut started("GET"), [answer, b""])
}

pub fn protocol_error(answer: &[u8]) -> bool {
    matches!(
        get(answer).error,
        Some(Violation::Protocol(_) | Violation::Framing(_))
    )
}
