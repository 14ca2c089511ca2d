//! The host of an authority: checked once, for connecting, `Host`, SNI, cookies, proxies and credentials alike.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;

use icu_properties::props::GeneralCategory;
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

use super::error::{UrlError, UrlErrorKind};

const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
const MAX_ZONE: usize = 64;

/// A host in normal form.
#[derive(Debug)]
pub(super) struct Host<'a> {
    /// Lower case, A-labels, without brackets and zone.
    pub name: Cow<'a, str>,
    /// As the caller wrote it, where that is another spelling of an address.
    pub spelling: Option<&'a str>,
    pub form: HostForm,
    /// The zone of a link-local IPv6 address (RFC 6874), as in `fe80::1%eth0`.
    pub zone: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostForm {
    Name,
    Ipv4,
    Ipv6,
}

/// Read the host of an http-like URL.
pub(super) fn parse_host(text: &str) -> Result<Host<'_>, UrlError> {
    if text.is_empty() {
        return Err(UrlError::new(
            UrlErrorKind::HostMissing,
            "The URL has no host: write it as https://host/path",
        ));
    }
    if let Some(inner) = text.strip_prefix('[') {
        return parse_ipv6(inner);
    }
    let name = normalise_name(text)?;
    check_name(&name)?;
    let form = if ends_in_number(&name) {
        name.parse::<Ipv4Addr>().map_err(|_| {
            invalid("its last label is a number, but it is not an IPv4 address: write it as four decimal numbers, such as 127.0.0.1")
        })?;
        HostForm::Ipv4
    } else {
        HostForm::Name
    };
    Ok(Host {
        name,
        spelling: None,
        form,
        zone: None,
    })
}

fn parse_ipv6(inner: &str) -> Result<Host<'_>, UrlError> {
    let inner = inner
        .strip_suffix(']')
        .ok_or_else(|| invalid("its IPv6 address has no closing bracket"))?;
    let (address, zone) = match inner.split_once('%') {
        None => (inner, None),
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
    };
    let parsed: Ipv6Addr = address
        .parse()
        .map_err(|_| invalid("what is in the brackets is not an IPv6 address"))?;
    if zone.is_some_and(|zone| !is_zone(zone)) {
        return Err(invalid("the zone of its IPv6 address is malformed"));
    }
    let name = parsed.to_string();
    Ok(Host {
        spelling: (name != address).then_some(address),
        name: Cow::Owned(name),
        form: HostForm::Ipv6,
        zone,
    })
}

fn is_zone(zone: &str) -> bool {
    (1..=MAX_ZONE).contains(&zone.len())
        && zone
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Lower case; names that are not ASCII go through UTS 46 (non-transitional), which also maps full-width forms.
fn normalise_name(text: &str) -> Result<Cow<'_, str>, UrlError> {
    if !text.is_ascii() {
        // No valid name is longer in UTF-8, and the time that UTS 46 takes is not linear.
        if text.len() > 4 * MAX_NAME {
            return Err(invalid("it is longer than 253 characters"));
        }
        if !idna::domain_to_unicode(text)
            .0
            .chars()
            .all(is_protocol_valid)
        {
            return Err(invalid(
                "it has a character that no domain name can have (RFC 5892)",
            ));
        }
        return idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL)
            .map_err(|_| invalid("it is not a valid internationalised domain name (UTS 46)"));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Owned(text.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(text))
}

/// Letters, digits and marks, and the exceptions of RFC 5892, section 2.6; not symbols, which UTS 46 lets pass. ASCII is looked at later.
fn is_protocol_valid(character: char) -> bool {
    const CLASSES: CodePointMapDataBorrowed<'_, GeneralCategory> =
        CodePointMapData::<GeneralCategory>::new();
    character.is_ascii()
        || matches!(
            CLASSES.get(character),
            GeneralCategory::LowercaseLetter
                | GeneralCategory::OtherLetter
                | GeneralCategory::ModifierLetter
                | GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::DecimalNumber
        )
        || "\u{b7}\u{375}\u{5f3}\u{5f4}\u{6fd}\u{6fe}\u{f0b}\u{200c}\u{200d}\u{3007}\u{30fb}"
            .contains(character)
}

/// Letters, digits, `-`, `_` and `.` alone: less than RFC 3986 allows, and all that DNS and certificates carry.
/// Percent-encoded names are refused too, because each reader decodes them differently.
fn check_name(name: &str) -> Result<(), UrlError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.bytes().all(allowed) {
        return Err(invalid("it has a character that no host name has"));
    }
    let labels = name.strip_suffix('.').unwrap_or(name);
    if labels.len() > MAX_NAME {
        return Err(invalid("it is longer than 253 characters"));
    }
    for label in labels.split('.') {
        if label.is_empty() {
            return Err(invalid("it has an empty label"));
        }
        if label.len() > MAX_LABEL {
            return Err(invalid("one of its labels is longer than 63 characters"));
        }
    }
    Ok(())
}

/// Whether other readers would take this for an IPv4 address, in any of its historical spellings.
fn ends_in_number(name: &str) -> bool {
    let labels = name.strip_suffix('.').unwrap_or(name);
    let last = labels.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit())
}

fn invalid(reason: &str) -> UrlError {
    UrlError::new(
        UrlErrorKind::HostInvalid,
        format!("The URL's host is not valid: {reason}"),
    )
}
