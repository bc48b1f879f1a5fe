"""WARC 1.1 records, each in a gzip member of its own, the same bytes for the same content.

A writer of our own and not fastwarc's: broken records (a wrong length, a garbage header block) have to be written too.
"""

import zlib
from datetime import UTC, datetime, timedelta

from mathmill.microworld.rng import digest

_EPOCH = datetime(2024, 2, 1, tzinfo=UTC)


def member(data: bytes, level: int = 6) -> bytes:
    """One gzip member; its header holds no time and no name."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def record_date(*names: object) -> str:
    """A date that depends on the names alone, within about three weeks of the crawl."""
    seconds = int.from_bytes(digest("date", *names)[:4], "big") % 1_800_000
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record_id(*names: object) -> str:
    """A record's identifier, made from the names."""
    value = digest("record", *names).hex()
    return f"<urn:uuid:{value[:8]}-{value[8:12]}-4{value[13:16]}-8{value[17:20]}-{value[20:32]}>"


def record(kind: str, headers: dict[str, str], content: bytes, length: int | None = None) -> bytes:
    """One record, not compressed. kind: the WARC-Type; length: a Content-Length other than the true one."""
    lines = ["WARC/1.1", f"WARC-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(content) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n\r\n"


def page_headers(url: str, names: tuple[object, ...], content_type: str) -> dict[str, str]:
    """The headers that all records about a URL share."""
    return {
        "WARC-Record-ID": record_id(*names),
        "WARC-Date": record_date(*names[:-1]),
        "WARC-Target-URI": url,
        "Content-Type": content_type,
    }


def request_bytes(url: str) -> bytes:
    """The HTTP request of a polite crawler."""
    host, _, path = url.partition("://")[2].partition("/")
    lines = [
        f"GET /{path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: millbot/1.0",
        "Accept: text/html",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def warcinfo(seed: int, name: str) -> bytes:
    """The first record of a WARC file."""
    content = b"software: mathmill microworld\r\nformat: WARC File Format 1.1\r\nrobots: obey\r\n"
    headers = {
        "WARC-Record-ID": record_id(seed, name, "warcinfo"),
        "WARC-Date": record_date(seed, name),
        "WARC-Filename": name,
        "Content-Type": "application/warc-fields",
    }
    return record("warcinfo", headers, content)
