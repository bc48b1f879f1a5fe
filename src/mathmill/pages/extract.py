"""The responses of one crawl file to a table of extracted pages (paper section 2.1)."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from mathmill.pages.charset import decode
from mathmill.pages.config import PagesConfig
from mathmill.pages.html import PageText, read_page
from mathmill.pages.language import language
from mathmill.pages.shingles import band_keys, minhash, permutations, shingles, sketch, tokens
from mathmill.pages.url import host_and_path, normalise
from mathmill.pages.warc import Broken, Response
from mathmill.workflow.engine import PageGuard
from mathmill.workflow.rows import RowWriter
from mathmill.workflow.tables import PAGE

if TYPE_CHECKING:
    import pyarrow as pa

_HTML = ("text/html", "application/xhtml+xml")
_MARKS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<p", b"<div", b"<meta", b"<table", b"<h1")
_BINARY = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x7fELF",
    b"RIFF",
    b"\xd0\xcf\x11\xe0",
)


def EXTRACTED() -> "pa.Schema":
    """PAGE and what the search for copies needs.

    Normal URL, date, hash of the tokens, characters, keys of the MinHash bands (uint64), sketch (uint32).
    """
    import pyarrow as pa

    extra = [("key", pa.string()), ("date", pa.string()), ("content", pa.uint64()), ("length", pa.int64())]
    extra += [("bands", pa.binary()), ("sketch", pa.binary())]
    return pa.schema([*PAGE(), *(pa.field(name, kind, nullable=False) for name, kind in extra)])


def write_pages(
    items: Iterable[Response | Broken], source: str, params: PagesConfig, out: Path, guard: PageGuard
) -> dict[str, Any]:
    """Write the pages among `items` to `out`; returns the counts of what was kept and what was dropped, and why.

    source: the name of the file that they come from. Memory holds one group of rows, however long the file is.
    """
    functions = permutations(params.near.bands * params.near.rows if params.near.enabled else 0, params.seed)
    dropped: Counter[str] = Counter()
    charsets: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    formulas: Counter[str] = Counter()
    passes: Counter[str] = Counter()
    seen = 0
    with RowWriter(out, EXTRACTED()) as rows:
        for item in items:
            seen += 1
            reason = "broken_record" if isinstance(item, Broken) else unfit(item, params)
            if reason is not None or isinstance(item, Broken):
                dropped[reason or "broken_record"] += 1
                continue
            result = guard.call(item.url, extract, item, params, functions)
            if isinstance(result, str):
                dropped[result] += 1
            elif result is not None:
                charsets[result.pop("charset")] += 1
                languages[result["lang"]] += 1
                formulas.update(json.loads(result["formulas"]))
                passes[result.pop("pass")] += 1
                rows.append({**result, "warc": source, "offset": item.offset, "date": item.date})
    return {
        "responses": seen,
        "pages": rows.count,
        "dropped": dict(dropped),
        "charsets": dict(charsets),
        "languages": dict(languages),
        "formulas": dict(formulas),
        "passes": dict(passes),
    }


def unfit(response: Response, params: PagesConfig) -> str | None:
    """Why a response is no page to extract, or None: judged before any parsing."""
    if response.problem is not None:
        return response.problem
    if response.status != 200:
        return "status_not_200"
    if len(response.body) > params.max_bytes:
        return "too_large"
    if not response.body.strip():
        return "empty"
    if response.plain:
        return None
    if not is_html(response.content_type, response.body):
        return "not_html"
    return "too_many_tags" if response.body.count(b"<") > params.max_tags else None


def is_html(content_type: str, body: bytes) -> bool:
    """Whether type and first bytes agree that this is HTML; a missing type is judged by the bytes alone."""
    head = body[:2048].lstrip().lower()
    if body.startswith(_BINARY):
        return False
    if content_type:
        return content_type.split(";")[0].strip() in _HTML
    return any(mark in head for mark in _MARKS)


def extract(
    response: Response, params: PagesConfig, functions: np.ndarray[Any, np.dtype[np.uint32]]
) -> dict[str, Any] | str:
    """The row of one page without its place, or the reason for which it is dropped."""
    key = normalise(response.url)
    if key is None:
        return "bad_url"
    decoded = decode(response.body, response.charset)
    if decoded is None:
        return "undecodable"
    content, charset = decoded
    search = params.formulas
    page = (
        PageText(content.strip(), Counter(), False)
        if response.plain
        else read_page(content, search.min_score, search.max_lost)
    )
    text = page.text[: params.max_chars]
    # A lone surrogate cannot be written as UTF-8, and NUL ends the text for many a reader.
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    if len(text) < params.min_chars:
        return "empty"
    host, path = host_and_path(key)
    words = tokens(text)
    return {
        "url": response.url,
        "host": host,
        "path": path,
        "lang": language(text),
        "text": text,
        "formulas": json.dumps(page.formulas, sort_keys=True),
        "pass": "whole_body" if page.whole else "fine" if page.fine else "coarse",
        "key": key,
        "content": xxhash.xxh3_64_intdigest(" ".join(words).encode()),
        "length": len(text),
        **summaries(words, params, functions),
        "charset": charset,
    }


def summaries(
    words: list[str], params: PagesConfig, functions: np.ndarray[Any, np.dtype[np.uint32]]
) -> dict[str, bytes]:
    """What near-duplicates of a page are found by: the keys of its bands (none where switched off), and its sketch."""
    items = shingles(words, params.near.shingle)
    bands = params.near.bands if params.near.enabled else 0
    keys = band_keys(minhash(items, functions), bands).astype("<u8") if bands else np.zeros(0, dtype="<u8")
    return {"bands": keys.tobytes(), "sketch": sketch(items, params.near.sketch).astype("<u4").tobytes()}
