//! Answers that break the grammar where it cannot move the end of a message: they are read, and are the last of their connection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod h1_common;

use envoi_proto::h1::Violation;
use h1_common::{Seen, get, get_to_end, run, started};

const LF_HEAD: &str = "bare LF in the head";
const FOLD: &str = "folded field in the head";
const CONTROL: &str = "control character in the head";

fn value<'a>(seen: &'a Seen, name: &str) -> &'a [u8] {
    let named = |field: &&(Vec<u8>, Vec<u8>)| field.0 == name.as_bytes();
    &seen
        .fields
        .iter()
        .find(named)
        .expect("the field is there")
        .1
}

#[test]
fn lines_that_end_in_a_line_feed_alone() {
    for answer in [
        "HTTP/1.0 200 OK\nContent-Length: 2\n\nhi",
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi",
        "HTTP/1.1 200 OK\r\nA: \nContent-Length: 2\n\nhi",
    ] {
        let seen = get(answer.as_bytes());
        assert_eq!(
            (&seen.body[..], &seen.error),
            (&b"hi"[..], &None),
            "{answer:?}"
        );
        assert_eq!(value(&seen, "Content-Length"), b"2");
        assert_eq!(seen.repaired, [LF_HEAD], "{answer:?}");
        assert!(seen.ended && !seen.keep_alive);
    }
    let seen = get_to_end(b"HTTP/1.1 200 OK\n\nhi");
    assert_eq!((&seen.body[..], seen.ended), (&b"hi"[..], true));
}

#[test]
fn interim_and_tunnel_heads_are_mended_too() {
    let seen = get(b"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(
        (&seen.informational[..], &seen.body[..]),
        (&[100][..], &b"hi"[..])
    );
    assert!(!seen.keep_alive && seen.repaired == [LF_HEAD]);
    let seen = run(
        &mut started("CONNECT"),
        [&b"HTTP/1.0 200 Connection established\n\n\x16\x03"[..]],
    );
    assert!(seen.upgraded && seen.surplus == b"\x16\x03");
}

#[test]
fn folded_fields_become_one_line() {
    for (folded, joined) in [
        ("X: a\r\n b", "a b"),
        ("X: a  \r\n \t b\r\n\tc", "a b c"),
        ("X:\r\n a", "a"),
        ("X: a\r\n \r\n b", "a b"),
        ("X: a\n b", "a b"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{folded}\r\nContent-Length: 0\r\n\r\n");
        let seen = get(answer.as_bytes());
        assert_eq!(seen.error, None, "{folded:?}");
        assert_eq!(value(&seen, "X"), joined.as_bytes(), "{folded:?}");
        assert!(seen.ended && !seen.keep_alive && seen.repaired.contains(&FOLD));
    }
}

#[test]
fn control_characters_in_values_are_kept() {
    let seen = get(b"HTTP/1.1 200 OK\r\nX: a\x01b\x7f\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(value(&seen, "X"), b"a\x01b\x7f");
    assert!(seen.body == b"hi" && !seen.keep_alive && seen.repaired == [CONTROL]);
}

#[test]
fn trailers_are_mended_as_heads_are() {
    for (trailers, name) in [
        ("\n", "bare LF in the trailers"),
        ("T: a b\n\r\n", "bare LF in the trailers"),
        ("T: a b\r\n\n", "bare LF in the trailers"),
        ("T: a\r\n b\r\n\r\n", "folded field in the trailers"),
        (
            "U: \x01\r\nT: a b\r\n\r\n",
            "control character in the trailers",
        ),
    ] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{trailers}"
        );
        let seen = get(answer.as_bytes());
        assert_eq!(
            (&seen.body[..], &seen.error),
            (&b"hi"[..], &None),
            "{trailers:?}"
        );
        assert!(seen.ended && !seen.keep_alive && seen.repaired == [name]);
        if trailers.contains('T') {
            assert_eq!(seen.trailers.last().unwrap().1, b"a b");
        }
    }
    let seen = get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n T: u\r\n\r\n");
    assert!(
        seen.error
            .unwrap()
            .message()
            .starts_with("line 1 of the trailers (' T')")
    );
}

#[test]
fn blanks_and_zeros_of_chunk_sizes() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (size, mended) in [
        ("2   ", true),
        ("2\t", true),
        ("2 ;a=b", true),
        ("2; a=b", false),
        ("00000000000000002", false),
        ("0000000000000000000000000002", false),
    ] {
        let seen = get(format!("{chunked}{size}\r\nhi\r\n0\r\n\r\n").as_bytes());
        assert_eq!(
            (&seen.body[..], &seen.error),
            (&b"hi"[..], &None),
            "{size:?}"
        );
        assert_eq!(seen.repaired.is_empty(), !mended, "{size:?}");
        assert_eq!(seen.keep_alive, !mended, "{size:?}");
    }
    for size in ["1 0", " 2", "2 x", "0 0", "2 \n"] {
        let seen = get(format!("{chunked}{size}\r\nhi\r\n0\r\n\r\n").as_bytes());
        assert!(
            matches!(seen.error, Some(Violation::Protocol(_))),
            "{size:?}"
        );
    }
}

#[test]
fn empty_members_of_transfer_encoding_are_ignored() {
    for coding in [", chunked", "chunked,", " ,\t, chunked ,"] {
        let answer =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        let seen = get(answer.as_bytes());
        assert_eq!(
            (&seen.body[..], seen.error),
            (&b"hi"[..], None),
            "{coding:?}"
        );
        assert!(seen.ended && !seen.keep_alive);
        assert_eq!(seen.repaired, ["empty member in Transfer-Encoding"]);
    }
}

#[test]
fn an_unknown_transfer_coding_ends_with_the_connection() {
    for coding in [
        "yolo",
        "gzip",
        "identity",
        "xchunked",
        "yolo;a=b, gzip",
        "",
        ",",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\nhi\r\n");
        let seen = get(answer.as_bytes());
        assert!(!seen.ended && seen.error.is_none(), "{coding:?}");
        let seen = get_to_end(answer.as_bytes());
        assert_eq!(
            (&seen.body[..], seen.error),
            (&b"2\r\nhi\r\n"[..], None),
            "{coding:?}"
        );
        assert!(seen.ended && seen.repaired.contains(&"unknown Transfer-Encoding"));
    }
}

#[test]
fn answers_without_a_body_have_none_whatever_their_fields_say() {
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let answer = format!("HTTP/1.1 {status} X\r\n{both}");
        let seen = run(&mut started(method), [answer.as_bytes()]);
        assert!(
            seen.error.is_none() && seen.ended && seen.body.is_empty(),
            "{status}"
        );
        assert!(
            !seen.keep_alive,
            "what contradicts itself is the connection's last"
        );
    }
    let seen = get(format!("HTTP/1.1 103 X\r\n{both}HTTP/1.1 204 X\r\n\r\n").as_bytes());
    assert!(seen.informational == [103] && seen.status == Some(204) && !seen.keep_alive);
}

#[test]
fn higher_minor_versions_are_read_as_the_highest_that_is_known() {
    for minor in 2..10 {
        let answer = format!("HTTP/1.{minor} 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        let seen = get(answer.as_bytes());
        assert!(seen.body == b"hi" && seen.keep_alive && seen.repaired.is_empty());
    }
}

#[test]
fn refusals_name_the_line_and_show_no_value() {
    for (line, part) in [
        (
            "X y: secret",
            "line 3 of the head ('X y'): the field's name has",
        ),
        (
            "no colon",
            "line 3 of the head ('no colon'): it has no colon",
        ),
        (
            "X\u{e9}: secret",
            "line 3 of the head ('X\\xc3\\xa9'): the field's name has",
        ),
        (
            "X: secret\0",
            "line 3 of the head ('X'): the field's value has",
        ),
        (
            "X: secret\rY: z",
            "line 3 of the head ('X'): the field's value has",
        ),
        (": secret", "line 3 of the head (''): the field has no name"),
    ] {
        let seen = get(format!("HTTP/1.1 200 OK\r\nA: b\r\n{line}\r\n\r\n").as_bytes());
        let message = seen.error.unwrap().message().to_owned();
        assert!(message.starts_with(part), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let seen = get(b"HTTP/1.1 200 OK\r\n Content-Length: 5\r\n\r\n");
    let message = seen.error.unwrap().message().to_owned();
    assert!(message.starts_with("line 2 of the head (' Content-Length'): it begins with blanks"));
}

#[test]
fn a_length_beyond_64_bits_is_too_large() {
    let seen = get(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n");
    assert_eq!(
        seen.error,
        Some(Violation::Framing("Content-Length is too large".into()))
    );
}

#[test]
fn sixty_four_interim_answers_are_taken_and_no_more() {
    for (count, fits) in [(17, true), (64, true), (65, false)] {
        let answer = "HTTP/1.1 102 Processing\r\n\r\n".repeat(count) + "HTTP/1.1 204 X\r\n\r\n";
        let seen = get(answer.as_bytes());
        assert_eq!(seen.ended, fits);
        assert_eq!(matches!(seen.error, Some(Violation::TooLarge(_))), !fits);
    }
}
