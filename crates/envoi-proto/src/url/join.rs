//! Reference resolution (RFC 3986, section 5.2).

use std::borrow::Cow;

use super::Url;
use super::error::UrlError;
use super::parse::{Parts, Split, clean, from_split, is_strict, parse_authority, split};
use super::quote::{Component, quote};

impl Url {
    /// Resolve a reference, such as a `Location` value, against this URL.
    ///
    /// A scheme that repeats ours, without `//` after it, is skipped (section 5.4.2), as browsers do.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = clean(reference)?;
        let mut split = split(reference);
        let repeats_ours = split
            .scheme
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(self.scheme()))
            && split.authority.is_none()
            && self.has_authority();
        if repeats_ours {
            split.scheme = None;
        }
        match split.scheme {
            Some(scheme) => {
                let mut parts = from_split(scheme, &split)?;
                if parts.authority.is_some() || parts.path.starts_with('/') {
                    parts.path = Cow::Owned(remove_dot_segments(&parts.path));
                }
                Ok(Self::assemble(&parts))
            }
            None => self.join_relative(&split),
        }
    }

    fn join_relative(&self, split: &Split<'_>) -> Result<Self, UrlError> {
        let strict = is_strict(self.scheme());
        let quoted = |text, component| {
            if strict {
                quote(text, component)
            } else {
                Cow::Borrowed(text)
            }
        };
        let mut parts = Parts {
            scheme: Cow::Borrowed(self.scheme()),
            authority: None,
            path: quoted(split.path, Component::Path),
            query: split.query.map(|text| quoted(text, Component::Query)),
            fragment: split.fragment.map(|text| quoted(text, Component::Query)),
        };
        if split.authority.is_some() {
            if !strict {
                parts = from_split(self.scheme(), split)?;
            } else if let Some(text) = split.authority {
                parts.authority = Some(parse_authority(text)?);
            }
            parts.path = Cow::Owned(rooted(remove_dot_segments(&parts.path), strict));
            return Ok(Self::assemble(&parts));
        }
        if split.path.is_empty() {
            parts.path = Cow::Borrowed(self.path());
            if parts.query.is_none() {
                parts.query = self.query().map(Cow::Borrowed);
            }
        } else if split.path.starts_with('/') {
            parts.path = Cow::Owned(remove_dot_segments(&parts.path));
        } else {
            parts.path = Cow::Owned(remove_dot_segments(&self.merge(&parts.path)));
        }
        Ok(self.assemble_with_our_authority(&parts))
    }

    /// RFC 3986, section 5.2.3.
    fn merge(&self, path: &str) -> String {
        if self.has_authority() && self.path().is_empty() {
            return format!("/{path}");
        }
        match self.path().rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{path}"),
            None => path.to_owned(),
        }
    }
}

fn rooted(path: String, strict: bool) -> String {
    if strict && path.is_empty() {
        "/".to_owned()
    } else {
        path
    }
}

/// RFC 3986, section 5.2.4, on segments: linear, and never above the root.
pub(super) fn remove_dot_segments(path: &str) -> String {
    if !path.contains('.') {
        return path.to_owned();
    }
    let (rooted, relative) = match path.strip_prefix('/') {
        Some(relative) => (true, relative),
        None => (false, path),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = relative.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // A dot segment at the end leaves the slash before it.
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut output = String::with_capacity(path.len());
    if rooted {
        output.push('/');
    }
    output.push_str(&kept.join("/"));
    output
}
