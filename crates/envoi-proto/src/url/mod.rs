//! URLs (RFC 3986) that keep the caller's bytes.
//!
//! There is one parser for everything that looks at a URL: connecting, `Host`, SNI, cookies, proxies and credentials.
//! What readers are known to disagree about (backslashes, two `@`, encoded hosts, numbers that are almost IPv4 addresses)
//! is refused. What is merely illegal, such as a space in a path, is percent-encoded; nothing else is changed.

mod error;
mod host;
mod join;
mod parse;
mod quote;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use error::{UrlError, UrlErrorKind};
use host::HostForm;
pub use parse::MAX_URL_LENGTH;
use parse::{Authority, Parts};
use quote::{Component, quote};

/// A parsed URL. Its components are ranges of one text.
#[derive(Clone, Debug)]
pub struct Url {
    text: String,
    scheme_end: usize,
    authority: Option<Places>,
    path: Range<usize>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

/// Where the authority's parts are in the text.
#[derive(Clone, Debug)]
struct Places {
    userinfo: Option<Range<usize>>,
    /// Without brackets and zone.
    host: Range<usize>,
    /// The address in normal form, where the text spells it otherwise.
    normal: Option<Box<str>>,
    form: HostForm,
    zone: Option<Range<usize>>,
    port: Option<u16>,
    end: usize,
}

impl Url {
    /// Parse an absolute URL.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        parse::parse(text).map(|parts| Self::assemble(&parts))
    }

    /// The whole URL, with its password if it has one.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL for people to read: the password is `***`.
    pub fn redacted(&self) -> String {
        match self.authority.as_ref() {
            Some(places) => match (&places.userinfo, self.username()) {
                (Some(userinfo), Some(username)) if self.password().is_some() => format!(
                    "{}{username}:***{}",
                    self.slice(0..userinfo.start),
                    self.slice(userinfo.end..self.text.len())
                ),
                _ => self.text.clone(),
            },
            None => match self.path().rsplit_once('@') {
                // "user:password@host/" without its scheme parses as a URL of the scheme "user".
                Some((_, rest)) if self.scheme() != "mailto" => {
                    format!("{}:***@{rest}", self.scheme())
                }
                _ => self.text.clone(),
            },
        }
    }

    pub fn scheme(&self) -> &str {
        self.slice(0..self.scheme_end)
    }

    /// What is before the first colon of the userinfo, as written.
    pub fn username(&self) -> Option<&str> {
        self.userinfo()
            .map(|userinfo| userinfo.split_once(':').map_or(userinfo, |(name, _)| name))
    }

    /// What is after the first colon of the userinfo, as written.
    pub fn password(&self) -> Option<&str> {
        self.userinfo()
            .and_then(|userinfo| userinfo.split_once(':'))
            .map(|(_, password)| password)
    }

    /// Whether there is a user name or a password, be it one alone; `http://@host/` has neither.
    pub fn has_userinfo(&self) -> bool {
        self.userinfo()
            .is_some_and(|userinfo| !matches!(userinfo, "" | ":"))
    }

    /// Lower case, A-labels, no brackets; with the zone of a link-local IPv6 address.
    pub fn host(&self) -> Cow<'_, str> {
        let Some(places) = &self.authority else {
            return Cow::Borrowed("");
        };
        let host = self.normal_host(places);
        match &places.zone {
            None => Cow::Borrowed(host),
            Some(zone) => Cow::Owned(format!("{host}%{}", self.slice(zone.clone()))),
        }
    }

    pub fn is_ip_literal(&self) -> bool {
        self.authority
            .as_ref()
            .is_some_and(|places| places.form != HostForm::Name)
    }

    pub fn explicit_port(&self) -> Option<u16> {
        self.authority.as_ref().and_then(|places| places.port)
    }

    /// The explicit port, or the scheme's default, or 0 where none is known.
    pub fn port(&self) -> u16 {
        self.explicit_port().unwrap_or_else(|| self.default_port())
    }

    pub fn path(&self) -> &str {
        self.slice(self.path.clone())
    }

    pub fn query(&self) -> Option<&str> {
        self.query.clone().map(|range| self.slice(range))
    }

    pub fn fragment(&self) -> Option<&str> {
        self.fragment.clone().map(|range| self.slice(range))
    }

    /// What a request line carries (RFC 9112, section 3.2.1): path and query.
    pub fn target(&self) -> &str {
        let end = self.query.as_ref().map_or(self.path.end, |query| query.end);
        self.slice(self.path.start..end)
    }

    /// What a `Host` field carries (RFC 9110, section 7.2): no zone, and no port if it is the default one.
    pub fn authority(&self) -> String {
        let mut authority = String::new();
        if let Some(places) = &self.authority {
            let host = self.normal_host(places);
            push_host(&mut authority, host, places.form, None);
            if let Some(port) = places.port.filter(|port| *port != self.default_port()) {
                push_port(&mut authority, port);
            }
        }
        authority
    }

    /// `scheme://host:port`: equal strings are the same origin (RFC 6454, section 4).
    pub fn origin(&self) -> String {
        let mut origin = String::with_capacity(self.path.start + 8);
        origin.push_str(self.scheme());
        origin.push_str("://");
        if let Some(places) = &self.authority {
            let host = self.normal_host(places);
            let zone = places.zone.clone().map(|zone| self.slice(zone));
            push_host(&mut origin, host, places.form, zone);
        }
        push_port(&mut origin, self.port());
        origin
    }

    /// The same URL with this query (None: without one), its illegal characters quoted.
    pub fn with_query(&self, query: Option<&str>) -> Result<Self, UrlError> {
        let query = query.map(quote_addition).transpose()?;
        Ok(self.with(query, self.fragment().map(Cow::Borrowed)))
    }

    /// The same URL with `query` appended after `?` or `&`. An empty one changes nothing.
    pub fn with_added_query(&self, query: &str) -> Result<Self, UrlError> {
        match self.query() {
            _ if query.is_empty() => Ok(self.clone()),
            None | Some("") => self.with_query(Some(query)),
            Some(present) => {
                let added = quote_addition(query)?;
                let joined = format!("{present}&{added}");
                let fragment = self.fragment().map(Cow::Borrowed);
                Ok(self.with(Some(Cow::Owned(joined)), fragment))
            }
        }
    }

    /// The same URL with this fragment (None: without one), its illegal characters quoted.
    pub fn with_fragment(&self, fragment: Option<&str>) -> Result<Self, UrlError> {
        let fragment = fragment.map(quote_addition).transpose()?;
        Ok(self.with(self.query().map(Cow::Borrowed), fragment))
    }

    /// The same URL without user name and password.
    #[must_use]
    pub fn without_userinfo(&self) -> Self {
        let Some(places) = &self.authority else {
            return self.clone();
        };
        let mut parts = self.parts();
        parts.authority = Some(Authority {
            userinfo: None,
            host: self.host_of(places),
            port: places.port,
        });
        Self::assemble(&parts)
    }

    fn with(&self, query: Option<Cow<'_, str>>, fragment: Option<Cow<'_, str>>) -> Self {
        let mut parts = self.parts();
        parts.query = query;
        parts.fragment = fragment;
        self.assemble_with_our_authority(&parts)
    }

    /// Our components, but for the authority.
    fn parts(&self) -> Parts<'_> {
        Parts {
            scheme: Cow::Borrowed(self.scheme()),
            authority: None,
            path: Cow::Borrowed(self.path()),
            query: self.query().map(Cow::Borrowed),
            fragment: self.fragment().map(Cow::Borrowed),
        }
    }

    fn host_of<'a>(&'a self, places: &'a Places) -> host::Host<'a> {
        host::Host {
            name: Cow::Borrowed(self.normal_host(places)),
            spelling: places
                .normal
                .is_some()
                .then(|| self.slice(places.host.clone())),
            form: places.form,
            zone: places.zone.clone().map(|zone| self.slice(zone)),
        }
    }

    fn normal_host<'a>(&'a self, places: &'a Places) -> &'a str {
        places
            .normal
            .as_deref()
            .unwrap_or_else(|| self.slice(places.host.clone()))
    }

    fn userinfo(&self) -> Option<&str> {
        let range = self.authority.as_ref()?.userinfo.clone()?;
        Some(self.slice(range))
    }

    fn has_authority(&self) -> bool {
        self.authority.is_some()
    }

    fn default_port(&self) -> u16 {
        match self.scheme() {
            "http" => 80,
            "https" => 443,
            _ => 0,
        }
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn assemble_with_our_authority(&self, parts: &Parts<'_>) -> Self {
        let mut text = String::with_capacity(self.text.len() + parts.path.len());
        match &self.authority {
            Some(places) => text.push_str(self.slice(0..places.end)),
            None => text.push_str(self.slice(0..self.scheme_end + 1)),
        }
        let mut url = Self {
            text,
            scheme_end: self.scheme_end,
            authority: self.authority.clone(),
            path: 0..0,
            query: None,
            fragment: None,
        };
        url.push_tail(parts);
        url
    }

    /// Write the components out (RFC 3986, section 5.3).
    fn assemble(parts: &Parts<'_>) -> Self {
        let query = parts.query.as_ref().map_or(0, |query| query.len());
        let mut text = String::with_capacity(parts.scheme.len() + parts.path.len() + query + 48);
        text.push_str(&parts.scheme);
        text.push(':');
        let authority = parts
            .authority
            .as_ref()
            .map(|authority| push_authority(&mut text, authority));
        let mut url = Self {
            text,
            scheme_end: parts.scheme.len(),
            authority,
            path: 0..0,
            query: None,
            fragment: None,
        };
        url.push_tail(parts);
        url
    }

    fn push_tail(&mut self, parts: &Parts<'_>) {
        if self.authority.is_none() && parts.path.starts_with("//") {
            // Without this the path would be read as an authority.
            self.text.push_str("/.");
        }
        self.path = push_range(&mut self.text, &parts.path);
        self.query = parts.query.as_ref().map(|query| {
            self.text.push('?');
            push_range(&mut self.text, query)
        });
        self.fragment = parts.fragment.as_ref().map(|fragment| {
            self.text.push('#');
            push_range(&mut self.text, fragment)
        });
    }
}

fn quote_addition(text: &str) -> Result<Cow<'_, str>, UrlError> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(UrlError::new(
            UrlErrorKind::Character,
            "The query or fragment has a control character: percent-encode it, or take it out",
        ));
    }
    Ok(quote(text, Component::Query))
}

fn push_range(text: &mut String, part: &str) -> Range<usize> {
    let start = text.len();
    text.push_str(part);
    start..text.len()
}

fn push_authority(text: &mut String, authority: &Authority<'_>) -> Places {
    text.push_str("//");
    let userinfo = authority.userinfo.as_ref().map(|userinfo| {
        let range = push_range(text, userinfo);
        text.push('@');
        range
    });
    let host = &authority.host;
    let bracket = usize::from(host.form == HostForm::Ipv6);
    let start = text.len() + bracket;
    let shown = host.spelling.unwrap_or(&host.name);
    push_host(text, shown, host.form, host.zone);
    let end = start + shown.len();
    let zone_start = end + "%25".len();
    if let Some(port) = authority.port {
        push_port(text, port);
    }
    Places {
        userinfo,
        host: start..end,
        normal: host.spelling.is_some().then(|| host.name.as_ref().into()),
        form: host.form,
        zone: host.zone.map(|zone| zone_start..zone_start + zone.len()),
        port: authority.port,
        end: text.len(),
    }
}

fn push_host(text: &mut String, host: &str, form: HostForm, zone: Option<&str>) {
    if form != HostForm::Ipv6 {
        text.push_str(host);
        return;
    }
    text.push('[');
    text.push_str(host);
    if let Some(zone) = zone {
        text.push_str("%25");
        text.push_str(zone);
    }
    text.push(']');
}

fn push_port(text: &mut String, port: u16) {
    text.push(':');
    text.push_str(&port.to_string());
}
