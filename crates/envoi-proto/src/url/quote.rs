//! Percent-encoding of what is illegal in a component, and of nothing else (RFC 3986, sections 2 and 3).

use std::borrow::Cow;

const UNRESERVED: u128 =
    mask(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");
const SUB_DELIMS: u128 = mask(b"!$&'()*+,;=");
const USERINFO: u128 = UNRESERVED | SUB_DELIMS | mask(b":");
const PATH: u128 = UNRESERVED | SUB_DELIMS | mask(b":@/");
const QUERY: u128 = PATH | mask(b"?");

/// A component whose characters may need quoting.
#[derive(Clone, Copy, Debug)]
pub(super) enum Component {
    Userinfo,
    Path,
    /// The query and the fragment: the same characters are legal in both.
    Query,
}

impl Component {
    const fn legal(self) -> u128 {
        match self {
            Self::Userinfo => USERINFO,
            Self::Path => PATH,
            Self::Query => QUERY,
        }
    }
}

const fn mask(mut characters: &[u8]) -> u128 {
    let mut bits = 0;
    while let [first, rest @ ..] = characters {
        bits |= 1 << *first;
        characters = rest;
    }
    bits
}

/// `text` with each illegal byte percent-encoded. Legal characters and existing escapes stay as they are;
/// a `%` that begins no escape becomes `%25`.
pub(super) fn quote(text: &str, component: Component) -> Cow<'_, str> {
    let legal = component.legal();
    if first_illegal(text.as_bytes(), legal).is_none() {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 16);
    let mut rest = text.as_bytes();
    while let Some(length) = first_illegal(rest, legal) {
        let (good, bad) = rest.split_at(length);
        push_ascii(&mut quoted, good);
        let Some((byte, after)) = bad.split_first() else {
            break;
        };
        push_escape(&mut quoted, *byte);
        rest = after;
    }
    push_ascii(&mut quoted, rest);
    Cow::Owned(quoted)
}

fn first_illegal(bytes: &[u8], legal: u128) -> Option<usize> {
    bytes
        .iter()
        .enumerate()
        .find(|(position, byte)| !is_fine(bytes, *position, **byte, legal))
        .map(|(position, _)| position)
}

fn is_fine(bytes: &[u8], position: usize, byte: u8, legal: u128) -> bool {
    is_in(byte, legal) || (byte == b'%' && begins_escape(bytes, position))
}

fn is_in(byte: u8, legal: u128) -> bool {
    byte < 128 && (legal >> byte) & 1 == 1
}

fn begins_escape(bytes: &[u8], position: usize) -> bool {
    matches!(
        bytes.get(position..position + 3),
        Some([_, high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
    )
}

fn push_ascii(target: &mut String, bytes: &[u8]) {
    target.extend(bytes.iter().map(|byte| char::from(*byte)));
}

fn push_escape(target: &mut String, byte: u8) {
    target.push('%');
    for digit in [byte >> 4, byte & 15] {
        let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
        target.push(digit.to_ascii_uppercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_text_is_borrowed_as_it_is() {
        for text in ["", "/a/b;c=1", "/%e2%80%9c%7e", "/~!$&'()*+,;=:@"] {
            assert!(matches!(quote(text, Component::Path), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn illegal_characters_are_escaped_as_utf8() {
        assert_eq!(quote("/a b", Component::Path), "/a%20b");
        assert_eq!(quote("/é", Component::Path), "/%C3%A9");
        assert_eq!(
            quote("\"<>\\^`{|}[]#", Component::Query),
            "%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D%23"
        );
        assert_eq!(quote("/?", Component::Path), "/%3F");
        assert_eq!(quote("a@b", Component::Userinfo), "a%40b");
    }

    #[test]
    fn percent_without_two_digits_is_escaped() {
        assert_eq!(quote("/%zz%41%4%", Component::Path), "/%25zz%41%254%25");
    }
}
