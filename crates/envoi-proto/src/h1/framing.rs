//! Where a response's body ends, and whether the connection survives it (RFC 9112, sections 6.3 and 9.3).

use super::error::Violation;
use super::framing_fields::is_bodiless;
use super::head::Head;
use super::version::Version;

/// How a response's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
    /// No HTTP/1.1 follows on this connection.
    Switch,
}

/// What of the request decides the answer's framing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub head: bool,
    pub connect: bool,
    pub upgrade: bool,
}

/// RFC 9112, section 6.3, in its order of precedence.
pub(super) fn body_framing(head: &Head, asked: Asked) -> Result<Framing, Violation> {
    if asked.connect && (200..300).contains(&head.status) {
        return Ok(Framing::Switch);
    }
    if head.status == 101 {
        // RFC 9110, section 7.8: a server must not switch to what the client did not offer.
        return if asked.upgrade {
            Ok(Framing::Switch)
        } else {
            Err(Violation::protocol(
                "the server switched protocols without being asked",
            ))
        };
    }
    // Rule 1 comes first: what the fields say of the length is not asked here.
    if asked.head || is_bodiless(head.status) {
        return Ok(Framing::Empty);
    }
    let fields = &head.framing;
    fields.check(head.version)?;
    Ok(match fields.length {
        _ if fields.chunked => Framing::Chunked,
        _ if fields.unknown_coding => Framing::UntilClose,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    })
}

/// RFC 9112, section 9.3. A head that was mended, or whose fields contradict each other, is the connection's last: where it ended
/// may be our opinion alone.
pub(super) fn persists(head: &Head, framing: Framing) -> bool {
    !says_close(head) && framing != Framing::UntilClose && is_plain(head)
}

/// Whether a final answer shows that the server wants no more of the request's body (RFC 9112, section 9.5). A body that ends with
/// the connection does not: it may last as long as the request.
pub(super) fn declines(head: &Head, framing: Framing) -> bool {
    head.status >= 400 || framing == Framing::Switch || says_close(head)
}

fn says_close(head: &Head) -> bool {
    let fields = &head.framing;
    let offered = match head.version {
        Version::Http11 => true,
        Version::Http10 => fields.keep_alive,
    };
    !offered || fields.close
}

/// Whether nothing in the head leaves room for another opinion on where it, or its body, ends.
pub(super) fn is_plain(head: &Head) -> bool {
    head.repairs.is_empty() && head.framing.agrees(head.version)
}
