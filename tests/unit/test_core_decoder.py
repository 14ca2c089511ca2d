"""The core's content decoder: against Python's own encoders, in pieces, damaged, and as bombs."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import textwrap
import threading
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import DecodeError, Decoder

TEXT = b"It was the best of times, it was the worst of times. " * 50
BROTLI = b"\x0b\x02\x80hello\x03"
ZSTD = bytes.fromhex("28b52ffd2005290000") + b"hello"


def raw_deflate(data):
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


def decode(coding, data, piece=1 << 20, limit=1 << 16):
    decoder = Decoder.for_encoding(coding)
    output = []
    for start in range(0, len(data), piece):
        decoder.feed(data[start : start + piece])
        while decoded := decoder.read(limit):
            assert len(decoded) <= limit
            output.append(decoded)
    decoder.finish()
    return b"".join(output)


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("limit", [1, 100, 1 << 16, sys.maxsize])
def test_round_trips_in_any_pieces(coding, piece, limit):
    assert decode(coding, ENCODERS[coding](TEXT), piece, limit) == TEXT


@pytest.mark.parametrize(("coding", "data"), [("br", BROTLI), ("zstd", ZSTD)])
def test_known_brotli_and_zstd_streams(coding, data):
    assert decode(coding, data) == b"hello"
    assert decode(coding, data, piece=1, limit=1) == b"hello"


def test_chains_are_undone_from_last_to_first():
    assert decode("br, gzip", gzip.compress(BROTLI)) == b"hello"
    assert decode("deflate, identity, GZIP", gzip.compress(zlib.compress(TEXT)), piece=3) == TEXT


@pytest.mark.parametrize(
    "value", ["", "identity", "compress", "gzip, compress", "utf-8", "gzip;q=1"]
)
def test_unknown_codings_have_no_decoder(value):
    assert Decoder.for_encoding(value) is None


def test_long_chains_are_refused():
    assert Decoder.for_encoding(", ".join(["gzip"] * 5)) is not None
    with pytest.raises(DecodeError, match="6 content codings"):
        Decoder.for_encoding(", ".join(["gzip"] * 6))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "br, gzip"])
def test_empty_input_is_fine(coding):
    decoder = Decoder.for_encoding(coding)
    decoder.feed(b"")
    assert decoder.read(100) == b""
    decoder.finish()


def test_limit_zero_gives_nothing_and_loses_nothing():
    decoder = Decoder.for_encoding("gzip")
    decoder.feed(gzip.compress(TEXT))
    assert decoder.read(0) == b""
    assert decoder.read(sys.maxsize) == TEXT


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("br", BROTLI),
        ("zstd", ZSTD),
    ],
)
def test_truncation_raises_in_finish(coding, data):
    for length in range(1, len(data)):
        with pytest.raises(DecodeError, match="truncated"):
            decode(coding, data[:length])


def test_truncated_chains_raise_in_finish():
    with pytest.raises(DecodeError, match="br coding is truncated"):
        decode("br, gzip", gzip.compress(BROTLI[:-1]))
    with pytest.raises(DecodeError, match="gzip coding is truncated"):
        decode("br, gzip", gzip.compress(BROTLI)[:-1])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_corruption_raises_in_read_and_stays(coding):
    decoder = Decoder.for_encoding(coding)
    decoder.feed(b"\xff" * 100)
    for _ in range(2):
        with pytest.raises(DecodeError, match=coding):
            decoder.read(100)
    with pytest.raises(DecodeError):
        decoder.finish()


@pytest.mark.parametrize("place", [-1, -8])
def test_gzip_length_and_checksum_are_checked(place):
    data = bytearray(gzip.compress(TEXT))
    data[place] ^= 1
    with pytest.raises(DecodeError):
        decode("gzip", bytes(data))


def test_gzip_members_are_joined_and_garbage_after_them_ignored():
    members = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    for garbage in (b"", b"\0" * 512, b"<!-- served by -->", b"\x1f"):
        for piece in (1, 5, 1 << 20):
            assert decode("gzip", members + garbage, piece) == b"one two"
    with pytest.raises(DecodeError):
        decode("gzip", members + b"\x1f\x8bnot a member")


def test_after_the_end_reads_are_empty():
    decoder = Decoder.for_encoding("deflate")
    decoder.feed(zlib.compress(b"x") + b"garbage")
    assert decoder.read(10) == b"x"
    decoder.feed(b"more garbage")
    assert decoder.read(10) == b""
    decoder.finish()


def test_only_bytes_are_taken():
    decoder = Decoder.for_encoding("gzip")
    with pytest.raises(TypeError):
        decoder.feed("text")
    with pytest.raises(OverflowError):
        decoder.read(-1)


def test_threads_decode_side_by_side():
    data = random.Random(1).randbytes(300_000) * 2
    encoded = gzip.compress(data)
    results = []

    def work():
        results.append(decode("gzip", encoded) == data)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [True] * 4


@given(
    st.binary(max_size=200),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "br, gzip"]),
    st.integers(1, 50),
)
def test_arbitrary_bytes_decode_or_raise_decode_error(data, coding, piece):
    for prefix in (b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"):
        try:
            decode(coding, prefix + data, piece, 1000)
        except DecodeError:
            continue


BOMB = textwrap.dedent("""
    import resource, sys, zlib
    from envoi._core import Decoder

    # One block of zeros, emptied of its history, so that it can be repeated without compressing again.
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = encoder.compress(bytes(1 << 24)) + encoder.flush(zlib.Z_FULL_FLUSH)
    inner = start * 640  # 10 GiB of zeros in 10 MiB
    value = "deflate"
    if sys.argv[1] == "chain":
        inner = zlib.compress(zlib.compress(inner))
        value = "deflate, deflate, deflate"
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (48 << 20)
    decoder = Decoder.for_encoding(value)
    decoder.feed(inner)
    total = 0
    for _ in range(64):
        total += len(decoder.read(1 << 20))
    assert total == 64 << 20, total
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < limit
    assert len(decoder.read(1)) == 1
    print("bounded")
""")


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
@pytest.mark.parametrize("shape", ["plain", "chain"])
def test_bombs_cost_bounded_memory(shape):
    run = subprocess.run(
        [sys.executable, "-c", BOMB, shape], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout == "bounded\n", run.stderr
