"""The last step: one normal form for delimiters, table rows and white space."""

import re
import unicodedata

from mathmill.pages.placeholders import Placeholders

_ENVIRONMENTS = "equation|align|gather|multline|eqnarray|alignat|flalign|displaymath|math"
_LIMIT = 3000  # characters of one formula; a lone delimiter must not swallow the page
_DELIMITED = re.compile(
    rf"""
    \$\$(?P<dollars>[^$]{{1,{_LIMIT}}}?)\$\$
    | (?<!\\)\\\[(?P<square>.{{1,{_LIMIT}}}?)(?<!\\)\\\]
    | (?<!\\)\\\((?P<round>.{{1,{_LIMIT}}}?)(?<!\\)\\\)
    | \[(?P<tag>i?tex|latex|math)\](?P<forum>.{{1,{_LIMIT}}}?)\[/(?P=tag)\]
    | \\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?P<body>.{{1,{_LIMIT}}}?)\\end\{{(?P=name)\}}
    """,
    re.VERBOSE | re.DOTALL,
)
_MAYBE = re.compile(r"\$\$|\\[(\[]|\\begin\{|\[/(?:i?tex|latex|math)\]")
_SPACES = re.compile("[ \u00a0\u2000-\u200a\u202f\u3000]+")
_CELLS = re.compile(r" ?\t[\t ]*")
_BLANK = re.compile(r"\n{3,}")


def finish(text: str, found: Placeholders) -> str:
    """Extracted text with placeholders -> the page's text: cells ` | `, formulas `$..$` and `$$..$$`, code verbatim."""
    text = _lines(unicodedata.normalize("NFC", text))
    if _MAYBE.search(text):
        text = _DELIMITED.sub(lambda match: _keep(match, found), text)
    text = found.restore_formulas(text)
    return _BLANK.sub("\n\n", found.restore_code(text)).strip("\n ")


def _lines(text: str) -> str:
    out = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        body = _CELLS.sub(" | ", line.strip("\t ")) if "\t" in line else line.strip()
        out.append(" " * indent + _SPACES.sub(" ", body) if body else "")
    return "\n".join(out)


def _keep(match: re.Match[str], found: Placeholders) -> str:
    """A delimited formula becomes a placeholder, so that it ends in the same normal form as all the others."""
    name = match.lastgroup
    inner = match.group("round") or match.group("forum")
    display = inner is None
    if display:
        inner = match.group("dollars") or match.group("square") or match.group("body")
    inner = " ".join((inner or "").split())
    if not inner:
        return match.group(0)
    environment = match.group("name")
    if environment and environment.rstrip("*") not in ("equation", "displaymath", "math"):
        inner = f"\\begin{{{environment}}}{inner}\\end{{{environment}}}"
    return found.formula(inner, display and environment != "math") if name else match.group(0)
