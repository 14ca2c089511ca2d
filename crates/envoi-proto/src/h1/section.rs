//! Collecting the lines of a head or a trailer section until the empty line that ends it.

use memchr::memchr_iter;

use super::error::Violation;

/// Bytes of a section that has not ended yet. Each byte is looked at once, however the input is cut.
#[derive(Debug, Default)]
pub(super) struct Section {
    bytes: Vec<u8>,
    line_start: usize,
}

impl Section {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Add input. When the section ends in it, returns how many bytes of the input belong to it.
    ///
    /// A line feed without its carriage return is refused here (RFC 9112, section 2.2 lets a recipient accept it, which is how two
    /// parsers come to disagree on where a message ends). A bare carriage return is refused when the section is parsed.
    pub(super) fn push(&mut self, data: &[u8], limit: usize) -> Result<Option<usize>, Violation> {
        let before = self.bytes.len();
        let window = data.get(..limit.saturating_sub(before)).unwrap_or(data);
        for feed in memchr_iter(b'\n', window) {
            let previous = match feed.checked_sub(1) {
                Some(index) => window.get(index),
                None => self.bytes.last(),
            };
            let position = before + feed;
            if previous != Some(&b'\r') || position == self.line_start {
                return Err(Violation::protocol("a line ends in LF without CR"));
            }
            if position == self.line_start + 1 {
                let consumed = feed + 1;
                self.bytes
                    .extend_from_slice(window.get(..consumed).unwrap_or_default());
                return Ok(Some(consumed));
            }
            self.line_start = position + 1;
        }
        if window.len() < data.len() {
            return Err(Violation::TooLarge(
                format!("the header section is larger than {limit} bytes").into(),
            ));
        }
        self.bytes.extend_from_slice(window);
        Ok(None)
    }

    /// The whole section, its last empty line included; this is then empty again.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.line_start = 0;
        std::mem::take(&mut self.bytes)
    }
}
