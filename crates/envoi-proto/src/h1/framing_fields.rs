//! What a head's fields say about framing and persistence, and how their values are read.
//!
//! Below both `head`, which notes the fields while it indexes them, and `framing`, which decides by them.

use super::error::Violation;
use super::repairs::Repairs;
use super::version::Version;
use crate::headers::{FieldKind, is_token};

/// What the fields of one head say about framing and persistence. A contradiction is kept, not raised: a 2xx to CONNECT must be
/// accepted whatever these fields say (RFC 9112, section 6.3, rule 2).
#[allow(
    clippy::struct_excessive_bools,
    reason = "what fields say, each independent of the others"
)]
#[derive(Clone, Debug, Default)]
pub(super) struct FramingFields {
    pub length: Option<u64>,
    pub chunked: bool,
    /// There is a Transfer-Encoding, and nothing in it is chunked.
    pub unknown_coding: bool,
    pub close: bool,
    pub keep_alive: bool,
    pub repairs: Repairs,
    /// How many digits `length` was written with.
    digits: usize,
    problem: Option<Violation>,
}

impl FramingFields {
    pub(super) fn note(&mut self, kind: FieldKind, value: &[u8]) {
        let outcome = match kind {
            FieldKind::ContentLength => self.note_length(value),
            FieldKind::TransferEncoding => self.note_coding(value),
            FieldKind::Connection => {
                self.note_connection(value);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(problem) = outcome {
            self.problem.get_or_insert(problem);
        }
    }

    /// Whether the fields agree with one another, and with the head's version (RFC 9112, sections 6.1 and 6.3).
    pub(super) fn check(&self, version: Version) -> Result<(), Violation> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let coded = self.chunked || self.unknown_coding;
        if coded && self.length.is_some() {
            return Err(Violation::framing(
                "there are both Content-Length and Transfer-Encoding",
            ));
        }
        if coded && version == Version::Http10 {
            return Err(Violation::protocol(
                "an HTTP/1.0 answer has a Transfer-Encoding",
            ));
        }
        Ok(())
    }

    /// What `check` says, without the reason.
    pub(super) fn agrees(&self, version: Version) -> bool {
        let coded = self.chunked || self.unknown_coding;
        self.problem.is_none() && !(coded && (self.length.is_some() || version == Version::Http10))
    }

    /// RFC 9112, section 6.3, rule 5: a list, or several fields, is acceptable when all members are identical: `030` is not `30`,
    /// which some read as an octal number.
    fn note_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        for member in value.split(|byte| *byte == b',') {
            let member = trim(member);
            let length = parse_length(member).map_err(Violation::framing)?;
            if self
                .length
                .is_some_and(|other| other != length || self.digits != member.len())
            {
                return Err(Violation::framing(
                    "there are two different Content-Length values",
                ));
            }
            self.length = Some(length);
            self.digits = member.len();
        }
        Ok(())
    }

    fn note_coding(&mut self, value: &[u8]) -> Result<(), Violation> {
        if !self.chunked && !self.unknown_coding && value.eq_ignore_ascii_case(b"chunked") {
            self.chunked = true;
            return Ok(());
        }
        self.note_codings(value)
    }

    /// `chunked` once and alone, or none of it: no request of ours offers another transfer coding (RFC 9112, section 7.4), and
    /// one beside chunked is how two parsers come to disagree. Where chunked is not in it, the body ends with the connection
    /// (section 6.3, rule 4). Empty members are ignored (RFC 9110, section 5.6.1.2).
    #[cold]
    fn note_codings(&mut self, value: &[u8]) -> Result<(), Violation> {
        const REFUSED: Violation =
            Violation::protocol("the Transfer-Encoding is not supported: only a single chunked is");
        let mut none = true;
        for member in value.split(|byte| *byte == b',').map(trim) {
            if member.is_empty() {
                self.repairs |= Repairs::EMPTY_CODING;
                continue;
            }
            none = false;
            let mut parts = member.split(|byte| *byte == b';');
            let name = trim(parts.next().unwrap_or_default());
            if !is_token(name) {
                return Err(REFUSED);
            }
            if !name.eq_ignore_ascii_case(b"chunked") {
                self.unknown_coding = true;
            } else if self.chunked || parts.next().is_some() {
                return Err(REFUSED);
            } else {
                self.chunked = true;
            }
        }
        self.unknown_coding |= none && !self.chunked;
        if self.unknown_coding {
            self.repairs |= Repairs::UNKNOWN_CODING;
        }
        if self.chunked && self.unknown_coding {
            return Err(REFUSED);
        }
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        self.close |= has_option(value, b"close");
        self.keep_alive |= has_option(value, b"keep-alive");
    }
}

/// Whether no answer of this status has a body (RFC 9112, section 6.3, rule 1).
pub(super) fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

/// Whether a Connection value has this option. `option` is in lower case.
pub(super) fn has_option(value: &[u8], option: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|member| trim(member).eq_ignore_ascii_case(option))
}

/// `1*DIGIT` and nothing else: no sign, no base, no separator, nothing above `u64`.
pub(super) fn parse_length(digits: &[u8]) -> Result<u64, &'static str> {
    let parsed = digits.iter().try_fold(0u64, |length, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    });
    match parsed {
        Some(length) if !digits.is_empty() => Ok(length),
        None if digits.iter().all(u8::is_ascii_digit) => Err("Content-Length is too large"),
        _ => Err("Content-Length is not a number"),
    }
}

/// Without the optional whitespace (SP and HTAB) around it (RFC 9110, section 5.6.3).
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes
        .iter()
        .position(|byte| !blank(byte))
        .unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(|byte| !blank(byte))
        .map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}
