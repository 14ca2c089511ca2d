//! Tables of answers that must be refused: where two parsers could disagree, this one does not guess.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod h1_common;

use envoi_proto::h1::{Limits, Violation};
use h1_common::{get, protocol_error, run, started_with};

#[test]
fn malformed_status_lines() {
    for line in [
        "HTTP/2.0 200 OK",
        "HTTP/0.9 200 OK",
        "HTTP/1.10 200 OK",
        "HTTP/01.1 200 OK",
        "http/1.1 200 OK",
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 200\tOK",
        "HTTP/1.1 200OK",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 O\rK",
        "HTTP/1.1 200 O\x7fK",
        "HTTP/1.1",
        "HTTP/1.1 ",
        " HTTP/1.1 200 OK",
        "\r\nHTTP/1.1 200 OK",
        "\nHTTP/1.1 200 OK",
        "ICY 200 OK",
    ] {
        assert!(
            protocol_error(format!("{line}\r\nContent-Length: 0\r\n\r\n").as_bytes()),
            "{line:?}"
        );
    }
}

#[test]
fn malformed_fields() {
    for field in [
        "A : 1",
        " A: 1",
        "\tA: 1",
        ": 1",
        "A",
        "A\0: 1",
        "A(: 1",
        "A B: 1",
        "A\u{e9}: 1",
        "A: 1\0",
        "A: 1\rB: 2",
        "A: 1\r",
        "\r: 1",
        "A:\r1",
        "A\r: 1",
    ] {
        assert!(
            protocol_error(
                format!("HTTP/1.1 200 OK\r\n{field}\r\nContent-Length: 0\r\n\r\n").as_bytes()
            ),
            "first {field:?}"
        );
        assert!(
            protocol_error(
                format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{field}\r\n\r\n").as_bytes()
            ),
            "last {field:?}"
        );
    }
}

#[test]
fn tabs_and_bytes_above_ascii_are_allowed_in_values() {
    let seen = get(b"HTTP/1.1 200 OK\r\nA:\t a\tb \xff \t\r\nB:\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(seen.error, None);
    assert_eq!(seen.fields[0], (b"A".to_vec(), b"a\tb \xff".to_vec()));
    assert_eq!(seen.fields[1], (b"B".to_vec(), Vec::new()));
}

#[test]
fn framing_that_contradicts_itself() {
    for fields in [
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1_0",
        "Content-Length: 1 0",
        "Content-Length:",
        "Content-Length: 1.0",
        "Content-Length: 1e1",
        "Content-Length: 18446744073709551616",
        "Content-Length: 1,",
        "Content-Length: ,1",
        "Content-Length: 1, 2",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 030\r\nContent-Length: 30",
        "Content-Length: 1, 01",
        "Content-Length: 1;",
        "Content-Length:\r\n 1",
        "Content-Length: 1\r\n ",
        "Content-Length: \x011",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: yolo\r\nContent-Length: 1",
        "Transfer-Encoding:\r\nContent-Length: 1",
        "Content-Length: \u{661}",
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 1",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ] {
        assert!(
            protocol_error(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes()),
            "{fields:?}"
        );
    }
    assert!(protocol_error(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
}

#[test]
fn malformed_chunks() {
    for body in [
        &b"\r\n"[..],
        b"x\r\n",
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-1\r\n",
        b" 5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\rhello\r\n",
        b"5\r\r\nhello",
        b"5\r\nhello\n",
        b"5\r\nhello\r",
        b"5\r\nhelloo\r\n",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"1_0\r\n",
        b";a\r\n",
        b"5;a\nhello",
        b"5;a\rb\r\nhello",
        b"5;\0\r\n",
        b"5;a\x7f\r\n",
        b"0\n\r\n",
        b"0\r\nA : 1\r\n\r\n",
        b"0\r\n A: 1\r\n\r\n",
        b"0\r\nA: 1\rB\r\n\r\n",
        b"0\r\nA: \0\r\n\r\n",
        b"0\r\n: 1\r\n\r\n",
    ] {
        let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        answer.extend_from_slice(body);
        answer.push(b'!');
        assert!(protocol_error(&answer), "{}", body.escape_ascii());
    }
}

#[test]
fn limits_are_enforced_with_their_own_error() {
    let too_large = |answer: &[u8]| matches!(get(answer).error, Some(Violation::TooLarge(_)));
    let field = |count: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n",
            "A: 1\r\n".repeat(count - 1)
        )
    };
    assert_eq!(get(field(256).as_bytes()).fields.len(), 256);
    assert!(too_large(field(257).as_bytes()));
    assert!(too_large(
        format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(131_072)).as_bytes()
    ));
    assert!(too_large(
        format!("HTTP/1.1 200 {}", "x".repeat(131_072)).as_bytes()
    ));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(too_large(
        format!("{chunked}1;{}\r\n", "x".repeat(16_384)).as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}{}0\r\n\r\n", "1;ab\r\nx\r\n".repeat(6_000)).as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}11111111111111111\r\nx").as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}{}", "0".repeat(16_386)).as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}5{}", " ".repeat(16_385)).as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}0\r\n{}", "A: 1\r\n".repeat(30_000)).as_bytes()
    ));
    assert!(too_large(
        format!("{chunked}0\r\n{}\r\n", "A: 1\r\n".repeat(257)).as_bytes()
    ));
}

#[test]
fn head_of_exactly_the_limit_is_taken() {
    let head = b"HTTP/1.1 204 No Content\r\nA: 1\r\n\r\n";
    for (size, fits) in [(head.len(), true), (head.len() - 1, false)] {
        let limits = Limits {
            head_size: size,
            ..Limits::default()
        };
        for step in [1, head.len()] {
            let seen = run(&mut started_with("GET", &[], limits), head.chunks(step));
            assert_eq!(seen.ended, fits);
            assert_eq!(matches!(seen.error, Some(Violation::TooLarge(_))), !fits);
        }
    }
}

#[test]
fn header_count_may_be_set_on_both_sides_of_the_usual() {
    for (limit, count, fits) in [
        (2, 2, true),
        (2, 3, false),
        (1000, 1000, true),
        (1000, 1001, false),
    ] {
        let answer = format!(
            "HTTP/1.1 204 No Content\r\n{}\r\n",
            "A: 1\r\n".repeat(count)
        );
        let limits = Limits {
            header_count: limit,
            ..Limits::default()
        };
        let seen = run(&mut started_with("GET", &[], limits), [answer.as_bytes()]);
        assert_eq!(seen.ended, fits, "{limit} {count} {:?}", seen.error);
    }
}
