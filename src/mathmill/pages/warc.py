"""Read the responses of a WARC file (of a WET file: the texts), one after the other, past every broken record.

A reader that stops at the first bad record loses the rest of the file; one that trusts a wrong Content-Length hands
over half a page, or several pages in one. Here a record is believed only when the next one starts where it should;
otherwise it is counted, and reading goes on at the next place in the file where a record begins.
"""

import io
import re
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from mathmill.pages.body import BodyError, decode_body
from mathmill.pages.remote import RemoteFile
from mathmill.workflow.config import FetchConfig

_GZIP = b"\x1f\x8b\x08"
_RECORD_START = re.compile(rb"(?:^|\r\n\r\n)(?=WARC/[01]\.[0-9]\r\n)")
_INSIDE = b"\r\n\r\nWARC/"  # searched before the pattern: several times as fast
_SWALLOWED = re.compile(rb"\r\n\r\nWARC/[01]\.[0-9]\r\nWARC-")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Response:
    """One HTTP response, or the text that a crawler has made of one: where it stood and what came back.

    body: decoded (chunks and compression undone), cut at the size limit + 1 byte.
    problem: why this record is set aside, or None: `wrong_length`, `truncated`, `undecodable`, `not_http`.
    plain: the body is text already (a conversion record of a WET file).
    """

    url: str
    offset: int
    date: str
    status: int | None
    content_type: str
    charset: str | None
    body: bytes
    problem: str | None
    plain: bool = False


@dataclass(frozen=True)
class Broken:
    """A place in the file where no record could be read."""

    offset: int


def responses(place: Path | str, max_bytes: int, fetch: FetchConfig | None = None) -> Iterator[Response | Broken]:
    """Every response of the file in order; `Broken` where the file could not be read as WARC.

    place: a path, or an address (then `fetch` says how patiently it is read; raises Unreadable where that is in vain).
    max_bytes: no more than this of a body (+ 1 byte, to tell a longer one) is ever held in memory.
    """
    with _open(place, fetch or FetchConfig()) as stream:
        start: int | None = 0
        owed: int | None = None
        while start is not None:
            start, owed = yield from _run(stream, start, max_bytes, owed)
        if owed is not None:
            yield Broken(owed)


def _open(place: Path | str, fetch: FetchConfig) -> BinaryIO:
    if isinstance(place, Path):
        return open(place, "rb")
    # Buffered: `next_record` and `_inflate` count on a read of n bytes being n bytes long.
    return io.BufferedReader(RemoteFile(place, fetch), _CHUNK)


def _run(
    handle: BinaryIO, start: int, max_bytes: int, owed: int | None
) -> Generator[Response | Broken, None, tuple[int | None, int | None]]:
    """Read from `start` until the end or the first fault.

    owed: a fault before `start` that no record has answered for; reported once `start` itself proves readable.
    Returns where to go on (None at the end) and the fault that is owed then.
    """
    handle.seek(start)
    held: Response | None = None
    last, seen, failed = start, 0, False
    try:
        for record in ArchiveIterator(handle, record_types=WarcRecordType.any_type, auto_decode="none"):
            if owed is not None:
                yield Broken(owed)
                owed = None
            if held is not None:
                yield held
                held = None
            seen += 1
            last = record.stream_pos
            if record.record_type in (WarcRecordType.response, WarcRecordType.conversion):
                held = _response(record, max_bytes)
                if held.problem == "wrong_length":
                    # What follows in the stream cannot be trusted to be a record boundary: find the next one.
                    failed = True
                    break
    except OSError:
        failed = True
    if held is not None:
        held = _judge(handle, held) if failed else held
        yield held
    following = next_record(handle, last + 1)
    if not failed:
        well = held is None or held.problem is None
        if well and following is None and owed is None and not _is_last(handle, last):
            yield Broken(last)  # a file that was cut ends the iteration as a whole one does
        # An empty member ends the iteration as the end of the file does: look whether anything follows.
        return following, owed if following is None else last
    if seen == 0:
        yield Broken(start)
        owed = None
    elif held is None or held.problem is None:
        owed = last
    return following, owed


def _judge(handle: BinaryIO, held: Response) -> Response:
    """The last response before a fault, with the problem that is its own: a fault may also lie in what follows."""
    if held.problem is not None:
        return held
    return replace(held, problem=length_problem(handle, held.offset))


def _is_last(handle: BinaryIO, offset: int) -> bool:
    """Whether the record at `offset` is whole and nothing but zeros follows; true where no record can be made out."""
    handle.seek(offset)
    chunk = handle.read(_CHUNK // 16)
    if not chunk.startswith(_GZIP):
        return not chunk.startswith(b"WARC/") or length_problem(handle, offset) is None
    member = zlib.decompressobj(31)
    try:
        while chunk and not member.eof:
            member.decompress(chunk, _CHUNK)
            chunk = member.unconsumed_tail or handle.read(_CHUNK // 16)
    except zlib.error:
        return False
    # What stands in `chunk` now, if anything, was read behind the member.
    return member.eof and not (member.unused_data + chunk).strip(b"\0")


def length_problem(handle: BinaryIO, offset: int) -> str | None:
    """`truncated` if the file ends inside the record at `offset`, `wrong_length` if its content ends elsewhere."""
    stream = _inflate(handle, offset)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = next(stream, b"")
        if not piece or len(head) > _CHUNK:
            return "truncated"
        head += piece
    header, _, rest = head.partition(b"\r\n\r\n")
    match = re.search(rb"(?mi)^content-length:\s*(\d+)\s*$", header)
    if match is None:
        return "wrong_length"
    wanted = int(match.group(1))
    while len(rest) < wanted + 4:
        piece = next(stream, b"")
        if not piece:
            return "truncated" if len(rest) <= wanted else "wrong_length"
        # Only the position matters, so what has been passed is thrown away: memory stays at one chunk.
        passed = min(len(rest), wanted)
        rest, wanted = rest[passed:] + piece, wanted - passed
    return None if rest[wanted : wanted + 4] == b"\r\n\r\n" else "wrong_length"


def _inflate(handle: BinaryIO, offset: int) -> Iterator[bytes]:
    """The bytes of the gzip member at `offset` (or of the plain file from there), chunk by chunk."""
    handle.seek(offset)
    chunk = handle.read(_CHUNK // 16)
    if not chunk.startswith(_GZIP):
        while chunk:
            yield chunk
            chunk = handle.read(_CHUNK // 16)
        return
    member = zlib.decompressobj(31)
    try:
        while chunk and not member.eof:
            out = member.decompress(chunk, _CHUNK)
            if out:
                yield out
            chunk = member.unconsumed_tail or handle.read(_CHUNK // 16)
    except zlib.error:
        return


def _response(record: WarcRecord, max_bytes: int) -> Response:
    if record.record_type == WarcRecordType.conversion:
        return _conversion(record, max_bytes)
    http = record.http_headers
    problem: str | None = None
    raw = record.reader.read(max_bytes + 1)
    body = raw
    if _INSIDE in raw and _SWALLOWED.search(raw):
        problem = "wrong_length"
    elif http is None or http.status_code is None:
        problem = "not_http"
    elif len(raw) < min(record.content_length, max_bytes + 1):
        problem = "truncated"
    elif len(raw) <= max_bytes:
        transfer, encoding = http.get("Transfer-Encoding") or "", http.get("Content-Encoding") or ""
        try:
            body = decode_body(raw, transfer, encoding, max_bytes)
        except BodyError:
            problem = "undecodable"
    return Response(
        url=(record.headers.get("WARC-Target-URI") or "").strip("<> "),
        offset=record.stream_pos,
        date=record.headers.get("WARC-Date") or "",
        status=http.status_code if http is not None else None,
        content_type=(record.http_content_type or "").lower(),
        charset=record.http_charset,
        body=body,
        problem=problem,
    )


def _conversion(record: WarcRecord, max_bytes: int) -> Response:
    """A text that a crawler has made of a page: always UTF-8, and without a status, since only good pages have one."""
    body = record.reader.read(max_bytes + 1)
    problem = None
    if _SWALLOWED.search(body):
        problem = "wrong_length"
    elif len(body) < min(record.content_length, max_bytes + 1):
        problem = "truncated"
    kind = (record.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    return Response(
        url=(record.headers.get("WARC-Target-URI") or "").strip("<> "),
        offset=record.stream_pos,
        date=record.headers.get("WARC-Date") or "",
        status=200,
        content_type=kind,
        charset="utf-8",
        body=body,
        problem=problem if kind == "text/plain" else problem or "not_http",
        plain=True,
    )


def next_record(handle: BinaryIO, position: int) -> int | None:
    """The first offset at or after `position` where a WARC record begins (gzip member or plain), or None."""
    handle.seek(0)
    compressed = handle.read(3) == _GZIP
    overlap = 64
    handle.seek(position)
    tail, base = b"", position
    while chunk := handle.read(_CHUNK):
        window = tail + chunk
        found = _member(handle, window, base) if compressed else _plain(window, base)
        if found is not None:
            return found
        tail = window[-overlap:]
        base += len(window) - len(tail)
        handle.seek(base + len(tail))
    return None


def _member(handle: BinaryIO, window: bytes, base: int) -> int | None:
    at = window.find(_GZIP)
    while at != -1:
        handle.seek(base + at)
        try:
            # A gzip magic can stand inside compressed data by chance: believe it only when a record header inflates.
            if zlib.decompressobj(31).decompress(handle.read(512), 16).startswith(b"WARC/"):
                return base + at
        except zlib.error:
            pass
        at = window.find(_GZIP, at + 1)
    return None


def _plain(window: bytes, base: int) -> int | None:
    match = _RECORD_START.search(window)
    return None if match is None else base + match.end()
