"""Bodies come back as their author wrote them, and never larger than allowed."""

import gzip
import zlib

import pyarrow as pa
import pytest

from mathmill.pages.body import BodyError, decode_body

TEXT = b"<p>" + b"body text " * 50 + b"</p>"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": pa.compress(TEXT, codec="brotli", asbytes=True),
    "zstd": pa.compress(TEXT, codec="zstd", asbytes=True),
    "identity": TEXT,
    "": TEXT,
}


@pytest.mark.parametrize("name", CODINGS)
def test_codings(name: str) -> None:
    assert decode_body(CODINGS[name], "", name, 10_000) == TEXT


def test_deflate_without_its_wrapper() -> None:
    assert decode_body(raw_deflate(TEXT), "", "deflate", 10_000) == TEXT


def test_chunks() -> None:
    chunked = b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n"
    assert decode_body(chunked, "chunked", "", 100) == b"hello world"


def test_headers_of_a_body_that_was_stored_decoded() -> None:
    assert decode_body(TEXT, "chunked", "gzip", 10_000) == TEXT


def test_a_bomb_is_cut_at_the_limit() -> None:
    assert len(decode_body(gzip.compress(b"x" * 50_000_000), "", "gzip", 1000)) == 1001


@pytest.mark.parametrize(
    ("raw", "transfer", "coding"),
    [(b"no gzip", "", "gzip"), (b"zz\r\nabc", "chunked", ""), (b"data", "", "rot13"), (b"no zlib", "", "deflate")],
)
def test_contradictions(raw: bytes, transfer: str, coding: str) -> None:
    with pytest.raises(BodyError):
        decode_body(raw, transfer, coding, 1000)
