//! Reading a section that the strict parser refused, where its faults cannot move the end of a message.
//!
//! Three faults are mended (RFC 9112, sections 2.2 and 5.2; RFC 9110, section 5.5): lines that end in LF alone, folded fields, and
//! control characters in values. Whatever says where a body ends is held to the strict rules here as well: a folded Content-Length
//! or Transfer-Encoding is refused, and so are CR, NUL and malformed names anywhere. Who uses what comes from here must not use the
//! connection again: where the section ended was, perhaps, our opinion alone.

use std::borrow::Cow;

use super::error::Violation;
use super::framing_fields::{FramingFields, trim};
use super::repairs::Repairs;
use crate::headers::{Entry, FieldKind, Span, is_sendable, is_token, shown_name};

/// The longest part of a line that a message repeats: enough to find it, too little to give a secret away.
const SHOWN: usize = 40;

/// A section's fields, indexed in bytes of their own.
pub(super) struct Mended {
    pub bytes: Vec<u8>,
    pub entries: Vec<Entry>,
    pub framing: FramingFields,
    pub repairs: Repairs,
}

#[derive(Clone, Copy)]
struct Line<'a> {
    section: &'static str,
    number: usize,
    text: &'a [u8],
}

struct Field<'a> {
    line: Line<'a>,
    name: &'a [u8],
    value: Cow<'a, [u8]>,
    kind: FieldKind,
}

/// The lines of a section, without their ends; the last one is empty.
pub(super) fn lines(section: &[u8]) -> impl Iterator<Item = &[u8]> {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Read field lines.
///
/// `section` and `number`, the first line's, are for messages. `bytes` is what the index's buffer begins with.
pub(super) fn mend<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    section: &'static str,
    number: usize,
    bytes: Vec<u8>,
    max_fields: usize,
) -> Result<Mended, Violation> {
    let mut mended = Mended {
        bytes,
        entries: Vec::new(),
        framing: FramingFields::default(),
        repairs: Repairs::NONE,
    };
    let lines = lines.filter(|line| !line.is_empty());
    let mut open: Option<Field<'a>> = None;
    for (number, text) in (number..).zip(lines) {
        let line = Line {
            section,
            number,
            text,
        };
        if matches!(text, [b' ' | b'\t', ..]) {
            fold(open.as_mut(), line)?;
            mended.repairs |= Repairs::HEAD_FOLD;
            continue;
        }
        let next = Field::of(line)?;
        if let Some(complete) = open.replace(next) {
            mended.add(&complete, max_fields)?;
        }
    }
    if let Some(complete) = open {
        mended.add(&complete, max_fields)?;
    }
    mended.repairs |= mended.framing.repairs;
    Ok(mended)
}

impl<'a> Field<'a> {
    fn of(line: Line<'a>) -> Result<Self, Violation> {
        let Some(colon) = memchr::memchr(b':', line.text) else {
            return Err(line.refused("it has no colon"));
        };
        let (name, value) = line.text.split_at_checked(colon).unwrap_or_default();
        if name.is_empty() {
            return Err(line.refused("the field has no name"));
        }
        if !is_token(name) {
            let fault = "the field's name has a character that is not allowed in names";
            return Err(line.refused(fault));
        }
        Ok(Self {
            line,
            name,
            value: Cow::Borrowed(trim(value.get(1..).unwrap_or_default())),
            kind: FieldKind::of(name),
        })
    }
}

/// RFC 9112, section 5.2: a user agent must replace an obs-fold with one or more blanks before it interprets the value.
fn fold(open: Option<&mut Field<'_>>, line: Line<'_>) -> Result<(), Violation> {
    let Some(field) = open else {
        // Section 2.2: to be refused, or to be dropped. Dropped, it would hide a length from us that others heed.
        return Err(line.refused("it begins with blanks, and there is no field that it continues"));
    };
    if matches!(
        field.kind,
        FieldKind::ContentLength | FieldKind::TransferEncoding
    ) {
        return Err(line.refused("it continues a field that says where the body ends"));
    }
    let rest = trim(line.text);
    if field.value.is_empty() {
        field.value = Cow::Owned(rest.to_vec());
    } else if !rest.is_empty() {
        let value = field.value.to_mut();
        value.push(b' ');
        value.extend_from_slice(rest);
    }
    Ok(())
}

impl Mended {
    fn add(&mut self, field: &Field<'_>, max_fields: usize) -> Result<(), Violation> {
        if self.entries.len() == max_fields {
            return Err(Violation::TooLarge(
                format!("there are more than {max_fields} header fields").into(),
            ));
        }
        if field.value.iter().any(|byte| matches!(byte, b'\r' | b'\0')) {
            let fault = "the field's value has a forbidden character: CR or NUL";
            return Err(field.line.refused(fault));
        }
        if field.value.iter().any(|byte| is_control(*byte)) {
            self.repairs |= Repairs::HEAD_CONTROL;
        }
        self.framing.note(field.kind, &field.value);
        self.entries.push(Entry {
            name: append(&mut self.bytes, field.name),
            value: append(&mut self.bytes, &field.value),
            kind: field.kind,
            sendable: is_sendable(field.name, &field.value),
            binary: false,
        });
        Ok(())
    }
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

/// Where `part` lies in `bytes`, once it is appended.
pub(super) fn append(bytes: &mut Vec<u8>, part: &[u8]) -> Span {
    let start = bytes.len();
    bytes.extend_from_slice(part);
    Span {
        start,
        end: bytes.len(),
    }
}

impl Line<'_> {
    /// Shows the line as far as its colon: a value may be a secret.
    fn refused(self, fault: &str) -> Violation {
        let shown = self
            .text
            .split(|byte| *byte == b':')
            .next()
            .unwrap_or_default();
        let ellipsis = if shown.len() > SHOWN { "…" } else { "" };
        let shown = shown_name(shown.get(..SHOWN).unwrap_or(shown));
        let Self {
            section, number, ..
        } = self;
        Violation::Protocol(
            format!("line {number} of {section} ('{shown}{ellipsis}'): {fault}").into(),
        )
    }
}
