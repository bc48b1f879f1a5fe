"""Undo what a server did to a body on the wire: chunks and compression, never past a size limit.

fastwarc can do this itself (`auto_decode="all"`), but its 2.0.1 silently ends the file after a body that is both
chunked and compressed, and decodes without a limit; so records are read raw and decoded here.
"""

import re
import zlib
from io import BytesIO

_CHUNK_HEAD = re.compile(rb"\r?\n?([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class BodyError(Exception):
    """The body is not what its headers say."""


def decode_body(raw: bytes, transfer: str, encoding: str, max_bytes: int) -> bytes:
    """The body as the page's author wrote it, cut at `max_bytes` + 1 bytes.

    transfer, encoding: the values of Transfer-Encoding and Content-Encoding ("" where the header is missing).
    An archive that stores decoded bodies under the old headers is met often: a body that is plainly not compressed
    or not chunked is taken as it is. Any other contradiction raises BodyError.
    """
    if "chunked" in transfer.lower():
        raw = _join_chunks(raw)
    for name in reversed([step.strip().lower() for step in encoding.split(",") if step.strip()]):
        raw = _decompress(raw, name, max_bytes)
    return raw[: max_bytes + 1]


def _join_chunks(raw: bytes) -> bytes:
    if _CHUNK_HEAD.match(raw) is None and raw.lstrip()[:1] == b"<":
        return raw
    pieces, position = [], 0
    while position < len(raw):
        head = _CHUNK_HEAD.match(raw, position)
        if head is None:
            raise BodyError("chunk header expected")
        size = int(head.group(1), 16)
        if size == 0:
            break
        pieces.append(raw[head.end() : head.end() + size])
        position = head.end() + size
    return b"".join(pieces)


def _decompress(raw: bytes, name: str, max_bytes: int) -> bytes:
    if name in ("identity", "none") or not raw or raw.lstrip()[:1] == b"<":
        return raw
    try:
        if name in ("gzip", "x-gzip"):
            return zlib.decompressobj(31).decompress(raw, max_bytes + 1)
        if name == "deflate":
            return _deflate(raw, max_bytes)
        if name in ("br", "zstd"):
            return _arrow(raw, "brotli" if name == "br" else "zstd", max_bytes)
    except (zlib.error, OSError) as error:
        raise BodyError(f"{name}: {error}") from None
    raise BodyError(f"unknown Content-Encoding {name}")


def _deflate(raw: bytes, max_bytes: int) -> bytes:
    # The standard says zlib, half of the servers send the bare stream.
    try:
        return zlib.decompressobj(15).decompress(raw, max_bytes + 1)
    except zlib.error:
        return zlib.decompressobj(-15).decompress(raw, max_bytes + 1)


def _arrow(raw: bytes, codec: str, max_bytes: int) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.PythonFile(BytesIO(raw), mode="r"), codec) as stream:
        return bytes(stream.read(max_bytes + 1))
