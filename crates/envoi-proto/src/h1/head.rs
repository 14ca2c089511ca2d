//! A response head (RFC 9112, sections 4 and 5): parsed once all of it is there, or made of parts.
//!
//! Both ways end in the same `Head`: one buffer, an index of spans into it, and what the fields say about framing. A made one
//! keeps the rules of a parsed one, so that nobody who is handed a head needs to know where it comes from.

use std::mem::MaybeUninit;

use super::error::{InvalidHead, Violation};
use super::framing_fields::{FramingFields, is_bodiless, trim};
use super::mend::{Mended, append, lines, mend};
use super::repairs::Repairs;
use super::version::Version;
use crate::headers::{Entry, FieldKind, Headers, Span, check_field};

/// Every HTTP/1.x answer starts so; anything else is another protocol, and is refused before its first line ends.
const PREFIX: &[u8] = b"HTTP/1.";

/// Up to this many fields are indexed on the stack.
const STACK_FIELDS: usize = 64;

/// A response head: the bytes as received, an index of its fields, and what the machine and its user ask for at once.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub version: Version,
    headers: Headers,
    pub content_length: Option<u64>,
    pub sets_cookies: bool,
    /// What was mended of it.
    pub repairs: Repairs,
    pub(super) framing: FramingFields,
    reason: Span,
}

impl Head {
    /// A head of these parts, under the rules that a parsed one keeps, and equal to what parsing its bytes gives. Blanks around a
    /// value are no part of it (RFC 9110, section 5.5). What limits a peer's heads (`Limits`) does not limit these.
    pub fn of(
        status: u16,
        reason: &[u8],
        version: Version,
        fields: &Headers,
    ) -> Result<Self, InvalidHead> {
        if !(100..=999).contains(&status) {
            return Err(InvalidHead::Message(
                "the status code is not between 100 and 999",
            ));
        }
        if !reason.iter().all(|byte| is_text(*byte)) {
            return Err(InvalidHead::Message(
                "the reason phrase has a control character",
            ));
        }
        let mut bytes = Vec::with_capacity(reason.len() + fields.total_bytes());
        let mut entries = Vec::with_capacity(fields.len());
        let mut framing = FramingFields::default();
        let reason = append(&mut bytes, reason);
        for field in fields.iter() {
            let value = trim(field.value);
            check_field(field.name, value)?;
            framing.note(field.kind, value);
            entries.push(Entry {
                name: append(&mut bytes, field.name),
                value: append(&mut bytes, value),
                kind: field.kind,
                binary: false,
                sendable: true,
            });
        }
        if !is_bodiless(status) {
            framing.check(version)?;
        }
        Ok(Self::indexed(
            status, version, reason, bytes, entries, framing,
        ))
    }

    fn indexed(
        status: u16,
        version: Version,
        reason: Span,
        bytes: Vec<u8>,
        entries: Vec<Entry>,
        framing: FramingFields,
    ) -> Self {
        Self {
            status,
            version,
            content_length: framing.length,
            sets_cookies: entries
                .iter()
                .any(|entry| entry.kind == FieldKind::SetCookie),
            repairs: framing.repairs,
            framing,
            reason,
            headers: Headers::from_parts(bytes, entries),
        }
    }

    /// The header fields, in the bytes as received.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The reason phrase as sent, often empty.
    pub fn reason(&self) -> &[u8] {
        self.headers.slice(self.reason)
    }

    /// Whether there are several Location fields, and they differ (RFC 9110, section 10.2.2: there is one).
    pub fn location_is_ambiguous(&self) -> bool {
        let mut places = self
            .headers
            .iter()
            .filter(|field| field.kind == FieldKind::Location)
            .map(|field| field.value);
        places
            .next()
            .is_some_and(|first| places.any(|other| other != first))
    }

    /// The first Location value.
    pub fn location(&self) -> Option<&[u8]> {
        self.headers.first_of_kind(FieldKind::Location)
    }
}

/// Refuse what cannot become an HTTP/1.x head, as early as its bytes show it. Empty lines before it are not tolerated: RFC 9112,
/// section 2.2 allows that to servers only.
pub(super) fn check_prefix(received: &[u8], more: &[u8]) -> Result<(), Violation> {
    let start = received.iter().chain(more).take(PREFIX.len());
    if start.zip(PREFIX).all(|(byte, expected)| byte == expected) {
        Ok(())
    } else {
        Err(Violation::protocol(
            "the answer is not HTTP/1.0 or HTTP/1.1",
        ))
    }
}

/// Parse a whole head, its empty line included: strictly, and where that refuses it, mended. `bare_line_feed` says that a line ends
/// in LF alone, which is how a section is mended as well.
pub(super) fn parse(
    bytes: Vec<u8>,
    bare_line_feed: bool,
    max_fields: usize,
) -> Result<Head, Violation> {
    if bare_line_feed {
        let mut head = parse_mended(&bytes, max_fields)?;
        head.repairs |= Repairs::HEAD_LINE_FEED;
        return Ok(head);
    }
    let (line, entries, framing) = match parse_strictly(&bytes, max_fields) {
        Ok(parts) => parts,
        Err(strict @ Violation::Protocol(_)) => {
            let head = parse_mended(&bytes, max_fields)?;
            let newer = bytes.get(..9).is_some_and(is_newer);
            return if head.repairs.is_empty() && !newer {
                Err(strict)
            } else {
                Ok(head)
            };
        }
        Err(violation) => return Err(violation),
    };
    Ok(Head::indexed(
        line.status,
        line.version,
        line.reason,
        bytes,
        entries,
        framing,
    ))
}

fn parse_strictly(
    bytes: &[u8],
    max_fields: usize,
) -> Result<(StatusLine, Vec<Entry>, FramingFields), Violation> {
    let line = StatusLine::parse(bytes)?;
    let (entries, framing) = parse_fields(bytes, max_fields)?;
    Ok((line, entries, framing))
}

#[cold]
fn parse_mended(section: &[u8], max_fields: usize) -> Result<Head, Violation> {
    let mut lines = lines(section);
    let mut first = lines.next().unwrap_or_default().to_vec();
    // RFC 9110, section 2.5: a higher minor version is read as the highest one that is known.
    if first.get(..9).is_some_and(is_newer)
        && let Some(minor) = first.get_mut(7)
    {
        *minor = b'1';
    }
    first.extend_from_slice(b"\r\n");
    let line = StatusLine::parse(&first)?;
    let mended = mend(lines, "the head", 2, first, max_fields)?;
    let mut head = Head::indexed(
        line.status,
        line.version,
        line.reason,
        mended.bytes,
        mended.entries,
        mended.framing,
    );
    head.repairs = mended.repairs;
    Ok(head)
}

/// Parse a trailer section, its empty line included (RFC 9112, section 7.1.2), as `parse` does.
pub(super) fn parse_trailers(
    bytes: Vec<u8>,
    bare_line_feed: bool,
    max_fields: usize,
) -> Result<(Headers, Repairs), Violation> {
    if bytes == b"\r\n" {
        return Ok((Headers::new(), Repairs::NONE));
    }
    if !bare_line_feed {
        let mut memory = vec![httparse::EMPTY_HEADER; max_fields];
        match httparse::parse_headers(&bytes, &mut memory) {
            Ok(httparse::Status::Complete((_, headers))) => {
                let entries = index(&bytes, headers, |_, _| ());
                return Ok((Headers::from_parts(bytes, entries), Repairs::NONE));
            }
            Err(error @ httparse::Error::TooManyHeaders) => {
                return Err(violation(error, max_fields));
            }
            Ok(httparse::Status::Partial) | Err(_) => {}
        }
    }
    let Mended {
        bytes,
        entries,
        mut repairs,
        ..  // what a trailer says of framing is not heeded, and so is no fault of the message
    } = mend(lines(&bytes), "the trailers", 1, Vec::new(), max_fields)?;
    if bare_line_feed {
        repairs |= Repairs::HEAD_LINE_FEED;
    }
    Ok((Headers::from_parts(bytes, entries), repairs.in_trailers()))
}

/// Whether a status line begins with a minor version above those that are known.
fn is_newer(start: &[u8]) -> bool {
    matches!(
        start,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9', b' ']
    )
}

struct StatusLine {
    version: Version,
    status: u16,
    reason: Span,
}

impl StatusLine {
    /// RFC 9112, section 4. `HTTP/1.1 200` without the space before an empty reason is wrong and widespread, and harmless.
    fn parse(bytes: &[u8]) -> Result<Self, Violation> {
        const MALFORMED: Violation = Violation::protocol("the status line is malformed");
        let end = memchr::memchr(b'\n', bytes).ok_or(MALFORMED)? + 1;
        let line = bytes.get(..end.saturating_sub(2)).ok_or(MALFORMED)?;
        let version = match line.get(..9) {
            Some(b"HTTP/1.1 ") => Version::Http11,
            Some(b"HTTP/1.0 ") => Version::Http10,
            _ => {
                return Err(Violation::protocol(
                    "the answer is not HTTP/1.0 or HTTP/1.1",
                ));
            }
        };
        let status = match line.get(9..12) {
            Some(&[a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => {
                return Err(Violation::protocol(
                    "the status code is not three digits from 100 to 999",
                ));
            }
        };
        let reason = Span {
            start: (12 + 1).min(line.len()),
            end: line.len(),
        };
        if !matches!(line.get(12), None | Some(b' '))
            || !reason.of(bytes).iter().all(|b| is_text(*b))
        {
            return Err(MALFORMED);
        }
        Ok(Self {
            version,
            status,
            reason,
        })
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}

/// The fields of a head. httparse is given the status line again, because only its whole-response call takes memory as it comes.
fn parse_fields(bytes: &[u8], max_fields: usize) -> Result<(Vec<Entry>, FramingFields), Violation> {
    let mut few = [const { MaybeUninit::uninit() }; STACK_FIELDS];
    let on_stack = few
        .get_mut(..max_fields.min(STACK_FIELDS))
        .unwrap_or_default();
    match index_response(bytes, on_stack) {
        Err(httparse::Error::TooManyHeaders) if max_fields > STACK_FIELDS => {
            let mut many = vec![MaybeUninit::uninit(); max_fields];
            index_response(bytes, &mut many)
        }
        outcome => outcome,
    }
    .map_err(|error| violation(error, max_fields))
}

fn index_response<'a>(
    bytes: &'a [u8],
    memory: &mut [MaybeUninit<httparse::Header<'a>>],
) -> Result<(Vec<Entry>, FramingFields), httparse::Error> {
    let mut response = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    // Said, not assumed: another default in a later httparse would be a smuggling hole here.
    config
        .allow_spaces_after_header_name_in_responses(false)
        .allow_obsolete_multiline_headers_in_responses(false)
        .ignore_invalid_headers_in_responses(false);
    if config
        .parse_response_with_uninit_headers(&mut response, bytes, memory)?
        .is_partial()
    {
        return Err(httparse::Error::NewLine);
    }
    let mut framing = FramingFields::default();
    let entries = index(bytes, response.headers, |kind, value| {
        framing.note(kind, value);
    });
    Ok((entries, framing))
}

fn index(
    bytes: &[u8],
    headers: &[httparse::Header<'_>],
    mut note: impl FnMut(FieldKind, &[u8]),
) -> Vec<Entry> {
    headers
        .iter()
        .map(|header| {
            let kind = FieldKind::of(header.name.as_bytes());
            note(kind, header.value);
            Entry {
                name: span_within(bytes, header.name.as_bytes()),
                value: span_within(bytes, header.value),
                kind,
                binary: false,
                sendable: true,
            }
        })
        .collect()
}

/// Where `part`, a slice of `whole`, lies in it.
fn span_within(whole: &[u8], part: &[u8]) -> Span {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    Span {
        start,
        end: start + part.len(),
    }
}

fn violation(error: httparse::Error, max_fields: usize) -> Violation {
    match error {
        httparse::Error::TooManyHeaders => {
            Violation::TooLarge(format!("there are more than {max_fields} header fields").into())
        }
        httparse::Error::HeaderName => Violation::protocol("a header field's name is malformed"),
        httparse::Error::HeaderValue => {
            Violation::protocol("a header field's value has a forbidden character")
        }
        _ => Violation::protocol("the header section is malformed"),
    }
}
