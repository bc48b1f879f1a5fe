"""Images that show a formula: its TeX from the image's address, its attributes, or its alternative text."""

import re
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

from mathmill.pages.mathml import presentation
from mathmill.pages.tex import balanced, clean, is_prose, looks_like_tex

# Names of classes, and pieces of addresses, that say that an image is a formula.
_CLASS = re.compile(
    r"(?:^|[\s_-])(?:tex|latex\w*|math|mathjax|mathtex|formula|equation|eqn|wirisformula|mwe-math-fallback-image\S*"
    r"|quicklatex-auto-format)(?:$|[\s_-])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"/math/render/|/math/|latex|/equations?/|eqn?[-_]?\d+\.(?:gif|png|svg)", re.IGNORECASE)
# Services that draw a formula: part of host and path -> the parameters that may hold its TeX; none: the whole query.
_SERVICES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"codecogs\.[^/]+/[\w/]*(?:gif|png|svg|pdf|eqn)(?:\.(?:image|latex|download))*$"), ()),
    (re.compile(r"(?:mimetex|mathtex)(?:\.cgi|\.exe)?$"), ()),
    (re.compile(r"latex\.php$|/latex/?$|/tex/?$"), ("latex", "tex", "math", "formula", "code")),
    (re.compile(r"/equation$"), ("tex",)),
    (re.compile(r"/chart$"), ("chl",)),
    (re.compile(r"/math$|/render(?:/math|\.cgi)?$|/eq(?:uation)?\.(?:png|svg|php)$"), ("formula", "math", "tex", "eq")),
)
_IN_PATH = re.compile(r"(?:upmath\.me|s2cms\.ru)/(?:svg|png)/(.+)$")
_SIZES = re.compile(
    r"^(?:\\(?:dpi|bg|fg)\s*(?:\{[^{}]*\}|_?\w+)|\\(?:tiny|small|large|huge|inline|fn\w*|300dpi)\b|\s)+"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_DESCRIPTION = 8  # words
# Wiris writes MathML into attributes with other signs for those that HTML would read.
_WIRIS = str.maketrans("«»¨`§", "<>\"'&")


def image_formula(source: dict[str, str]) -> tuple[str, str] | None:
    """TeX of an image from its attributes, and where it stood (`image_url`, `image_alt`); None for any other image."""
    mathml = source.get("data-mathml")
    if mathml:
        tex = presentation(mathml.translate(_WIRIS) if "«" in mathml else mathml)
        if tex:
            return tex, "image_alt"
    for name in ("src", "data-src", "data-original", "data-lazy-src", "data-actualsrc"):
        drawn = _from_address(source[name]) if "?" in source.get(name, "") or "/svg/" in source.get(name, "") else None
        if drawn:
            return drawn, "image_url"
    alt = (source.get("alt") or source.get("data-alt") or "").strip()
    if not alt:
        alt = source.get("title", "").strip()
    known = _CLASS.search(source.get("class", "")) or "eeimg" in source or _ADDRESS.search(source.get("src", ""))
    if alt and ((known and not is_prose(alt)) or looks_like_tex(alt)) and balanced(alt):
        tex = clean(alt)
        return (tex, "image_alt") if tex else None
    return None


def description(source: dict[str, str]) -> str:
    """The alternative text of an image where it says in words what is to be seen; empty for a name or a formula."""
    alt = source.get("alt", "")
    return alt if len(_WORD.findall(alt)) >= _DESCRIPTION and is_prose(alt) else ""


def image_is_display(source: dict[str, str]) -> bool:
    """Whether the image stands on its own line: by its class, or by the delimiters around its TeX."""
    name = source.get("class", "")
    return "display" in name or "latexcenter" in name or source.get("alt", "").lstrip().startswith(("\\[", "$$"))


def _from_address(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    in_path = _IN_PATH.search(address)
    if in_path is not None:
        return clean(unquote(in_path.group(1))) or None
    place = f"{parts.netloc}{parts.path}"
    for service, keys in _SERVICES:
        if not parts.query or service.search(place) is None:
            continue
        found = _value(parts.query, keys) if keys else unquote(parts.query).replace("&space;", " ")
        if found is not None and balanced(found):
            return clean(_SIZES.sub("", found)) or None
    return None


def _value(query: str, keys: tuple[str, ...]) -> str | None:
    # parse_qs would cut a formula at a bare `;` or `&`, but these services all receive it percent-encoded.
    values = parse_qs(query, keep_blank_values=False)
    found = next((values[key][0] for key in keys if key in values), None)
    return unquote_plus(found) if found is not None and re.search(r"%[0-9A-Fa-f]{2}", found) else found
