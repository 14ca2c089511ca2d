//! What a field's name and value may contain (RFC 9110, sections 5.1, 5.5 and 5.6.2), and which names matter to the machine.

use std::fmt;

/// Longest part of a name that an error message repeats.
const SHOWN_NAME: usize = 80;

/// The names that HTTP/1.1 framing, persistence, redirects and redaction ask for, recognised once when a field comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Other,
    Authorization,
    Connection,
    ContentEncoding,
    ContentLength,
    Cookie,
    Host,
    KeepAlive,
    Location,
    ProxyAuthorization,
    SetCookie,
    TransferEncoding,
    Upgrade,
}

impl FieldKind {
    pub fn of(name: &[u8]) -> Self {
        let (text, kind): (&[u8], Self) =
            match (name.len(), name.first().map(u8::to_ascii_lowercase)) {
                (4, Some(b'h')) => (b"host", Self::Host),
                (6, Some(b'c')) => (b"cookie", Self::Cookie),
                (7, Some(b'u')) => (b"upgrade", Self::Upgrade),
                (8, Some(b'l')) => (b"location", Self::Location),
                (10, Some(b'c')) => (b"connection", Self::Connection),
                (10, Some(b'k')) => (b"keep-alive", Self::KeepAlive),
                (10, Some(b's')) => (b"set-cookie", Self::SetCookie),
                (13, Some(b'a')) => (b"authorization", Self::Authorization),
                (14, Some(b'c')) => (b"content-length", Self::ContentLength),
                (16, Some(b'c')) => (b"content-encoding", Self::ContentEncoding),
                (17, Some(b't')) => (b"transfer-encoding", Self::TransferEncoding),
                (19, Some(b'p')) => (b"proxy-authorization", Self::ProxyAuthorization),
                _ => return Self::Other,
            };
        if name.eq_ignore_ascii_case(text) {
            kind
        } else {
            Self::Other
        }
    }

    /// Whether the value is a credential, never to be shown in a `repr` or a log.
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Authorization | Self::ProxyAuthorization | Self::Cookie | Self::SetCookie
        )
    }
}

/// A field that must not be sent. The message names the field and never shows its value, which may be a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField(String);

impl InvalidField {
    pub(crate) fn new(name: &[u8], what: &str) -> Self {
        Self(format!("header '{}': {what}", shown_name(name)))
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidField {}

/// A name fit for a message: escaped, and cut when it is long.
pub fn shown_name(name: &[u8]) -> String {
    let shown = name.get(..SHOWN_NAME).unwrap_or(name);
    let ellipsis = if shown.len() < name.len() { "…" } else { "" };
    format!("{}{ellipsis}", shown.escape_ascii())
}

const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0u8;
    loop {
        #[allow(clippy::indexing_slicing)]
        // the table has an entry for every byte, and this runs in the compiler
        {
            table[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
        }
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

static TOKEN: [bool; 256] = token_table();

/// RFC 9110, section 5.6.2: `token = 1*tchar`.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| TOKEN.get(usize::from(*byte)).copied().unwrap_or(false))
}

/// Whether a field may be sent.
pub(crate) fn is_sendable(name: &[u8], value: &[u8]) -> bool {
    is_token(name) && is_sendable_value(value)
}

/// The same, with the reason.
pub(crate) fn check_field(name: &[u8], value: &[u8]) -> Result<(), InvalidField> {
    if is_sendable(name, value) {
        Ok(())
    } else {
        Err(problem(name, value))
    }
}

/// RFC 9110, section 5.5: visible characters, obs-text, and inside the value space and tab.
fn is_sendable_value(value: &[u8]) -> bool {
    value.iter().all(|byte| !is_forbidden(*byte)) && !has_outer_whitespace(value)
}

fn is_forbidden(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

fn has_outer_whitespace(value: &[u8]) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    blank(value.first()) || blank(value.last())
}

/// Why the field cannot be sent; only called for one that cannot.
pub(crate) fn problem(name: &[u8], value: &[u8]) -> InvalidField {
    let what = if name.is_empty() {
        "the name is empty"
    } else if !is_token(name) {
        "the name has a character that is not allowed in names"
    } else if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        "the value contains a line break"
    } else if value.iter().any(|byte| is_forbidden(*byte)) {
        "the value contains a control character"
    } else {
        "the value starts or ends with whitespace"
    };
    InvalidField::new(name, what)
}
