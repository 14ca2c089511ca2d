//! What remains to be sent of a request's body, held to what its head has promised (RFC 9112, section 6).

use super::encode::RequestFraming;
use super::error::InvalidRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    Length(u64),
    Chunked,
    Ended,
}

impl Sending {
    /// After a head with this framing and `body`, which is the whole body unless it is empty.
    pub(super) fn after_start(
        framing: RequestFraming,
        body: &[u8],
    ) -> Result<Self, InvalidRequest> {
        match framing {
            RequestFraming::Empty if body.is_empty() => Ok(Self::Ended),
            RequestFraming::Empty => Err(InvalidRequest::message(
                "there is a body, but neither Content-Length nor Transfer-Encoding",
            )),
            RequestFraming::Chunked if body.is_empty() => Ok(Self::Chunked),
            RequestFraming::Chunked => Ok(Self::Ended),
            RequestFraming::Length(length) if body.is_empty() => Ok(Self::of(length)),
            RequestFraming::Length(length) if length == body.len() as u64 => Ok(Self::Ended),
            RequestFraming::Length(length) => Err(InvalidRequest::Message(
                format!(
                    "Content-Length is {length}, and the body has {} bytes",
                    body.len()
                )
                .into(),
            )),
        }
    }

    /// One piece goes out. True when it must be framed as a chunk.
    pub(super) fn piece(&mut self, size: usize) -> Result<bool, InvalidRequest> {
        match *self {
            Self::Chunked => return Ok(true),
            Self::Ended if size == 0 => {}
            Self::Ended => {
                return Err(InvalidRequest::message(
                    "the request's body has ended, or the request has none",
                ));
            }
            Self::Length(remaining) => {
                let rest = remaining.checked_sub(size as u64).ok_or_else(|| {
                    InvalidRequest::Message(
                        format!("the body is longer than its Content-Length: {remaining} bytes were left, {size} came").into(),
                    )
                })?;
                *self = Self::of(rest);
            }
        }
        Ok(false)
    }

    /// No more comes. True when the last chunk must be written.
    pub(super) fn end(&mut self) -> Result<bool, InvalidRequest> {
        if let Self::Length(remaining) = *self {
            return Err(InvalidRequest::Message(
                format!(
                    "the body is shorter than its Content-Length: {remaining} bytes are missing"
                )
                .into(),
            ));
        }
        let chunked = *self == Self::Chunked;
        *self = Self::Ended;
        Ok(chunked)
    }

    fn of(remaining: u64) -> Self {
        if remaining == 0 {
            Self::Ended
        } else {
            Self::Length(remaining)
        }
    }
}
