//! Writing requests (RFC 9112, sections 3 and 7.1). Everything is checked before the first byte is written.

use super::error::InvalidRequest;
use super::framing::Asked;
use super::framing_fields::{has_option, parse_length};
use crate::headers::{FieldKind, Headers, InvalidField, is_token, shown_name};

/// What one request head is made of.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    pub target: &'a str,
    /// For the Host field, unless `headers` has one.
    pub host: &'a str,
    pub headers: &'a Headers,
}

/// How the request's body ends (RFC 9112, section 6.2: without framing fields there is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestFraming {
    Empty,
    Length(u64),
    Chunked,
}

/// What the machine has to remember of a request that may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub framing: RequestFraming,
    pub asked: Asked,
    pub close: bool,
    has_host: bool,
}

/// Whether the request may be sent, and what its fields mean.
pub(super) fn check(request: &Request<'_>) -> Result<Checked, InvalidRequest> {
    check_method(request.method)?;
    if !is_visible(request.target) || request.target.is_empty() {
        return Err(InvalidRequest::message(
            "the request target is empty, or has a character that must be percent-encoded",
        ));
    }
    request.headers.check()?;
    let checked = read_fields(request)?;
    if !checked.has_host && !is_visible(request.host) {
        return Err(InvalidField::new(
            b"Host",
            "the value has a character that is not allowed in host names",
        )
        .into());
    }
    Ok(checked)
}

/// Append the head's bytes. Host comes first, as RFC 9110, section 7.2 recommends.
pub(super) fn write_head(request: &Request<'_>, checked: Checked, out: &mut Vec<u8>) {
    let fields = request.headers.total_bytes() + 4 * request.headers.len();
    out.reserve(request.method.len() + request.target.len() + request.host.len() + fields + 24);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(request.target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !checked.has_host {
        write_field(b"Host", request.host.as_bytes(), out);
    }
    for field in request.headers.iter() {
        write_field(field.name, field.value, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Append one chunk. An empty piece writes nothing: an empty chunk would end the body.
pub fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    out.reserve(data.len() + 20);
    out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Append the end of a chunked body.
pub fn write_last_chunk(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n\r\n");
}

/// Append a whole body under chunked.
pub fn write_chunked_body(body: &[u8], out: &mut Vec<u8>) {
    write_chunk(body, out);
    write_last_chunk(out);
}

fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn check_method(method: &str) -> Result<(), InvalidRequest> {
    if is_token(method.as_bytes()) {
        return Ok(());
    }
    let shown = shown_name(method.as_bytes());
    Err(InvalidRequest::Method(format!(
        "'{shown}' is not a method: it must be a token such as GET"
    )))
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read_fields(request: &Request<'_>) -> Result<Checked, InvalidRequest> {
    let mut checked = Checked {
        framing: RequestFraming::Empty,
        asked: Asked {
            head: request.method == "HEAD",
            connect: request.method == "CONNECT",
            upgrade: false,
        },
        close: false,
        has_host: false,
    };
    for field in request.headers.iter() {
        match field.kind {
            FieldKind::ContentLength => {
                let length = parse_length(field.value)
                    .map_err(|_| InvalidField::new(field.name, "the value is not a number"))?;
                only_framing(checked.framing)?;
                checked.framing = RequestFraming::Length(length);
            }
            FieldKind::TransferEncoding => {
                if !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(InvalidField::new(
                        field.name,
                        "the only transfer coding that can be sent is chunked",
                    )
                    .into());
                }
                only_framing(checked.framing)?;
                checked.framing = RequestFraming::Chunked;
            }
            FieldKind::Host if checked.has_host => {
                return Err(InvalidField::new(field.name, "there is more than one").into());
            }
            FieldKind::Host => checked.has_host = true,
            FieldKind::Upgrade => checked.asked.upgrade = true,
            FieldKind::Connection => checked.close |= has_option(field.value, b"close"),
            _ => {}
        }
    }
    Ok(checked)
}

fn only_framing(before: RequestFraming) -> Result<(), InvalidRequest> {
    if before == RequestFraming::Empty {
        Ok(())
    } else {
        Err(InvalidRequest::message(
            "there is more than one Content-Length or Transfer-Encoding: exactly one may say where the body ends",
        ))
    }
}
