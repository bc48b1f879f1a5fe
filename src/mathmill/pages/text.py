"""The last step: table rows, white space, and formulas and code put back in their normal form."""

import re
import unicodedata

from mathmill.pages.placeholders import Placeholders

_ODD_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u3000]+")
_RUNS = re.compile(r"  +")
_ENDS = re.compile(r" +\n")
_CELLS = re.compile(r" ?\t[\t ]*")
_BLANK = re.compile(r"\n{3,}")


def finish(text: str, found: Placeholders) -> str:
    """Extracted text with placeholders -> the page's text: cells ` | `, formulas `$..$` and `$$..$$`, code verbatim."""
    if not text.isascii():
        text = _ODD_SPACES.sub(" ", unicodedata.normalize("NFC", text))
    if "\t" in text:
        text = "\n".join(_row(line) if "\t" in line else line for line in text.split("\n"))
    if " \n" in text:
        text = _ENDS.sub("\n", text)
    if "  " in text:
        text = _RUNS.sub(_space, text)
    text = found.restore_formulas(text)
    return _BLANK.sub("\n\n", found.restore_code(text)).strip("\n ")


def _space(match: re.Match[str]) -> str:
    """One space for several, except at the start of a line, where they indent."""
    start = match.start()
    return match.group() if start == 0 or match.string[start - 1] == "\n" else " "


def _row(line: str) -> str:
    return _CELLS.sub(" | ", line.strip("\t "))
