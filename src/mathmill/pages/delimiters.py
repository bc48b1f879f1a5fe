r"""Formulas between delimiters, in the page's source: `\(..\)`, `$..$`, environments, forum tags, and the page's own.

A browser's MathJax or KaTeX reads them from parsed text, where an author has written `a &lt; b`. Many have written
`a<b`, which a parser eats as the start of a tag. So they are found before parsing, and what stands between them is read
as TeX with perhaps some tags in it, not as HTML.
"""

import re
from functools import lru_cache
from html import unescape

from mathmill.pages.asciimath import asciimath_to_latex
from mathmill.pages.placeholders import CODE, DISPLAY, INLINE, Placeholders
from mathmill.pages.tex import clean, looks_like_tex

LONGEST = {"$": 400, "`": 400}  # characters between delimiters that also mean something else; the others: _LIMIT
_LIMIT = 5000
_ENVIRONMENTS = (
    "equation|align|gather|multline|eqnarray|alignat|flalign|displaymath|math|split|aligned|gathered|cases|array"
    "|[pbBvV]?matrix|smallmatrix|subequations|dmath"
)
_TAGS = ("itex", "tex", "latex", "math", "imath", "eqn")
_STRING = r"""(?:"((?:[^"\\]|\\.){1,24})"|'((?:[^'\\]|\\.){1,24})')"""
_PAIRS = re.compile(rf"\[\s*{_STRING}\s*,\s*{_STRING}\s*\]\s*,?\s*", re.DOTALL)
_MATHJAX = re.compile(r"(inlineMath|displayMath)['\"]?\s*:\s*(?:\{\s*['\"]?\[\+\]['\"]?\s*:\s*)?\[\s*")
_KATEX = re.compile(
    rf"\{{\s*['\"]?left['\"]?\s*:\s*{_STRING}\s*,\s*['\"]?right['\"]?\s*:\s*{_STRING}\s*,"
    r"\s*['\"]?display['\"]?\s*:\s*(true|false)"
)
# Tags that may stand inside TeX: breaks, what wiki and markdown processors put there, scripts.
_INSIDE = re.compile(
    r"<(?:!--.*?--|(/?)(br|p|div|wbr|em|i|b|strong|span|font|sub|sup|a|nobr|tt|u|small|big|center)(?:\s[^<>]*)?/?)>",
    re.DOTALL,
)
_BLOCK = re.compile(
    r"</?(?:t[drh]|table|tbody|li|ul|ol|h[1-6]|pre|code|script|form|input|button|blockquote|section|article|d[ltd]|main"
    r"|body|html|img|nav|header|footer|hr|iframe|figure|svg|textarea|select|option|details|summary)(?:[\s>]|/>)"
)
_SPACE_TAGS = frozenset(("br", "p", "div", "wbr", "center"))
_IN_TAG = re.compile(r"<[a-zA-Z/][^<>]*$")
_WORDS = re.compile(r"(?<![\\\w{])[^\W\d_]{2,}[ ,.]+[^\W\d_]{2,}[ ,.]+[^\W\d_]{2,}")

Delimiter = tuple[str, str, bool]
DEFAULT: tuple[Delimiter, ...] = (("\\(", "\\)", False), ("\\[", "\\]", True), ("$$", "$$", True), ("$", "$", False))


def configured(script: str) -> list[Delimiter]:
    """Opening, closing, display of each pair that a page's script sets for MathJax or KaTeX."""
    found: list[Delimiter] = []
    for start in _MATHJAX.finditer(script):
        position = start.end()
        while (pair := _PAIRS.match(script, position)) is not None:
            strings = [unescape(re.sub(r"\\(.)", r"\1", text)) for text in pair.groups() if text]
            if len(strings) == 2:
                found.append((strings[0], strings[1], start.group(1) == "displayMath"))
            position = pair.end()
    for match in _KATEX.finditer(script):
        strings = [re.sub(r"\\(.)", r"\1", text) for text in match.groups()[:4] if text]
        if len(strings) == 2:
            found.append((strings[0], strings[1], match.group(5) == "true"))
    return [pair for pair in found if pair[0].strip() and pair[1].strip() and not pair[0].startswith("\\begin")]


def replace_delimited(html: str, found: Placeholders, own: list[Delimiter], asciimath: bool) -> str:
    """The source with a placeholder for each delimited formula. own: the pairs that the page sets; see `configured`."""
    pairs = {opening: (closing, display, opening != "$") for opening, closing, display in DEFAULT}
    pairs.update({opening: (closing, display, True) for opening, closing, display in own})
    if asciimath:
        pairs["`"] = ("`", False, True)
    # One character is searched for many times as fast as two.
    first = {character: character in html for character in {"\\", *(opening[0] for opening in pairs)}}
    held = (opening for opening in pairs if first[opening[0]] and opening in html)
    present = tuple(sorted(held, key=lambda one: (-len(one), one)))
    pattern = _openings(present, first["\\"] and "\\begin{" in html, "[/" in html or "[;" in html)
    if pattern is None:
        return html
    search = pattern.search
    out: list[str] = []
    done = position = 0
    while (match := search(html, position)) is not None:
        position = match.end()
        taken = _read(html, match, pairs, done)
        if taken is not None:
            tex, display, kind, end = taken
            out.append(html[done : match.start()])
            out.append(found.formula(tex, display, kind))
            done = position = end
    out.append(html[done:])
    return "".join(out)


@lru_cache(maxsize=256)
def _openings(present: tuple[str, ...], environments: bool, tags: bool) -> re.Pattern[str] | None:
    """What may open a formula. No part looks back: a search skips to the characters that the parts begin with."""
    parts = [f"(?P<plain>{'|'.join(re.escape(opening) for opening in present)})"] if present else []
    parts += [rf"\\begin\{{(?P<environment>(?:{_ENVIRONMENTS})\*?)\}}"] if environments else []
    parts += [rf"\[(?P<tag>(?:{'|'.join(_TAGS)})(?=\])|;)\]?"] if tags else []
    return re.compile("|".join(parts)) if parts else None


def _read(
    html: str, match: re.Match[str], pairs: dict[str, tuple[str, bool, bool]], done: int
) -> tuple[str, bool, str, int] | None:
    """TeX, display, kind and end of the formula that opens at `match`; None where none does."""
    groups, start = match.groupdict(), match.end()
    opening, environment, tag = groups.get("plain"), groups.get("environment"), groups.get("tag")
    if tag is None and html[match.start() - 1 : match.start()] == "\\":
        return None  # an escaped dollar, a line's end in a matrix
    if opening is not None:
        closing, display, certain = pairs[opening]
        kind = "asciimath" if opening == "`" else "delimiter"
    elif environment is not None:
        closing, display, certain, kind = f"\\end{{{environment}}}", True, True, "environment"
    else:
        closing, display, certain, kind = (";]" if tag == ";" else f"[/{tag}]"), False, tag != ";", "forum_tag"
    end = _closing(html, start, closing, LONGEST.get(opening or "", _LIMIT))
    if end is None or _in_tag(html, max(done, match.start() - 300), match.start()):
        return None
    body = html[start:end]
    inner = tex_of(body)
    if not inner or (not certain and not _plausible(inner, html[end + 1 : end + 2])):
        return None
    if opening == "$" and certain and _WORDS.search(inner) and not looks_like_tex(inner):
        return None
    if opening == "$" and inner.startswith("latex "):
        inner = clean(inner.removeprefix("latex "))  # how WordPress writes a formula
    if kind == "asciimath":
        inner = asciimath_to_latex(inner)
    if environment is not None:
        display = environment != "math"
        inner = clean(f"\\begin{{{environment}}}{inner}\\end{{{environment}}}")
    return inner, display, kind, end + len(closing)


def _closing(html: str, start: int, closing: str, limit: int) -> int | None:
    position = start
    while True:
        end = html.find(closing, position, start + limit)
        if end == -1:
            return None
        # `\\]` ends a line of a matrix with an option after it, `\$` is a dollar.
        if (closing[0] not in "\\$" or html[end - 1] != "\\" or end == start) and end > start:
            return end
        position = end + 1


def _in_tag(html: str, start: int, position: int) -> bool:
    return _IN_TAG.search(html, start, position) is not None


def tex_of(body: str) -> str | None:
    """TeX from the source between two delimiters, or None where that is no formula but stretches over other content."""
    if INLINE in body or CODE in body or DISPLAY in body or "\n\n\n" in body:
        return None
    if "<" in body:
        if _BLOCK.search(body):
            return None
        body = _without_tags(body)
    return clean(unescape(body) if "&" in body else body)


def _without_tags(body: str) -> str:
    emphasised: list[str] = []

    def text(match: re.Match[str]) -> str:
        closing, name = match.group(1), match.group(2)
        if name == "em":
            # Markdown has read `a_1 + b_2` as emphasis: the underscores come back. A tag after a space is one of style.
            if closing:
                return emphasised.pop() if emphasised else ""
            before = body[match.start() - 1 : match.start()]
            emphasised.append("_" if before.strip() and before != ">" else "")
            return emphasised[-1]
        if name in ("sub", "sup"):
            return "}" if closing else "_{" if name == "sub" else "^{"
        return " " if name in _SPACE_TAGS else ""

    return _INSIDE.sub(text, body)


def _plausible(inner: str, after: str) -> bool:
    """Whether dollars that no script of the page asks for hold a formula and not the prose between two prices."""
    if inner != inner.strip() or after.isdigit() or _WORDS.search(inner):
        return False
    if looks_like_tex(inner) or inner.startswith("latex "):
        return True
    return (
        re.fullmatch(
            r"[a-zA-Z]['′]*|[\w\s+\-*/=<>().,|^_!']*[=+<>^_][\w\s+\-*/=<>().,|^_!']*|[a-zA-Z]\([\w,]+\)", inner
        )
        is not None
    )
