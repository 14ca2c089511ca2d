//! What the machine makes of valid answers, and of those that stop too early.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod h1_common;

use envoi_proto::h1::{Limits, Version, Violation};
use h1_common::{get, get_to_end, run, start, started, started_with};

#[test]
fn content_length_ends_the_body_and_keeps_the_connection() {
    let seen = get(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(
        (seen.status, seen.body.as_slice()),
        (Some(200), &b"hello"[..])
    );
    assert!(seen.ended && seen.keep_alive);
}

#[test]
fn head_shows_status_reason_and_version() {
    let mut machine = started("GET");
    machine
        .feed(b"HTTP/1.0 404 Not \xe9 Found\r\nA: 1\r\n\r\n", &mut |_| ())
        .unwrap();
    let head = machine.take_head().unwrap();
    assert_eq!((head.status, head.version), (404, Version::Http10));
    assert_eq!(head.reason(), b"Not \xe9 Found");
    assert!(machine.take_head().is_none());
}

#[test]
fn reason_may_be_empty_and_its_space_missing() {
    for answer in [
        &b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    ] {
        let mut machine = started("GET");
        machine.feed(answer, &mut |_| ()).unwrap();
        assert_eq!(machine.take_head().unwrap().reason(), b"");
        assert!(machine.keep_alive());
    }
}

#[test]
fn chunked_body_loses_sizes_extensions_and_trailers() {
    let seen = get(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=\"b c\"\r\nhello\r\n0006\r\n world\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n",
    );
    assert_eq!(seen.error, None);
    assert_eq!(seen.body, b"hello world");
    assert_eq!(
        seen.trailers,
        [
            (b"X-Sum".to_vec(), b"1".to_vec()),
            (b"X-Two".to_vec(), b"2".to_vec())
        ]
    );
    assert!(seen.keep_alive);
}

#[test]
fn answer_without_framing_ends_with_the_stream() {
    for version in ["1.0", "1.1"] {
        let answer = format!("HTTP/{version} 200 OK\r\n\r\nsome bytes");
        let open = get(answer.as_bytes());
        assert!(!open.ended);
        let seen = get_to_end(answer.as_bytes());
        assert_eq!(
            (seen.error, seen.body.as_slice()),
            (None, &b"some bytes"[..])
        );
        assert!(seen.ended && !seen.keep_alive);
    }
}

#[test]
fn statuses_without_body_and_head_end_with_their_head() {
    for status in ["204 No Content", "304 Not Modified"] {
        let seen = get(format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n").as_bytes());
        assert!(seen.ended && seen.keep_alive, "{status}");
    }
    let seen = run(
        &mut started("HEAD"),
        [&b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"[..]],
    );
    assert!(seen.ended && seen.keep_alive);
    let seen = run(
        &mut started("HEAD"),
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..]],
    );
    assert!(seen.ended && seen.keep_alive);
}

#[test]
fn informational_answers_come_before_the_final_one() {
    let seen = get(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        (seen.informational, seen.status),
        (vec![100, 103], Some(200))
    );
    assert!(seen.keep_alive);
}

#[test]
fn informational_answers_are_bounded() {
    let flood = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(65);
    let seen = get(&flood);
    assert!(matches!(seen.error, Some(Violation::TooLarge(_))));
    assert_eq!(get(&flood[..28 * 16]).error, None);
}

#[test]
fn connection_persists_as_version_and_options_say() {
    for (version, option, persists) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: Keep-Alive, CLOSE\r\n", false),
        (
            "1.1",
            "Connection: keep-alive\r\nConnection: close\r\n",
            false,
        ),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let seen =
            get(format!("HTTP/{version} 200 OK\r\n{option}Content-Length: 0\r\n\r\n").as_bytes());
        assert!(seen.ended);
        assert_eq!(seen.keep_alive, persists, "{version} {option}");
    }
}

/// RFC 9110, section 7.5, and RFC 9112, section 9.5.
#[test]
fn error_or_close_declines_the_rest_of_the_request() {
    for (answer, declined) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", false),
        ("HTTP/1.1 204 No\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        (
            "HTTP/1.1 307 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n", true),
        (
            "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
            true,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", true),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n",
            false,
        ),
    ] {
        let mut machine = started("GET");
        assert!(!machine.declined());
        machine.feed(answer.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(machine.declined(), declined, "{answer:?}");
    }
    let mut machine = started("GET");
    machine
        .feed(b"HTTP/1.1 204 No\r\n\r\n", &mut |_| {})
        .unwrap();
    machine.feed(b"", &mut |_| {}).unwrap();
    assert!(machine.declined(), "a server that has ended takes no more");
}

#[test]
fn request_with_connection_close_ends_the_connection() {
    let mut machine = started_with("GET", &[("Connection", "close")], Limits::default());
    let seen = run(
        &mut machine,
        [&b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..]],
    );
    assert!(seen.ended && !seen.keep_alive);
}

#[test]
fn surplus_after_an_answer_ends_the_connection() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    for rest in [
        &b"ab"[..],
        b"a\r\n",
        b"aHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let seen = get(&[&answer[..], rest].concat());
        assert_eq!((seen.error, seen.body.as_slice()), (None, &b"a"[..]));
        assert!(seen.ended && !seen.keep_alive);
        let later = run(&mut started("GET"), [&answer[..], b"a", &rest[1..]]);
        assert!(!later.keep_alive);
    }
}

#[test]
fn bytes_and_end_of_stream_on_an_idle_connection_end_it() {
    for piece in [&b"H"[..], b""] {
        let mut machine = envoi_proto::h1::Machine::new(Limits::default());
        assert!(machine.keep_alive());
        machine.feed(piece, &mut |_| ()).unwrap();
        assert!(!machine.keep_alive());
        assert!(start(&mut machine, "GET", &[], b"").is_err());
    }
}

#[test]
fn connection_is_used_again_and_forgets_the_exchange_before() {
    let mut machine = started("GET");
    let first = run(
        &mut machine,
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n\r\n"[..]],
    );
    assert!(!first.trailers.is_empty());
    start(&mut machine, "GET", &[], b"").unwrap();
    assert!(
        !machine.head_complete() && !machine.response_started() && machine.trailers().is_none()
    );
    let second = run(&mut machine, [&b"HTTP/1.1 204 No Content\r\n\r\n"[..]]);
    assert_eq!(second.status, Some(204));
}

#[test]
fn switch_of_protocol_hands_over_the_surplus() {
    let mut machine = started_with(
        "GET",
        &[("Upgrade", "websocket"), ("Connection", "Upgrade")],
        Limits::default(),
    );
    let seen = run(
        &mut machine,
        [
            &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00"[..],
            b"more",
        ],
    );
    assert!(seen.upgraded && seen.ended && !seen.keep_alive);
    assert_eq!(
        (seen.status, seen.surplus.as_slice()),
        (Some(101), &b"\x81\x00more"[..])
    );
}

#[test]
fn connect_success_is_a_tunnel_whatever_its_framing_says() {
    let answer = b"HTTP/1.1 200 Connection established\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n\x16";
    let seen = run(&mut started("CONNECT"), [&answer[..]]);
    assert!(seen.upgraded);
    assert_eq!(seen.surplus, b"\x16");
    let refused = run(
        &mut started("CONNECT"),
        [&b"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"[..]],
    );
    assert!(!refused.upgraded && refused.keep_alive);
    assert_eq!(refused.body, b"no");
}

#[test]
fn switch_without_being_asked_is_refused() {
    let seen = get(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    assert!(matches!(seen.error, Some(Violation::Protocol(_))));
}

#[test]
fn end_of_stream_inside_a_message_is_incomplete_and_says_how_far_it_came() {
    for (answer, words) in [
        (&b""[..], "before an answer came"),
        (b"HTTP/1.1 2", "inside the response head"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "before an answer came"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            "3 of 10",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "after 2 body bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
            "after 2 body bytes",
        ),
    ] {
        let pieces = [answer, b""]
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .chain([&b""[..]]);
        let seen = run(&mut started("GET"), pieces);
        let Some(Violation::Incomplete(message) | Violation::IncompleteHead(message)) = seen.error
        else {
            panic!("{answer:?}: {:?}", seen.error)
        };
        assert!(message.contains(words), "{message}");
        assert!(answer.ends_with(&seen.body) || seen.body == b"ab");
    }
}

#[test]
fn same_content_length_twice_is_one() {
    for fields in [
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5 ,5\r\n",
    ] {
        let seen = get(format!("HTTP/1.1 200 OK\r\n{fields}\r\nhello").as_bytes());
        assert!(seen.ended && seen.keep_alive, "{fields} {:?}", seen.error);
    }
}

#[test]
fn declared_lengths_allocate_nothing() {
    let huge = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nab", u64::MAX);
    assert_eq!(get(huge.as_bytes()).body, b"ab");
    let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab";
    assert_eq!(get(chunk).body, b"ab");
}

#[test]
fn refused_connection_stays_refused() {
    let mut machine = started("GET");
    let first = run(&mut machine, [&b"SSH-2.0"[..]]);
    let again = run(&mut machine, [&b"HTTP/1.1 200 OK\r\n\r\n"[..]]);
    assert!(first.error.is_some());
    assert_eq!(first.error, again.error);
    assert!(!again.keep_alive);
    assert!(start(&mut machine, "GET", &[], b"").is_err());
}
