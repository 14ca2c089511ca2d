//! Round trips against encoders, hostile input, and bounds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop there"
)]

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::{DecodeError, Decoder};

const ALL: [&str; 5] = ["gzip", "deflate", "raw", "br", "zstd"];

fn encode(coding: &str, data: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut output = Vec::new();
            let mut input = data;
            let parameters = ::brotli::enc::BrotliEncoderParams {
                quality: 5,
                ..Default::default()
            };
            ::brotli::BrotliCompress(&mut input, &mut output, &parameters).unwrap();
            output
        }
        _ => zstd::encode_all(data, 3).unwrap(),
    }
}

fn name(coding: &str) -> &str {
    if coding == "raw" { "deflate" } else { coding }
}

fn decoder(value: &str) -> Decoder<Vec<u8>> {
    Decoder::for_encoding(value).unwrap().unwrap()
}

/// Everything, in input pieces of `piece` bytes and reads of `limit` bytes.
fn decode(
    value: &str,
    data: &[u8],
    piece: usize,
    limit: usize,
) -> (Vec<u8>, Result<(), DecodeError>) {
    let mut decoder = decoder(value);
    let mut output = Vec::new();
    let mut buffer = vec![0; limit];
    for chunk in data.chunks(piece) {
        decoder.feed(chunk.to_vec());
        loop {
            match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => output.extend_from_slice(&buffer[..count]),
                Err(error) => return (output, Err(error)),
            }
        }
    }
    (output, decoder.finish())
}

fn decode_whole(value: &str, data: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let (output, result) = decode(value, data, usize::MAX, 4096);
    result.map(|()| output)
}

#[test]
fn names_choose_the_decoders() {
    let known = |value| Decoder::<Vec<u8>>::for_encoding(value).unwrap().is_some();
    for value in [
        "gzip",
        "X-GZip",
        " br ",
        "gzip, br",
        "identity, zstd",
        ",deflate,",
    ] {
        assert!(known(value), "{value}");
    }
    for value in [
        "",
        "identity",
        "compress",
        "gzip, compress",
        "gzip br",
        "x-br",
    ] {
        assert!(!known(value), "{value}");
    }
    let six = Decoder::<Vec<u8>>::for_encoding("gzip,gzip,gzip,gzip,gzip,gzip");
    assert_eq!(six.err(), Some(DecodeError::TooManyCodings { count: 6 }));
    assert!(known("gzip,identity,gzip,gzip,gzip,gzip"));
}

#[test]
fn no_input_at_all_is_fine() {
    for coding in ALL {
        let mut decoder = decoder(name(coding));
        decoder.feed(Vec::new());
        assert_eq!(decoder.read(&mut [0; 8]), Ok(0));
        assert_eq!(decoder.finish(), Ok(()));
    }
}

#[test]
fn every_prefix_is_truncated_and_the_whole_is_not() {
    for coding in ALL {
        let encoded = encode(coding, b"hello, hello, hello");
        for length in 1..encoded.len() {
            assert!(
                matches!(
                    decode_whole(name(coding), &encoded[..length]),
                    Err(DecodeError::Truncated { .. })
                ),
                "{coding} {length}"
            );
        }
        assert_eq!(
            decode_whole(name(coding), &encoded).unwrap(),
            b"hello, hello, hello"
        );
    }
}

#[test]
fn bytes_after_brotlis_end_are_an_error() {
    let encoded = encode("br", b"payload");
    for rest in [encoded.clone(), b"\0".to_vec(), b"<!-- -->".to_vec()] {
        let doubled = [encoded.clone(), rest].concat();
        for piece in [1, 3, encoded.len(), usize::MAX] {
            let (output, result) = decode("br", &doubled, piece, 5);
            assert_eq!(output, b"payload");
            assert!(matches!(
                result,
                Err(DecodeError::Corrupt { coding: "br", .. })
            ));
        }
        let wrapped = encode("gzip", &doubled);
        for piece in [1, usize::MAX] {
            let (_, result) = decode("br, gzip", &wrapped, piece, 5);
            assert!(matches!(
                result,
                Err(DecodeError::Corrupt { coding: "br", .. })
            ));
        }
    }
}

#[test]
fn garbage_after_the_end_is_ignored_however_it_is_split() {
    for coding in ALL.into_iter().filter(|coding| *coding != "br") {
        let mut encoded = encode(coding, b"payload");
        for garbage in [&b"\0\0\0\0"[..], b"<!-- -->", b"\x1f", b"\x28\xb5\x2f"] {
            let end = encoded.len();
            encoded.extend_from_slice(garbage);
            for piece in [1, 3, usize::MAX] {
                let (output, result) = decode(name(coding), &encoded, piece, 5);
                assert_eq!(
                    (output.as_slice(), result),
                    (&b"payload"[..], Ok(())),
                    "{coding}"
                );
            }
            encoded.truncate(end);
        }
    }
}

#[test]
fn members_and_frames_are_joined() {
    for coding in ["gzip", "zstd"] {
        let mut encoded = encode(coding, b"one ");
        if coding == "zstd" {
            encoded.extend_from_slice(b"\x5a\x2a\x4d\x18\x03\0\0\0xyz");
        }
        encoded.extend(encode(coding, b""));
        encoded.extend(encode(coding, b"two"));
        for piece in [1, 2, 7, usize::MAX] {
            let (output, result) = decode(coding, &encoded, piece, 3);
            assert_eq!(
                (output.as_slice(), result),
                (&b"one two"[..], Ok(())),
                "{coding} {piece}"
            );
        }
    }
}

#[test]
fn gzip_header_fields_are_skipped() {
    let mut encoded = vec![0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 3];
    encoded.extend_from_slice(b"\x04\0AB\0\0name\0comment\0");
    encoded.extend_from_slice(&encode("gzip", b"data")[10..]);
    assert_eq!(decode("gzip", &encoded, 1, 9).0, b"data");
    assert_eq!(decode_whole("gzip", &encoded).unwrap(), b"data");
}

#[test]
fn wrong_checksums_and_lengths_are_corrupt() {
    for (coding, from_end) in [("gzip", 8), ("gzip", 1), ("deflate", 1)] {
        let mut encoded = encode(coding, b"some data");
        let place = encoded.len() - from_end;
        encoded[place] ^= 1;
        let result = decode_whole(coding, &encoded);
        assert!(
            matches!(result, Err(DecodeError::Corrupt { .. })),
            "{coding}"
        );
    }
}

#[test]
fn an_error_is_final() {
    let mut decoder = decoder("gzip");
    decoder.feed(b"plain text".to_vec());
    let failure = decoder.read(&mut [0; 8]).unwrap_err();
    decoder.feed(encode("gzip", b"x"));
    assert_eq!(decoder.read(&mut [0; 8]), Err(failure.clone()));
    assert_eq!(decoder.finish(), Err(failure));
    assert_eq!(decoder.held(), 0);
}

#[test]
fn zstd_window_is_bounded() {
    // A frame header that declares a window of 16 MiB.
    let frame = b"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00".to_vec();
    assert!(matches!(
        decode_whole("zstd", &frame),
        Err(DecodeError::Corrupt { .. })
    ));
}

#[test]
fn reading_without_room_or_input_does_no_harm() {
    for coding in ALL {
        let mut decoder = decoder(name(coding));
        let encoded = encode(coding, b"some data");
        let (start, rest) = encoded.split_at(encoded.len() / 2);
        decoder.feed(start.to_vec());
        let mut output = Vec::new();
        let mut buffer = [0; 64];
        for _ in 0..100 {
            assert_eq!(decoder.read(&mut []), Ok(0));
            let count = decoder.read(&mut buffer).unwrap();
            output.extend_from_slice(&buffer[..count]);
        }
        decoder.feed(rest.to_vec());
        let count = decoder.read(&mut buffer).unwrap();
        output.extend_from_slice(&buffer[..count]);
        assert_eq!(output, b"some data", "{coding}");
        assert_eq!(decoder.finish(), Ok(()));
    }
}

#[test]
fn bombs_are_produced_in_bounded_steps() {
    for coding in ALL {
        let bomb = encode("gzip", &encode(coding, &vec![0; 64 << 20]));
        let mut decoder = decoder(&format!("{}, gzip", name(coding)));
        decoder.feed(bomb);
        let mut buffer = vec![1; 1000];
        for _ in 0..1000 {
            assert_eq!(decoder.read(&mut buffer), Ok(1000));
        }
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
}

#[test]
fn a_bomb_after_the_end_of_the_inner_coding_is_not_decoded() {
    let mut inner = encode("zstd", b"short");
    inner.resize(64 << 20, 0);
    let (output, result) = decode("zstd, gzip", &encode("gzip", &inner), 512, 64);
    assert_eq!((output.as_slice(), result), (&b"short"[..], Ok(())));
}

#[test]
fn the_outer_checksum_is_checked_after_the_inner_end() {
    let mut encoded = encode("gzip", &encode("br", b"data"));
    let (output, result) = decode("br, gzip", &encoded[..encoded.len() - 1], 1, 64);
    assert_eq!(output, b"data");
    assert!(matches!(
        result,
        Err(DecodeError::Truncated { coding: "gzip" })
    ));
    let last = encoded.len() - 1;
    encoded[last] ^= 1;
    assert!(decode_whole("br, gzip", &encoded).is_err());
}

fn compressible() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        (any::<u8>(), 1usize..200).prop_map(|(byte, count)| vec![byte; count]),
        0..60,
    )
    .prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_split_and_any_limit_give_the_same(
        data in compressible(),
        codings in prop::collection::vec(prop::sample::select(ALL.to_vec()), 1..=5),
        piece in 1usize..2000,
        limit in 1usize..5000,
    ) {
        let encoded = codings.iter().fold(data.clone(), |data, coding| encode(coding, &data));
        let value = codings.iter().map(|coding| name(coding)).collect::<Vec<_>>().join(", ");
        let (output, result) = decode(&value, &encoded, piece, limit);
        prop_assert_eq!(result, Ok(()));
        prop_assert!(output == data);
    }

    #[test]
    fn damage_is_found_or_harmless_and_never_a_panic(
        data in compressible(),
        coding in prop::sample::select(ALL.to_vec()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        piece in 1usize..500,
    ) {
        let mut encoded = encode(coding, &data);
        for (place, byte) in damage {
            let place = place.index(encoded.len());
            encoded[place] = byte;
        }
        let whole = decode(name(coding), &encoded, usize::MAX, 512);
        let pieces = decode(name(coding), &encoded, piece, 77);
        prop_assert_eq!(whole.1.is_ok(), pieces.1.is_ok());
        if whole.1.is_ok() {
            prop_assert!(whole.0 == pieces.0);
        }
        if let Err(DecodeError::Corrupt { reason, .. }) = whole.1 {
            prop_assert!(reason != "the decoder failed" && reason != "it makes no progress", "{}", reason);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        data in prop::collection::vec(any::<u8>(), 0..300),
        value in prop::sample::select(vec!["gzip", "deflate", "br", "zstd", "br, deflate"]),
    ) {
        let _ = decode(value, &data, 7, 100);
    }
}
