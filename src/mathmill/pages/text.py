"""The last step: table rows, white space, and formulas and code put back in their normal form."""

import re
import unicodedata

from mathmill.pages.placeholders import Placeholders

_HARD = "\u00a0"
_ODD = "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_RUNS = re.compile(r"  (?<=[^\n ]  ) *")  # not at the start of a line, where they indent; a search skips to two spaces
_CELLS = re.compile(r" ?\t[\t ]*")
_BLANK = re.compile(r"\n{3,}")


def finish(text: str, found: Placeholders) -> str:
    """Extracted text with placeholders -> the page's text: cells ` | `, formulas `$..$` and `$$..$$`, code verbatim."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = _odd_spaces(text)
    if "\t" in text:
        text = "\n".join(_row(line) if "\t" in line else line for line in text.split("\n"))
    if " \n" in text:
        text = "\n".join(line.rstrip(" ") for line in text.split("\n"))
    if "  " in text:
        text = _RUNS.sub(" ", text)
    text = found.restore_formulas(text)
    text = found.restore_code(text)
    return (_BLANK.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n ")


def _odd_spaces(text: str) -> str:
    """A run of odd spaces is one space. Plain text is searched for ten times as fast as a class of characters."""
    for space in _ODD:
        if space in text:
            text = text.replace(space, _HARD)
    while _HARD * 2 in text:
        text = text.replace(_HARD * 2, _HARD)
    return text.replace(_HARD, " ")


def _row(line: str) -> str:
    return _CELLS.sub(" | ", line.strip("\t "))
