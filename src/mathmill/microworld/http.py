"""HTTP answers as a crawler stores them: status, charset, chunked bodies, compressed bodies."""

import random
from dataclasses import dataclass

from mathmill.microworld.warc import member

_REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    404: "Not Found",
    500: "Internal Server Error",
}


@dataclass(frozen=True)
class Charset:
    """How a host encodes its pages: the Python codec, the name in the HTTP header, the name in the meta tag."""

    codec: str
    http: str | None
    meta: str | None


def charset(codec: str, declared: str) -> Charset:
    """The charset of a host. declared: both, http, meta, none, or wrong_http (a false header over a true meta tag)."""
    name = codec.upper() if codec.startswith("gb") else codec
    # gb2312 is what many Chinese pages declare while they use characters of GBK.
    real = "gbk" if codec == "gb2312" else codec
    if declared == "wrong_http":
        return Charset(real, "ISO-8859-1" if real == "utf-8" else "UTF-8", name)
    return Charset(real, name if declared in ("both", "http") else None, name if declared in ("both", "meta") else None)


def meta_tag(kind: Charset) -> str:
    """The declaration in the page's head, old style for legacy charsets."""
    if kind.meta is None:
        return ""
    if kind.meta == "utf-8":
        return '<meta charset="utf-8">'
    return f'<meta http-equiv="Content-Type" content="text/html; charset={kind.meta}">'


def encode(text: str, kind: Charset) -> bytes:
    """The page's bytes; characters that the charset lacks become numeric references, as servers do."""
    return text.encode(kind.codec, errors="xmlcharrefreplace")


def chunked(body: bytes, rng: random.Random) -> bytes:
    """The body in HTTP/1.1 chunks of varying size."""
    parts: list[bytes] = []
    position = 0
    while position < len(body):
        piece = body[position : position + rng.randint(500, 9000)]
        parts.append(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        position += len(piece)
    return b"".join(parts) + b"0\r\n\r\n"


def answer(
    status: int,
    content_type: str,
    body: bytes,
    rng: random.Random,
    *,
    gzipped: bool = False,
    in_chunks: bool = False,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A whole HTTP answer; the body is compressed and cut into chunks as asked."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Type: {content_type}", "Server: nginx"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if gzipped:
        body = member(body)
        lines.append("Content-Encoding: gzip")
    if in_chunks:
        body = chunked(body, rng)
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
