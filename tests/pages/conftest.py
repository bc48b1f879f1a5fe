"""WARC files built by hand, sound and broken."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

Record = Callable[..., bytes]


def make_record(
    url: str,
    body: bytes,
    content_type: str | None = "text/html; charset=utf-8",
    status: str = "200 OK",
    headers: str = "",
    length: int | str | None = None,
    kind: str = "response",
    date: str = "2024-01-01T00:00:00Z",
) -> bytes:
    """One WARC record, not compressed; `length` writes a Content-Length of the record that may be wrong."""
    typed = f"Content-Type: {content_type}\r\n" if content_type else ""
    payload = f"HTTP/1.1 {status}\r\n{typed}{headers}\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
        "WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(payload) if length is None else length}\r\n\r\n"
    )
    return head.encode() + payload + b"\r\n\r\n"


def member(data: bytes) -> bytes:
    """One gzip member with fixed bytes."""
    return gzip.compress(data, mtime=0)


@pytest.fixture
def record() -> Record:
    """Builds a record."""
    return make_record


@pytest.fixture
def warc(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as a WARC file, one gzip member each, and gives its path."""

    def write(*records: bytes, name: str = "part-00000.warc.gz") -> Path:
        path = tmp_path / "crawl" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(member(data) for data in records))
        return path

    return write
