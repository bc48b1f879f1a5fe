"""Bytes to text: UTF-8 first, then what the server says, what the page says, and what the bytes look like."""

import codecs
import re

from resiliparse.parse.encoding import detect_encoding

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.\-]+)""", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Labels that web pages use for a superset (https://encoding.spec.whatwg.org/#names-and-labels).
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
}


def decode(body: bytes, http_charset: str | None) -> tuple[str, str] | None:
    """The text of a page and the name of its charset; None when no candidate fits the bytes.

    UTF-8 that decodes without an error is UTF-8, whatever the header and the page say: a stale declaration is common,
    and text of another charset is almost never valid UTF-8 by chance. Candidates after that, in order: the HTTP header,
    the page's own <meta>, detection. The first pass takes a candidate that decodes every byte; a second pass takes the
    same order and forgives a few damaged bytes (1 in 200), so that one bad byte does not cost the page.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    names = _candidates(body, http_charset)
    for name in names:
        try:
            return body.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    for name in ["utf-8", *names]:
        text = body.decode(name, "replace")
        if text.count("\ufffd") * 200 <= len(text):
            return text, name
    return None


def _candidates(body: bytes, http_charset: str | None) -> list[str]:
    meta = _META.search(body[:4096])
    said = [http_charset, meta.group(1).decode("ascii") if meta else None]
    # resiliparse's mapping to HTML5's names turns a rightly detected cp949 into utf-8: take the detector's own word.
    detected = detect_encoding(body, html5_compatible=False, from_html_meta=False)
    names = [*(_known(label) for label in said), _known(detected)]
    return list(dict.fromkeys(name for name in names if name is not None and name != "utf-8"))


def _known(label: str | None) -> str | None:
    """Python's name of the charset that browsers use for this label; None for labels that nobody knows."""
    if not label:
        return None
    label = label.strip().strip("\"'").lower()
    try:
        return codecs.lookup(_SUPERSETS.get(label, label)).name
    except LookupError:
        return None
