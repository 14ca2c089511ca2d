//! What is written, and what is refused before a byte is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod h1_common;

use envoi_proto::h1::{InvalidRequest, Limits, Machine, Request, write_chunk, write_chunked_body};
use h1_common::{headers, run, start};

fn machine() -> Machine {
    Machine::new(Limits::default())
}

fn refused(method: &str, target: &str, host: &str, pairs: &[(&str, &str)]) -> InvalidRequest {
    let mut machine = machine();
    let request = Request {
        method,
        target,
        host,
        headers: &headers(pairs),
    };
    let mut out = Vec::new();
    let error = machine.start(&request, b"", &mut out).expect_err("refused");
    assert!(out.is_empty());
    assert!(
        machine.keep_alive(),
        "a refused request leaves the machine as it was"
    );
    error
}

#[test]
fn head_is_written_with_host_first_and_fields_in_order() {
    let out = start(
        &mut machine(),
        "GET",
        &[("b", "2"), ("A", "1"), ("b", "")],
        b"",
    )
    .unwrap();
    assert_eq!(
        out,
        b"GET / HTTP/1.1\r\nHost: example.com\r\nb: 2\r\nA: 1\r\nb: \r\n\r\n"
    );
}

#[test]
fn own_host_field_replaces_the_default() {
    let out = start(&mut machine(), "GET", &[("A", "1"), ("host", "other")], b"").unwrap();
    assert_eq!(out, b"GET / HTTP/1.1\r\nA: 1\r\nhost: other\r\n\r\n");
}

#[test]
fn methods_that_are_no_tokens() {
    for method in ["", "G ET", "GET\r\n", "GÉT", "GET/", "G\0T", "GET:"] {
        assert!(
            matches!(refused(method, "/", "h", &[]), InvalidRequest::Method(_)),
            "{method:?}"
        );
    }
}

#[test]
fn targets_and_hosts_that_would_break_the_request_line() {
    for target in [
        "",
        "/a b",
        "/\r\n",
        "/\n",
        "/\t",
        "/\0",
        "/é",
        "/\x7f",
        "/ HTTP/1.1\r\nX: y",
    ] {
        assert!(
            matches!(refused("GET", target, "h", &[]), InvalidRequest::Message(_)),
            "{target:?}"
        );
    }
    for host in ["a b", "a\r\nX: y", "a\n", "é", "\0"] {
        assert!(
            matches!(refused("GET", "/", host, &[]), InvalidRequest::Field(_)),
            "{host:?}"
        );
    }
}

#[test]
fn fields_that_would_break_the_head() {
    for (name, value) in [
        ("", "1"),
        ("A B", "1"),
        ("A:", "1"),
        ("A\r\n", "1"),
        ("é", "1"),
        (" A", "1"),
        ("A ", "1"),
        ("A\0", "1"),
        ("A", "1\r\nB: 2"),
        ("A", "1\n"),
        ("A", "1\r"),
        ("A", "\0"),
        ("A", "\x1b"),
        ("A", "\x7f"),
        ("A", " 1"),
        ("A", "1 "),
        ("A", "\t1"),
        ("A", "1\t"),
        ("A", " "),
    ] {
        let error = refused("GET", "/", "h", &[("Fine", "1"), (name, value)]);
        assert!(
            matches!(error, InvalidRequest::Field(_)),
            "{name:?} {value:?}"
        );
    }
}

#[test]
fn errors_name_the_header_and_never_show_a_value() {
    for name in ["Authorization", "cookie", "Proxy-Authorization", "X-Other"] {
        let text = refused("GET", "/", "h", &[(name, "secret\r\n")]).to_string();
        assert!(
            text.contains(name) && text.contains("line break") && !text.contains("secret"),
            "{text}"
        );
    }
}

#[test]
fn framing_that_must_not_be_sent() {
    for pairs in [
        &[("Content-Length", "+1")][..],
        &[("Content-Length", "")],
        &[("Content-Length", "1, 1")],
        &[("Content-Length", "0x1")],
        &[("Content-Length", "18446744073709551616")],
        &[("Content-Length", "1"), ("content-length", "1")],
        &[("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "chunked"), ("Content-Length", "1")],
        &[("Transfer-Encoding", "gzip, chunked")],
        &[("Transfer-Encoding", "identity")],
        &[("Transfer-Encoding", "")],
        &[
            ("Transfer-Encoding", "chunked"),
            ("Transfer-Encoding", "chunked"),
        ],
        &[("Host", "a"), ("host", "b")],
    ] {
        refused("POST", "/", "h", pairs);
    }
}

#[test]
fn whole_body_must_agree_with_its_framing() {
    assert!(start(&mut machine(), "POST", &[], b"abc").is_err());
    assert!(start(&mut machine(), "POST", &[("Content-Length", "2")], b"abc").is_err());
    let mut sent = machine();
    start(&mut sent, "POST", &[("Content-Length", "3")], b"abc").unwrap();
    assert!(sent.request_ended());
}

#[test]
fn streamed_body_is_held_to_its_content_length() {
    let mut machine = machine();
    start(&mut machine, "POST", &[("Content-Length", "5")], b"").unwrap();
    assert!(!machine.send_body(3).unwrap());
    assert!(machine.send_body(3).is_err());
    assert!(machine.end_body().is_err());
    assert!(!machine.send_body(2).unwrap());
    assert!(machine.request_ended());
    assert!(!machine.end_body().unwrap());
    assert!(machine.send_body(1).is_err());
}

#[test]
fn chunked_body_is_framed_and_ended_once() {
    let mut machine = machine();
    start(
        &mut machine,
        "POST",
        &[("Transfer-Encoding", "chunked")],
        b"",
    )
    .unwrap();
    assert!(machine.send_body(3).unwrap());
    assert!(machine.end_body().unwrap());
    assert!(!machine.end_body().unwrap());
    let mut out = Vec::new();
    write_chunk(b"", &mut out);
    assert!(out.is_empty());
    write_chunked_body(&[b'x'; 26], &mut out);
    assert_eq!(out, b"1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
}

#[test]
fn request_that_is_not_fully_sent_ends_the_connection() {
    let mut machine = machine();
    start(&mut machine, "POST", &[("Content-Length", "5")], b"").unwrap();
    let seen = run(
        &mut machine,
        [&b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"[..]],
    );
    assert!(seen.ended && !seen.keep_alive);
    assert!(start(&mut machine, "GET", &[], b"").is_err());
}

#[test]
fn requests_are_not_pipelined() {
    let mut machine = machine();
    start(&mut machine, "GET", &[], b"").unwrap();
    let error = start(&mut machine, "GET", &[], b"").unwrap_err();
    assert!(error.to_string().contains("pipelined"));
    run(
        &mut machine,
        [&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"[..]],
    );
    assert!(start(&mut machine, "GET", &[], b"").is_err());
    let seen = run(&mut machine, [&b"cde"[..]]);
    assert!(seen.keep_alive);
    start(&mut machine, "GET", &[], b"").unwrap();
}
