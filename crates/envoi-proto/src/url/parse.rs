//! From text to components: what is refused, and what is kept as written.

use std::borrow::Cow;

use super::error::{UrlError, UrlErrorKind};
use super::host::{Host, HostForm, parse_host};
use super::quote::{Component, quote};

/// The longest URL that is read, in characters.
pub const MAX_URL_LENGTH: usize = 65_536;

/// The five components of RFC 3986, section 3, ready to be written out.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub scheme: Cow<'a, str>,
    pub authority: Option<Authority<'a>>,
    pub path: Cow<'a, str>,
    pub query: Option<Cow<'a, str>>,
    pub fragment: Option<Cow<'a, str>>,
}

#[derive(Debug)]
pub(super) struct Authority<'a> {
    pub userinfo: Option<Cow<'a, str>>,
    pub host: Host<'a>,
    pub port: Option<u16>,
}

/// The same components as they stand in the text (RFC 3986, appendix B).
#[derive(Debug)]
pub(super) struct Split<'a> {
    pub scheme: Option<&'a str>,
    pub authority: Option<&'a str>,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub fragment: Option<&'a str>,
}

/// Read an absolute URL.
pub(super) fn parse(text: &str) -> Result<Parts<'_>, UrlError> {
    let text = clean(text)?;
    let split = split(text);
    let Some(scheme) = split.scheme else {
        return Err(without_scheme(text));
    };
    from_split(scheme, &split)
}

/// The text without surrounding white space; too much of it, and control characters, are refused.
pub(super) fn clean(text: &str) -> Result<&str, UrlError> {
    // Python's str.lstrip() also takes the four separators U+001C to U+001F.
    let text = text
        .trim_start_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
        .trim_end_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    if text.len() > MAX_URL_LENGTH && text.chars().count() > MAX_URL_LENGTH {
        return Err(UrlError::new(
            UrlErrorKind::TooLong,
            format!(
                "The URL is longer than {MAX_URL_LENGTH} characters: send long data in the body"
            ),
        ));
    }
    if let Some(byte) = text.bytes().find(u8::is_ascii_control) {
        return Err(UrlError::new(
            UrlErrorKind::Character,
            format!(
                "The URL has a control character (0x{byte:02x}): percent-encode it, or take it out"
            ),
        ));
    }
    Ok(text)
}

pub(super) fn split(text: &str) -> Split<'_> {
    let (rest, fragment) = cut(text, '#');
    let (rest, query) = cut(rest, '?');
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        None => (None, rest),
        Some(rest) => {
            let (authority, path) = rest
                .find('/')
                .and_then(|position| rest.split_at_checked(position))
                .unwrap_or((rest, ""));
            (Some(authority), path)
        }
    };
    Split {
        scheme,
        authority,
        path,
        query,
        fragment,
    }
}

fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_scheme(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Schemes that name an Internet host, whose URLs are checked and quoted. All others are passed through as written.
pub(super) fn is_strict(scheme: &str) -> bool {
    matches!(
        scheme,
        "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h"
    )
}

/// Check the components of an absolute URL, and quote them.
pub(super) fn from_split<'a>(scheme: &'a str, split: &Split<'a>) -> Result<Parts<'a>, UrlError> {
    let scheme = lower(scheme);
    if !is_strict(&scheme) {
        return pass_through(scheme, split);
    }
    let Some(authority) = split.authority else {
        return Err(UrlError::new(
            UrlErrorKind::HostMissing,
            format!(
                "The URL has no host: two slashes must follow \"{scheme}:\", as in {scheme}://host/path"
            ),
        ));
    };
    let authority = parse_authority(authority)?;
    let path = if split.path.is_empty() {
        "/"
    } else {
        split.path
    };
    Ok(Parts {
        scheme,
        authority: Some(authority),
        path: quote(path, Component::Path),
        query: split.query.map(|query| quote(query, Component::Query)),
        fragment: split
            .fragment
            .map(|fragment| quote(fragment, Component::Query)),
    })
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Check the authority of an http-like URL. Errors do not repeat it: it may hold a password.
pub(super) fn parse_authority(text: &str) -> Result<Authority<'_>, UrlError> {
    if text.contains('\\') {
        return Err(UrlError::new(
            UrlErrorKind::HostInvalid,
            "The URL has a backslash before its path: write slashes",
        ));
    }
    let (userinfo, host_and_port) = match text.split_once('@') {
        None => (None, text),
        Some((userinfo, rest)) => (Some(userinfo), rest),
    };
    if host_and_port.contains('@') {
        return Err(UrlError::new(
            UrlErrorKind::HostInvalid,
            "The URL has more than one @ before its path: write an @ in a user name or password as %40",
        ));
    }
    let (host, port) = split_port(host_and_port);
    Ok(Authority {
        userinfo: userinfo.map(|userinfo| quote(userinfo, Component::Userinfo)),
        host: parse_host(host)?,
        port: port.map_or(Ok(None), parse_port)?,
    })
}

fn split_port(text: &str) -> (&str, Option<&str>) {
    // Within brackets, colons belong to the IPv6 address.
    let after_bracket = text.rfind(']').unwrap_or(0);
    match text.rfind(':') {
        Some(colon) if colon >= after_bracket => match text.split_at_checked(colon) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => (text, None),
        },
        _ => (text, None),
    }
}

/// An empty port is the scheme's default (RFC 3986, section 3.2.3).
fn parse_port(text: &str) -> Result<Option<u16>, UrlError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if digits => Ok(Some(port)),
        _ => Err(UrlError::new(
            UrlErrorKind::PortInvalid,
            "The URL's port is not a number from 0 to 65535; a slash, ? or # in a password must be percent-encoded",
        )),
    }
}

fn pass_through<'a>(scheme: Cow<'a, str>, split: &Split<'a>) -> Result<Parts<'a>, UrlError> {
    if split.authority.is_none() && looks_like_host_and_port(&scheme, split.path) {
        return Err(UrlError::new(
            UrlErrorKind::SchemeInvalid,
            format!(
                "\"{scheme}:\" is read as a scheme: perhaps you meant http://{scheme}:{}",
                split.path
            ),
        ));
    }
    let authority = split.authority.map(|text| {
        let (userinfo, rest) = match text.rsplit_once('@') {
            None => (None, text),
            Some((userinfo, rest)) => (Some(userinfo), rest),
        };
        let (host, port) = lenient_port(rest);
        Authority {
            userinfo: userinfo.map(Cow::Borrowed),
            host: Host {
                name: Cow::Borrowed(host),
                spelling: None,
                form: HostForm::Name,
                zone: None,
            },
            port,
        }
    });
    Ok(Parts {
        scheme,
        authority,
        path: Cow::Borrowed(split.path),
        query: split.query.map(Cow::Borrowed),
        fragment: split.fragment.map(Cow::Borrowed),
    })
}

/// A port only where writing it out again gives the same text; else it is part of the host.
fn lenient_port(text: &str) -> (&str, Option<u16>) {
    let (host, port) = split_port(text);
    let number = port.and_then(|port| port.parse::<u16>().ok());
    match number {
        Some(number) if port == Some(number.to_string().as_str()) => (host, Some(number)),
        _ => (text, None),
    }
}

/// `localhost:8080/path` and `example.com:80`: a scheme by the grammar, a forgotten `http://` by intent.
fn looks_like_host_and_port(scheme: &str, path: &str) -> bool {
    let port = path.split('/').next().unwrap_or_default();
    (scheme == "localhost" || scheme.contains('.'))
        && (1..=5).contains(&port.len())
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// requests takes text that has a colon, and does not begin with "http", for a URL of an unknown scheme.
fn without_scheme(text: &str) -> UrlError {
    let begins_http = text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("http"));
    let kind = if text.contains(':') && !begins_http {
        UrlErrorKind::SchemeInvalid
    } else {
        UrlErrorKind::SchemeMissing
    };
    let without_slashes = text.trim_start_matches('/');
    let start = without_slashes.split(['?', '#']).next().unwrap_or_default();
    if text.contains('@') || start.is_empty() || start.chars().count() > 200 {
        return UrlError::new(
            kind,
            "The URL has no valid scheme: begin it with https:// or http://",
        );
    }
    UrlError::new(
        kind,
        format!("The URL has no valid scheme: perhaps you meant https://{start}"),
    )
}
