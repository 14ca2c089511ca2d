//! The parser as a whole; `quote` has its own tests beside it.
#![allow(clippy::unwrap_used, reason = "a test may stop there")]

use proptest::prelude::*;

use super::{Url, UrlErrorKind};

fn text(url: &str) -> String {
    Url::parse(url).unwrap().as_str().to_owned()
}

fn kind(url: &str) -> UrlErrorKind {
    Url::parse(url).unwrap_err().kind
}

#[test]
fn components_are_taken_apart() {
    let url = Url::parse("HTTPS://us%20er:p:w@Example.COM:8443/a/B?q=1?&r#top").unwrap();
    assert_eq!(url.scheme(), "https");
    assert_eq!(url.username(), Some("us%20er"));
    assert_eq!(url.password(), Some("p:w"));
    assert_eq!(url.host(), "example.com");
    assert_eq!((url.port(), url.explicit_port()), (8443, Some(8443)));
    assert_eq!(url.path(), "/a/B");
    assert_eq!(url.query(), Some("q=1?&r"));
    assert_eq!(url.fragment(), Some("top"));
    assert_eq!(url.target(), "/a/B?q=1?&r");
    assert_eq!(url.authority(), "example.com:8443");
    assert_eq!(url.origin(), "https://example.com:8443");
    assert_eq!(
        url.redacted(),
        "https://us%20er:***@example.com:8443/a/B?q=1?&r#top"
    );
}

#[test]
fn what_is_legal_is_kept() {
    for same in [
        "http://a/%7Efoo/%7efoo/~foo/%41",
        "http://a/b/../c/./d//e",
        "http://a/?",
        "http://a/?a=1&a=2;b=%2C,+",
        "http://a/#",
        "http://a:80/",
        "http://user@a/",
        "http://user:@a/",
        "http://:p@a/",
        "http://a_b.example.com./",
        "mailto:someone@example.com",
        "data:text/plain,hello world",
        "file:///etc/hosts",
        "http+unix://%2Fvar%2Frun%2Fx.sock/info",
    ] {
        assert_eq!(text(same), same);
    }
}

#[test]
fn what_is_illegal_is_quoted_or_normalised() {
    for (given, expected) in [
        ("http://example.com", "http://example.com/"),
        ("http://example.com?x=1", "http://example.com/?x=1"),
        ("http://example.com#x", "http://example.com/#x"),
        (" \t\nhttp://a/b \r\n", "http://a/b"),
        ("http://a/b c?d e#f g", "http://a/b%20c?d%20e#f%20g"),
        ("http://a/é?ü", "http://a/%C3%A9?%C3%BC"),
        ("http://a/[b]\\", "http://a/%5Bb%5D%5C"),
        ("http://a/#b#c", "http://a/#b%23c"),
        ("http://a/%zz%2", "http://a/%25zz%252"),
        ("http://a:/", "http://a/"),
        ("http://a:0080/", "http://a:80/"),
        ("http://us er:pä@a/", "http://us%20er:p%C3%A4@a/"),
        ("http://Bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://straße.de/", "http://xn--strae-oqa.de/"),
        ("http://ｅｘａｍｐｌｅ．com/", "http://example.com/"),
        (
            "http://[2001:DB8:0::1]:8080/",
            "http://[2001:DB8:0::1]:8080/",
        ),
        ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
        ("http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/"),
    ] {
        assert_eq!(text(given), expected, "{given}");
    }
}

#[test]
fn ipv6_zone_is_for_connecting_only() {
    let url = Url::parse("http://[fe80::1%25eth0]:81/").unwrap();
    assert_eq!(url.host(), "fe80::1%eth0");
    assert_eq!(url.authority(), "[fe80::1]:81");
    assert!(url.is_ip_literal());
}

#[test]
fn broken_urls_are_refused() {
    use UrlErrorKind::*;
    for (url, expected) in [
        ("", SchemeMissing),
        ("example.com", SchemeMissing),
        ("//host", SchemeMissing),
        ("/path", SchemeMissing),
        ("http//x", SchemeMissing),
        ("http\\://x", SchemeMissing),
        ("localhost:8080/x", SchemeInvalid),
        ("example.com:80", SchemeInvalid),
        ("127.0.0.1:80/x", SchemeInvalid),
        ("1http://x", SchemeInvalid),
        ("ht tp://x", SchemeInvalid),
        ("://x", SchemeInvalid),
        ("http:", HostMissing),
        ("http://", HostMissing),
        ("http:///x", HostMissing),
        ("http://?q", HostMissing),
        ("http://user@/", HostMissing),
        ("http://:80/", HostMissing),
        ("https:example.com", HostMissing),
        ("http:\\\\a", HostMissing),
        ("http://a\\b", HostInvalid),
        ("http://a\\@b/", HostInvalid),
        ("http://a@b@c/", HostInvalid),
        ("http://a b/", HostInvalid),
        ("http://a%41/", HostInvalid),
        ("http://a..b/", HostInvalid),
        ("http://.a/", HostInvalid),
        ("http://./", HostInvalid),
        ("http://*.a/", HostInvalid),
        ("http://a<b/", HostInvalid),
        ("http://℀.com/", HostInvalid),
        ("http://a％2eb/", HostInvalid),
        ("http://127.1/", HostInvalid),
        ("http://１２７．１/", HostInvalid),
        ("http://0x7f.1/", HostInvalid),
        ("http://2130706433/", HostInvalid),
        ("http://0177.0.0.1/", HostInvalid),
        ("http://127.0.0.1./", HostInvalid),
        ("http://127.0.0.0x1/", HostInvalid),
        ("http://1.2.3.256/", HostInvalid),
        ("http://[::1/", HostInvalid),
        ("http://::1/", HostInvalid),
        ("http://[::1]x/", HostInvalid),
        ("http://[v1.a]/", HostInvalid),
        ("http://[::1%25]/", HostInvalid),
        ("http://[::1%25a b]/", HostInvalid),
        ("http://a:b/", PortInvalid),
        ("http://a:65536/", PortInvalid),
        ("http://a:-1/", PortInvalid),
        ("http://a:+1/", PortInvalid),
        ("http://a:１/", PortInvalid),
        ("http://a/\r\nX: y", Character),
        ("http://a\0b/", Character),
        ("http://a/\tb", Character),
        ("http://a/\u{7f}", Character),
    ] {
        assert_eq!(kind(url), expected, "{url:?}");
    }
    assert_eq!(
        kind(&format!("http://{}.com/", "a".repeat(64))),
        HostInvalid
    );
    assert_eq!(
        kind(&format!("http://{}com/", "a.".repeat(130))),
        HostInvalid
    );
    assert_eq!(kind(&format!("http://a/{}", "a".repeat(65_536))), TooLong);
    assert!(Url::parse(&format!("http://a/{}", "é".repeat(65_536 - 9))).is_ok());
}

#[test]
fn errors_never_show_a_password() {
    for url in [
        "http://user:hunter2@a b/",
        "http://user:hunter2/x@host/",
        "http://user:hun@ter2@host/",
        "http://user:hunter2@host:x/",
        "user:hunter2@host/",
        "//user:hunter2@host/",
        "http://user:hunter2\\@host/",
        "http://user:hunter2@host/\n.",
    ] {
        if let Err(error) = Url::parse(url) {
            assert!(!error.message.contains("hunter2"), "{url}: {error}");
        } else {
            assert!(!Url::parse(url).unwrap().redacted().contains("hunter2"));
        }
    }
}

#[test]
fn references_resolve_as_rfc_3986_section_5_4_says() {
    let base = Url::parse("http://a/b/c/d;p?q").unwrap();
    for (reference, expected) in [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http://a/b/c/g"),
    ] {
        assert_eq!(
            base.join(reference).unwrap().as_str(),
            expected,
            "{reference}"
        );
    }
}

#[test]
fn hostile_references_stay_on_the_host_or_are_refused() {
    let base = Url::parse("http://user:pw@good/a/b?q#f").unwrap();
    for (reference, expected) in [
        ("\\\\evil/x", "http://user:pw@good/a/%5C%5Cevil/x"),
        ("/\\evil", "http://user:pw@good/%5Cevil"),
        ("//evil", "http://evil/"),
        ("//evil/../é b", "http://evil/%C3%A9%20b"),
        ("HTTPS://Evil/./x", "https://evil/x"),
        ("ftp://evil/a/../b", "ftp://evil/b"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("  x y ", "http://user:pw@good/a/x%20y"),
        ("#é", "http://user:pw@good/a/b?q#%C3%A9"),
        ("/.//evil", "http://user:pw@good//evil"),
        ("?", "http://user:pw@good/a/b?"),
    ] {
        assert_eq!(
            base.join(reference).unwrap().as_str(),
            expected,
            "{reference}"
        );
    }
    for refused in [
        "///evil",
        "//evil\\@good",
        "//a@b@c",
        "x\r\ny",
        "http:///x",
        "https:\\\\evil",
        "//127.1/",
    ] {
        assert!(base.join(refused).is_err(), "{refused}");
    }
}

#[test]
fn parts_can_be_replaced() {
    let url = Url::parse("http://u:p@[::1]:8/p?q#f").unwrap();
    let query = |query| url.with_query(query).unwrap().as_str().to_owned();
    assert_eq!(query(None), "http://u:p@[::1]:8/p#f");
    assert_eq!(query(Some("a b#")), "http://u:p@[::1]:8/p?a%20b%23#f");
    assert_eq!(url.with_added_query("x=1").unwrap().target(), "/p?q&x=1");
    assert_eq!(url.with_added_query("").unwrap().target(), "/p?q");
    assert_eq!(
        url.with_fragment(None).unwrap().as_str(),
        "http://u:p@[::1]:8/p?q"
    );
    assert_eq!(url.without_userinfo().as_str(), "http://[::1]:8/p?q#f");
    assert!(url.with_query(Some("a\nb")).is_err());
    let bare = Url::parse("http://a/?").unwrap();
    assert_eq!(bare.with_added_query("x").unwrap().as_str(), "http://a/?x");
}

fn url_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9.]{0,4}",
        "[:/?#\\[\\]@%\\\\ ]{1,3}",
        Just("http://".to_owned()),
        Just("[::1]".to_owned()),
        Just("..".to_owned()),
        "\\PC{0,2}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn assert_stable(url: &Url) {
    let again = Url::parse(url.as_str()).unwrap();
    assert_eq!(again.as_str(), url.as_str());
    assert_eq!(again.origin(), url.origin());
    assert_eq!(again.target(), url.target());
    assert_eq!(again.username(), url.username());
    if matches!(url.scheme(), "http" | "https") {
        let printable = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        assert!(printable(url.as_str()));
        assert!(url.target().starts_with('/') && !url.host().is_empty());
        assert!(!url.target().contains('#'));
    }
}

proptest! {
    #[test]
    fn what_was_parsed_parses_to_itself(text in url_like()) {
        for prefix in ["", "http://", "http://a/", "x:", "x://"] {
            if let Ok(url) = Url::parse(&format!("{prefix}{text}")) {
                assert_stable(&url);
            }
        }
    }

    #[test]
    fn joined_urls_parse_to_themselves(reference in url_like()) {
        for base in ["http://u:p@a/b/c?d#e", "x:y/z", "x://h", "file:///a/b"] {
            if let Ok(url) = Url::parse(base).unwrap().join(&reference) {
                assert_stable(&url);
            }
        }
    }
}
