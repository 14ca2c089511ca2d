//! Collecting the lines of a head or a trailer section until the empty line that ends it.

use memchr::memchr_iter;

use super::error::Violation;

/// Bytes of a section that has not ended yet. Each byte is looked at once, however the input is cut.
#[derive(Debug, Default)]
pub(super) struct Section {
    bytes: Vec<u8>,
    line_start: usize,
    bare_line_feed: bool,
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
    /// A line feed ends a line without a carriage return as well (RFC 9112, section 2.2), and is remembered: two parsers may
    /// disagree on where such a section ends. A bare carriage return is refused when the section is parsed.
    pub(super) fn push(&mut self, data: &[u8], limit: usize) -> Result<Option<usize>, Violation> {
        let before = self.bytes.len();
        let window = data.get(..limit.saturating_sub(before)).unwrap_or(data);
        for feed in memchr_iter(b'\n', window) {
            let previous = match feed.checked_sub(1) {
                Some(index) => window.get(index),
                None => self.bytes.last(),
            };
            let position = before + feed;
            let mut line_end = position;
            if previous == Some(&b'\r') && position > self.line_start {
                line_end -= 1;
            } else {
                self.bare_line_feed = true;
            }
            if line_end == self.line_start {
                let consumed = feed + 1;
                self.append(window.get(..consumed).unwrap_or_default())?;
                return Ok(Some(consumed));
            }
            self.line_start = position + 1;
        }
        if window.len() < data.len() {
            return Err(Violation::TooLarge(
                format!("the header section is larger than {limit} bytes").into(),
            ));
        }
        self.append(window)?;
        Ok(None)
    }

    /// The whole section, its last empty line included, and whether a line of it ended in LF alone; this is then empty again.
    pub(super) fn take(&mut self) -> (Vec<u8>, bool) {
        self.line_start = 0;
        let bare_line_feed = std::mem::take(&mut self.bare_line_feed);
        (std::mem::take(&mut self.bytes), bare_line_feed)
    }

    fn append(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.bytes
            .try_reserve(data.len())
            .map_err(Violation::out_of_memory)?;
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}
