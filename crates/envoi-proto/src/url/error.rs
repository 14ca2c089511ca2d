//! Why a URL was refused.

use std::fmt;

/// What is wrong with a URL, in one word; the Python layer chooses its exception by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlErrorKind {
    SchemeMissing,
    SchemeInvalid,
    HostMissing,
    HostInvalid,
    PortInvalid,
    Character,
    TooLong,
}

impl UrlErrorKind {
    /// The name that Python sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SchemeMissing => "scheme-missing",
            Self::SchemeInvalid => "scheme-invalid",
            Self::HostMissing => "host-missing",
            Self::HostInvalid => "host-invalid",
            Self::PortInvalid => "port-invalid",
            Self::Character => "character",
            Self::TooLong => "too-long",
        }
    }
}

/// A URL that cannot be used. The message never has a user name or a password in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    pub kind: UrlErrorKind,
    pub message: String,
}

impl UrlError {
    pub(super) fn new(kind: UrlErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for UrlError {}
