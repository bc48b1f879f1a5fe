r"""The spelling that the official grader gives an answer before it compares (paper 8.2), quirks included.

Quirks that change verdicts: "inf" inside any word becomes \infty ("infinite" -> "\inftyinite"); a "t" behind a closing
number goes ("6t" -> "6"), and so do {m}, {cm} and {mm}; a number with a zero tail loses it ("3.0" -> "3"); j is read
as i where no i stands; \cdot goes, so "2\cdot3" becomes "23"; quotation marks stay.
"""

import re

_TRAILING_TEXT = re.compile(r"\\text{.*?}$")
_FIRST = (("\n", ""),)
_COMMANDS = (
    ("tfrac", "frac"),
    ("dfrac", "frac"),
    ("cfrac", "frac"),
    ("\\left", ""),
    ("\\right", ""),
)
_UNITS = (
    (re.compile(r"\{[cm]?m\}(?:\^[23])?"), ""),
    (re.compile(r"p\.m\.$"), ""),
    (re.compile(r"(\d)\s*t$"), r"\1"),
)
_SIGNS = (
    ("\\$", ""),
    ("$", ""),
    ("x\\in", ""),
    ("\\%", "%"),
    (" .", " 0."),
    ("{.", "{0."),
    ("\\cdot", ""),
    ("infinity", "\\infty"),
)
_FONTS = (("\\mathbf", ""), ("\\mathrm", ""))
_ARGUMENTS = (
    (re.compile(r"\\(sqrt|tan)(-?[0-9.a-zA-Z]+)"), r"\\\1{\2}"),
    (re.compile(r"\\(sqrt|tan)\s+(\w+)$"), r"\\\1{\2}"),
)
_ZERO_TAIL = re.compile(r"(\d+)\.0+(?=[^\d]|$)")
_SHORT_FRACTION = re.compile(r"\\frac([^{])(?:([^{])|(?=\{))")
_RATIO = re.compile(r"(-?(?:0|[1-9]\d*)|[^/]*sqrt[^/]*)/(-?(?:0|[1-9]\d*)|[^/]*sqrt[^/]*)")


def strip_string(text: str) -> str:
    """The official spelling of an answer."""
    text = _replace(text.strip(), _FIRST).rstrip(".").replace("\\!", "")
    if text.startswith("\\text{") and text.endswith("}"):
        text = text.split("{", 1)[1][:-1]
    text = _replace(text, _COMMANDS)
    text = _TRAILING_TEXT.sub("", text).strip() or text
    text = text.replace("^{\\circ}", "").strip().replace("^\\circ", "").strip()
    for pattern, new in _UNITS:
        text = pattern.sub(new, text).strip()
    text = _replace(text, _SIGNS)
    if "\\infty" not in text:
        text = text.replace("inf", "\\infty")
    text = re.sub(r"\\mbox{.*?}", "", _replace(text, _FONTS))
    if "i" not in text:
        text = text.replace("j", "i")
    text = _ZERO_TAIL.sub(r"\1", text)
    if not text:
        return text
    text = "0" + text if text[0] == "." else text
    for pattern, new in _ARGUMENTS:
        text = pattern.sub(new, text)
    text = _ratio(_fractions(text.replace(" ", "")))
    return re.sub(r"[\\,.]+$", "", text)


def _replace(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def _fractions(text: str) -> str:
    r"""`\frac12` -> `\frac{1}{2}`, `\frac1{72}` -> `\frac{1}{72}`; a lone character behind one leaves all as is."""
    parts = text.split("\\frac")
    if any(part and part[0] != "{" and len(part) < 2 for part in parts[1:]) or any(not part for part in parts[1:]):
        return text
    return _SHORT_FRACTION.sub(lambda found: f"\\frac{{{found[1]}}}" + (f"{{{found[2]}}}" if found[2] else ""), text)


def _ratio(text: str) -> str:
    r"""`3/4` -> `\frac{3}{4}`, also where a side holds a root, and nothing else."""
    whole = _RATIO.fullmatch(text)
    return f"\\frac{{{whole[1]}}}{{{whole[2]}}}" if whole else text
