//! The versions of HTTP/1 that a response may be in.

/// RFC 9112, section 2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}
