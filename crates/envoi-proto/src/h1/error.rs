//! What can go wrong on either side of the connection.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::fmt;

use crate::headers::InvalidField;

/// The peer broke the protocol, or the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Bytes that HTTP/1.1 does not allow.
    Protocol(Cow<'static, str>),
    /// The stream ended before the message did.
    Incomplete(Cow<'static, str>),
    /// The stream ended inside the head.
    IncompleteHead(Cow<'static, str>),
    /// What the head says of the body's length contradicts itself, or means nothing.
    Framing(Cow<'static, str>),
    /// A limit was passed.
    TooLarge(Cow<'static, str>),
    /// There is no memory for what came.
    OutOfMemory,
}

impl Violation {
    pub(crate) const fn protocol(message: &'static str) -> Self {
        Self::Protocol(Cow::Borrowed(message))
    }

    pub(crate) const fn framing(message: &'static str) -> Self {
        Self::Framing(Cow::Borrowed(message))
    }

    pub(crate) const fn incomplete(message: &'static str) -> Self {
        Self::Incomplete(Cow::Borrowed(message))
    }

    pub(crate) const fn too_large(message: &'static str) -> Self {
        Self::TooLarge(Cow::Borrowed(message))
    }

    pub(crate) fn out_of_memory(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }

    pub fn message(&self) -> &str {
        match self {
            Self::Protocol(message)
            | Self::Incomplete(message)
            | Self::IncompleteHead(message)
            | Self::Framing(message)
            | Self::TooLarge(message) => message,
            Self::OutOfMemory => "there is no memory left for what the peer sent",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl std::error::Error for Violation {}

/// The parts given do not make a response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidHead {
    /// The status code or the reason phrase.
    Message(&'static str),
    Field(InvalidField),
    /// What the fields say of the body's length contradicts itself, or means nothing.
    Framing(Violation),
}

impl From<InvalidField> for InvalidHead {
    fn from(field: InvalidField) -> Self {
        Self::Field(field)
    }
}

impl From<Violation> for InvalidHead {
    fn from(violation: Violation) -> Self {
        Self::Framing(violation)
    }
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(text) => formatter.write_str(text),
            Self::Field(field) => field.fmt(formatter),
            Self::Framing(violation) => violation.fmt(formatter),
        }
    }
}

impl std::error::Error for InvalidHead {}

/// The caller asked to send what must not be sent. The machine is as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRequest {
    Message(Cow<'static, str>),
    Field(InvalidField),
    Method(String),
}

impl InvalidRequest {
    pub(crate) const fn message(text: &'static str) -> Self {
        Self::Message(Cow::Borrowed(text))
    }
}

impl From<InvalidField> for InvalidRequest {
    fn from(field: InvalidField) -> Self {
        Self::Field(field)
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(text) => formatter.write_str(text),
            Self::Field(field) => field.fmt(formatter),
            Self::Method(text) => formatter.write_str(text),
        }
    }
}

impl std::error::Error for InvalidRequest {}
