//! What holds for any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod h1_common;

use std::fmt::Write as _;
use std::time::Instant;

use envoi_proto::h1::{Limits, Machine, Request};
use envoi_proto::headers::Headers;
use h1_common::{Seen, run, started};
use proptest::prelude::*;

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Just(b"HTTP/1.0 301 Moved\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"Connection: close\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"A: b\r\n".to_vec()),
        Just(b"A: b\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b" folded\r\n".to_vec()),
        Just(b"C: \x01\r\n".to_vec()),
        Just(b"5 \r\nhello\r\n".to_vec()),
        (0u8..20).prop_map(|size| format!("Content-Length: {size}\r\n").into_bytes()),
        (1usize..20)
            .prop_map(|size| format!("{size:x};e\r\n{}\r\n", "y".repeat(size)).into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

fn answer() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), proptest::collection::vec(fragment(), 0..12)).prop_map(|(proper, fragments)| {
        let start: &[u8] = if proper { b"HTTP/1.1 200 OK\r\n" } else { b"" };
        [start, &fragments.concat()].concat()
    })
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn seen(method: &str, pieces: &[&[u8]], end: bool) -> Seen {
    let end = end.then_some(&b""[..]);
    run(&mut started(method), pieces.iter().copied().chain(end))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_cut_gives_the_same_answer(bytes in answer(), cuts in proptest::collection::vec(any::<usize>(), 0..8), end: bool, head: bool) {
        let method = if head { "HEAD" } else { "GET" };
        let whole = seen(method, &pieces(&bytes, &[]), end);
        prop_assert_eq!(&whole, &seen(method, &pieces(&bytes, &cuts), end));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&whole, &seen(method, &single, end));
    }

    /// How many messages there are is never decided by a repair: after one, no other answer is read on the connection.
    #[test]
    fn a_mended_answer_is_the_last_of_its_connection(bytes in answer(), head: bool) {
        let method = if head { "HEAD" } else { "GET" };
        let mut machine = started(method);
        let seen = run(&mut machine, [&bytes[..]]);
        if !seen.repaired.is_empty() {
            prop_assert!(!seen.keep_alive);
            prop_assert!(h1_common::start(&mut machine, "GET", &[], b"").is_err());
        }
    }

    /// A head means the same with the faults that are mended as without them.
    #[test]
    fn a_mended_head_reads_as_its_proper_form(values in proptest::collection::vec(proptest::collection::vec("[!-~]{1,8}", 1..4), 0..6), bare in proptest::collection::vec(any::<bool>(), 8), size in 0usize..9) {
        let write = |line_end: &dyn Fn(usize) -> &'static str, fold: &str| {
            let mut head = format!("HTTP/1.1 200 OK{}", line_end(0));
            for (index, words) in values.iter().enumerate() {
                write!(head, "X-{index}: {}{}", words.join(fold), line_end(index + 1)).unwrap();
            }
            write!(head, "Content-Length: {size}{}{}{}", line_end(6), line_end(7), "y".repeat(size)).unwrap();
            head.into_bytes()
        };
        let proper = seen("GET", &[&write(&|_| "\r\n", " ")], false);
        prop_assert!(proper.repaired.is_empty() && proper.keep_alive && proper.error.is_none());
        let end = |index: usize| if bare[index] { "\n" } else { "\r\n" };
        for fold in [" ", "\r\n ", "\n\t", " \r\n \t"] {
            let faulty = seen("GET", &[&write(&end, fold)], false);
            prop_assert_eq!(faulty.error, None);
            prop_assert_eq!((&faulty.status, &faulty.fields, &faulty.body), (&proper.status, &proper.fields, &proper.body));
            prop_assert!(faulty.ended && faulty.keep_alive == faulty.repaired.is_empty());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), connect: bool) {
        seen(if connect { "CONNECT" } else { "GET" }, &[&bytes], true);
    }

    #[test]
    fn chunked_bodies_come_out_as_they_went_in(body in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for piece in &body {
            envoi_proto::h1::write_chunk(piece, &mut bytes);
        }
        envoi_proto::h1::write_last_chunk(&mut bytes);
        let seen = seen("GET", &[&bytes], false);
        prop_assert!(seen.ended && seen.keep_alive);
        prop_assert_eq!(seen.body, body.concat());
    }

    /// What may be sent is sent byte for byte, and what is sent cannot hold another line than those meant.
    #[test]
    fn written_heads_read_back(method in ".{0,8}", target in ".{0,12}", fields in proptest::collection::vec((any::<Vec<u8>>(), any::<Vec<u8>>()), 0..4), plain in proptest::collection::vec(("[A-Za-z-]{1,12}", "[!-~]([ -~]{0,20}[!-~])?"), 0..4)) {
        let mut headers = Headers::new();
        for (name, value) in &plain {
            headers.add(name.as_bytes(), value.as_bytes());
        }
        for (name, value) in &fields {
            headers.add(name, value);
        }
        let request = Request { method: &method, target: &target, host: "example.com", headers: &headers };
        let mut out = Vec::new();
        if Machine::new(Limits::default()).start(&request, b"", &mut out).is_ok() {
            let mut memory = [httparse::EMPTY_HEADER; 16];
            let mut parsed = httparse::Request::new(&mut memory);
            let size = parsed.parse(&out).unwrap().unwrap();
            prop_assert_eq!(size, out.len());
            prop_assert_eq!(parsed.method, Some(method.as_str()));
            prop_assert_eq!(parsed.path, Some(target.as_str()));
            let sent: Vec<_> = headers.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
            let skip = usize::from(parsed.headers.len() > sent.len());
            let read: Vec<_> = parsed.headers.iter().skip(skip).map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).collect();
            prop_assert_eq!(read, sent);
        }
    }
}

fn fastest(count: usize, make: impl Fn(usize) -> Vec<u8>) -> f64 {
    let bytes = make(count);
    let limits = Limits {
        head_size: usize::MAX,
        header_count: 1_000_000,
        ..Limits::default()
    };
    (0..5)
        .map(|_| {
            let mut machine = h1_common::started_with("GET", &[], limits);
            let begun = Instant::now();
            for byte in bytes.chunks(1) {
                machine.feed(byte, &mut |_| ()).unwrap();
            }
            begun.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

/// Twice the bytes take twice the time, one byte at a time: class L of what has gone wrong elsewhere.
#[test]
fn time_grows_with_the_bytes_alone() {
    let head = |count: usize| {
        format!(
            "HTTP/1.1 200 OK\r\n{}\r\n",
            "Some-Name: some value\r\n".repeat(count)
        )
        .into_bytes()
    };
    let line = |count: usize| {
        format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(20 * count)).into_bytes()
    };
    let chunks = |count: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "1\r\nx\r\n".repeat(4 * count)
        )
        .into_bytes()
    };
    for make in [&head as &dyn Fn(usize) -> Vec<u8>, &line, &chunks] {
        // The least of several ratios: a busy machine makes one measurement of two worthless.
        let ratio = (0..6)
            .map(|_| fastest(16_000, make) / fastest(2_000, make))
            .fold(f64::INFINITY, f64::min);
        assert!(ratio < 24.0, "8 times the bytes took {ratio} times as long");
    }
}
