"""Kinds of markup that hold a formula: MathML, images, TeX elements, classes, attributes, renderings; see `walk`.

Every kind ends as one LaTeX string, once: of a formula's several renderings (MathML beside an image, KaTeX's two
copies, MathJax's output beside its source script) the author's source is taken and the others go.
"""

import re
from collections.abc import Callable
from html import escape, unescape

from mathmill.pages.asciimath import asciimath_to_latex
from mathmill.pages.delimiters import tex_of
from mathmill.pages.elements import attributes, start_tag
from mathmill.pages.images import description, image_formula, image_is_display
from mathmill.pages.mathml import convert, is_block
from mathmill.pages.placeholders import INLINE
from mathmill.pages.tex import clean, looks_like_tex
from mathmill.pages.walk import Found, Kind, Marked, Walk

_BETWEEN = re.compile(r"(?:\s|&nbsp;|</?(?:span|noscript|a|div|p|nobr|object)\b[^>]*>)*")
_TEX_ELEMENTS = (
    "tex-math",
    "tex",
    "latex",
    "math-renderer",
    "d-math",
    "mathjax",
    "asciimath",
    "math-field",
    "amp-mathml",
    "la-tex",
)
_CLASSES = (
    r"(?:class\s*=\s*(?:\"[^\">]*|'[^'>]*|)(?:katex|mwe-math-element|MathJax|MJX|mjx-chtml|MJXc|math|tex\b|latex)"
    r"|data-(?:expr|tex|latex|math|formula|equation|value|asciimath|katex|original-tex)\w*\s*=)"
)
# What the marks of marked elements have in them.
_WORDS = (re.compile(r"ath(?<=[mM]ath)"), re.compile(r"tex(?!t)"), "mjx", "MJX",
          re.compile(r"data-(?:expr|formula|equation|value)"))  # fmt: skip
_DATA = ("data-expr", "data-tex", "data-latex", "data-math", "data-formula", "data-equation", "data-original-tex",
         "data-katex", "data-asciimath")  # fmt: skip
_NO_FORMULA = frozenset(
    ("body", "main", "article", "form", "input", "button", "html", "section", "a", "option", "select")
)
_NO_ELEMENT = frozenset(("img", "link", "meta", "input", "script", "pre", "code", "math"))
_TEX_CLASS = re.compile(r"(?:^|[\s_-])(?:tex|latex|math\w*|katex|formula|equation|mjx\S*)(?:$|[\s_-])")
_MATH_OPEN = re.compile(r"<(?:[\w-]{1,20}:)?math[\s>]", re.IGNORECASE)
_MATH_CLOSE = re.compile(r"</(?:[\w-]{1,20}:)?math\s*>", re.IGNORECASE)
_OUTPUT = re.compile(
    r"(?:^|\s)(?:MathJax(?:_Preview|_Display|_SVG_Display|_SVG|_CHTML|_PHTML|_Error)?|MJXc-display|mjx-chtml"
    r"|MJX_Assistive_MathML)(?:\s|$)"
)


def _math(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    name = match.group(1)
    close = walk.find(html, f"</{name}", match.end())
    if close == -1:
        return None
    source = html[match.start() : close]
    if not source.rstrip().endswith("/>"):
        end = html.find(">", close)
        tex, kind = convert(source)
        return walk.put(tex, is_block(source), kind), len(html) if end == -1 else end + 1
    return None


def _image(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    tag = start_tag(html, match.start())
    source = attributes(tag)
    formula = image_formula(source) if walk.maths else None
    end = match.start() + len(tag)
    if formula is None:
        said = description(source)
        return (f" {escape(said)} ", end) if said else None
    tex, kind = formula
    if _twin(walk, html, match.start(), tex):
        return "", end
    return walk.put(tex, image_is_display(source), kind), end


def _twin(walk: Walk, html: str, start: int, tex: str) -> bool:
    """Whether the image repeats the formula right before it: a fallback beside MathML, a lazy image beside its copy."""
    if not walk.found.formulas or "".join(walk.found.formulas[-1].split()) != "".join(tex.split()):
        return False
    before = html[max(0, start - 400) : start]
    last = max(before.rfind("</math"), before.rfind("</noscript"))
    return last != -1 and _BETWEEN.fullmatch(before[before.find(">", last) + 1 :]) is not None


def _element(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    element = walk.element(html, match, match.group(1))
    if element is None:
        return None
    tag, content, end = element
    source = attributes(tag)
    name = match.group(1)
    if name == "amp-mathml":
        content = source.get("data-formula", "")
    tex = tex_of(content) if "<math" not in content else convert(content)[0]
    if not tex:
        return None
    if name == "asciimath":
        return walk.put(asciimath_to_latex(tex), False, "asciimath"), end
    display = "block" in source or "display" in tag or content.lstrip().startswith(("$$", "\\["))
    display = display and " inline" not in tag
    return walk.put(tex, display, "element"), end


def _container(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    """The output of MathJax 3 and 4: assistive MathML inside, or TeX in an attribute, or a spoken label."""
    element = walk.element(html, match, "mjx-container")
    if element is None:
        return None
    tag, content, end = element
    source = attributes(tag)
    math = find_math(content)
    display = source.get("display") in ("true", "block")
    if math is not None:
        return walk.put(convert(math)[0], display or is_block(math), "rendered"), end
    latex = re.search(r"data-latex\s*=\s*\"([^\"]*)\"", tag + content)
    if latex is not None:
        return walk.put(clean(unescape(latex.group(1))), display, "rendered"), end
    label = source.get("aria-label", "") or " ".join(re.findall(r"aria-label\s*=\s*\"([^\"]*)\"", content)[:1])
    return label.replace("<", "&lt;"), end


def _marked(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    """An element with the class or the data attribute of a formula."""
    tag = start_tag(html, match.start())
    source = attributes(tag)
    css, name = source.get("class", ""), match.group(1)
    begin = match.start() + len(tag)
    if name in _NO_ELEMENT:
        return tag, begin
    value = next((source[key] for key in _DATA if source.get(key, "").strip()), "")
    if not value and ("formula" in css or "math" in css):
        value = source.get("data-value", "")
    if (
        name not in _NO_FORMULA
        and value
        and (looks_like_tex(value) or _TEX_CLASS.search(css) or "data-value" not in source)
    ):
        close = walk.budget.end(html, begin, name)
        kind = "asciimath" if "data-asciimath" in source else "attribute"
        tex = asciimath_to_latex(value) if kind == "asciimath" else clean(value)
        display = name == "div" or "display" in css or "block" in css
        return walk.put(tex, display, kind), begin if close is None else close[1]
    rendering = next((kind for kind, test in _RENDERINGS if test(css)), None)
    close = walk.budget.end(html, begin, name) if rendering is not None else None
    if rendering is None or close is None:
        return tag, begin
    replaced = _READERS[rendering](walk, source, css, name, html[begin : close[0]])
    return (tag, begin) if replaced is None else (replaced, close[1])


def find_math(content: str) -> str | None:
    """The source of the first <math> element, or None."""
    opening = _MATH_OPEN.search(content)
    closing = None if opening is None else _MATH_CLOSE.search(content, opening.end())
    return None if opening is None or closing is None else content[opening.start() : closing.end()]


def _read_katex(walk: Walk, _source: dict[str, str], css: str, _name: str, content: str) -> str | None:
    math = find_math(content)
    if math is None:
        return None
    return walk.put(convert(math)[0], "katex-display" in css or is_block(math), "rendered")


def _read_wikipedia(walk: Walk, _source: dict[str, str], css: str, _name: str, content: str) -> str | None:
    math = find_math(content)
    if math is not None:
        tex, kind = convert(math)
    else:
        image = re.search(r"<img\b[^>]*>|data-alt=", content)
        formula = image_formula({"class": "tex", **attributes(content)}) if image is not None else None
        if formula is None:
            return None
        tex, kind = formula
    display = "math-element-block" in css or "image-display" in content or "mathml-display" in content
    return walk.put(tex, display or (math is not None and is_block(math)), kind)


def _read_output(walk: Walk, source: dict[str, str], css: str, _name: str, content: str) -> str | None:
    """What MathJax 2 has drawn: it goes where the page holds the sources, else it is read."""
    if walk.sources:
        return ""
    display = "isplay" in css
    mathml = source.get("data-mathml", "")
    if mathml:
        return walk.put(convert(mathml)[0], display or is_block(mathml), "rendered")
    math = find_math(content)
    if math is not None:
        return walk.put(convert(math)[0], display or is_block(math), "rendered")
    nested = re.search(r"data-mathml\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", content)
    if nested is not None:
        mathml = unescape(nested.group(1) or nested.group(2) or "")
        return walk.put(convert(mathml)[0], display or is_block(mathml), "rendered")
    return None


def _read_tex_class(walk: Walk, _source: dict[str, str], css: str, name: str, content: str) -> str | None:
    """<span class="math"> of jsMath and others: TeX without tags, and without delimiters, which are read later."""
    if "<" in content or len(content) > 5000 or not content.strip():
        return None
    text = unescape(content).strip()
    if text.startswith(("\\(", "\\[", "$", "\\begin")) or not looks_like_tex(text) or INLINE in text:
        return None
    return walk.put(clean(text), name == "div" or "display" in css, "element")


_RENDERINGS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("katex", re.compile(r"(?:^|\s)katex(?:-display)?(?:\s|$)").search),
    ("wikipedia", re.compile(r"(?:^|\s)mwe-math-element").search),
    ("output", _OUTPUT.search),
    (
        "tex",
        re.compile(r"(?:^|\s)(?:math|tex|latex|texmath|inline-math|math-tex|math-inline|math-display)(?:\s|$)").search,
    ),
)
_READERS: dict[str, Callable[[Walk, dict[str, str], str, str, str], str | None]] = {
    "katex": _read_katex,
    "wikipedia": _read_wikipedia,
    "output": _read_output,
    "tex": _read_tex_class,
}
KINDS = (
    Kind(("math", "mml:math", "m:math", "mathml:math", "mm:math", "ml:math"), _math),
    Kind(("img",), _image, maths=False),
    Kind(("mjx-container",), _container),
    Kind(_TEX_ELEMENTS, _element),
)
MARKED = Marked(_WORDS, re.compile(rf"<([a-z][a-z0-9-]*)\s[^>]{{0,2000}}?{_CLASSES}"), _marked)
