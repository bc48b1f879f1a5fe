"""Presentation MathML to LaTeX: one small function an element, over a DOM node of resiliparse."""

import re
from collections.abc import Callable
from typing import Any

from mathmill.pages.symbols import FUNCTIONS, OVER, SYMBOLS, UNDER

Node = Any  # resiliparse.parse.html.ElementNode; its module has no types
_MAX_DEPTH = 200
_OPERATORS = frozenset(
    (r"\sum", r"\prod", r"\coprod", r"\lim", r"\max", r"\min", r"\sup", r"\inf", r"\bigcup", r"\bigcap")
)


def to_latex(math: Node) -> str:
    """LaTeX of a <math> element: its TeX annotation if it has one, its alttext, or its converted presentation."""
    annotated = annotation(math)
    return annotated if annotated is not None else clean(_children(math, 0))


def annotation(math: Node) -> str | None:
    """The TeX source that the page's author left inside the element, or None."""
    for node in math.query_selector_all("annotation")[:]:
        if "tex" in (node.getattr("encoding") or "").lower():
            return clean(node.text_content)
    alttext = math.getattr("alttext")
    return clean(alttext) if alttext and alttext.strip() else None


def clean(tex: str) -> str:
    r"""One line of TeX without wrappers that say nothing: CDATA, \displaystyle, outer braces and delimiters."""
    tex = re.sub(r"%?\s*<!\[CDATA\[|%?\s*\]\]>", " ", tex)
    # A comment ends at its line; once the lines are joined it would swallow the rest of the formula.
    tex = re.sub(r"(?<!\\)%[^\n]*(\n|$)", " ", tex)
    tex = " ".join(tex.split())
    while True:
        inner = re.fullmatch(r"\{\s*\\(?:display|text|script)style\b\s*(.*)\}", tex) or re.fullmatch(
            r"\\(?:display|text|script)style\b\s*(.*)", tex
        )
        inner = inner or re.fullmatch(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.+)\$\$|\$([^$]+)\$", tex)
        if inner is None:
            return tex
        tex = next(group for group in inner.groups() if group is not None).strip()


def _latex(node: Node, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise ValueError(f"MathML is nested deeper than {_MAX_DEPTH}")
    name = (node.tag or "").lower()
    if name.startswith("#"):
        return _symbols(node.text_content) if name == "#text" else ""
    handler = _ELEMENTS.get(name)
    return handler(node, depth + 1) if handler is not None else _children(node, depth + 1)


def _elements(node: Node) -> list[Node]:
    return [child for child in node.child_nodes[:] if not (child.tag or "").startswith("#")]


def _children(node: Node, depth: int) -> str:
    return _join([_latex(child, depth) for child in _elements(node)])


def _join(parts: list[str]) -> str:
    """Parts side by side, a space where a command would run into a letter."""
    out = ""
    for part in (part for part in parts if part):
        if re.search(r"\\[a-zA-Z]+$", out) and part[0].isalnum():
            out += " "
        out += part
    return out


def _symbols(text: str) -> str:
    return _join([SYMBOLS.get(char, char) for char in " ".join(text.split())])


def _arguments(node: Node, depth: int, count: int) -> list[str]:
    parts = [_latex(child, depth) for child in _elements(node)]
    return (parts + [""] * count)[:count]


def _identifier(node: Node, _depth: int) -> str:
    text = "".join(node.text_content.split())
    if text in FUNCTIONS:
        return f"\\{text}"
    variant = {"double-struck": "mathbb", "bold": "mathbf", "script": "mathcal", "fraktur": "mathfrak"}.get(
        node.getattr("mathvariant") or ""
    )
    latex = _symbols(text)
    if variant is not None:
        return f"\\{variant}{{{latex}}}"
    return latex if len(text) <= 1 or latex.startswith("\\") else f"\\mathrm{{{latex}}}"


def _operator(node: Node, _depth: int) -> str:
    text = "".join(node.text_content.split())
    return f"\\{text}" if text in FUNCTIONS else _symbols(text)


def _text(node: Node, _depth: int) -> str:
    text = " ".join(node.text_content.replace("\u00a0", " ").split(" "))
    return f"\\text{{{text}}}" if text.strip() else " "


def _fraction(node: Node, depth: int) -> str:
    top, bottom = _arguments(node, depth, 2)
    if re.fullmatch(r"0(\.0*)?(px|pt|em|ex)?", node.getattr("linethickness") or "x"):
        return f"\\binom{{{top}}}{{{bottom}}}"
    return f"\\frac{{{top}}}{{{bottom}}}"


def _root(node: Node, depth: int) -> str:
    base, index = _arguments(node, depth, 2)
    return f"\\sqrt[{index}]{{{base}}}"


def _scripts(node: Node, depth: int) -> str:
    name = node.tag.lower()
    base, first, second = _arguments(node, depth, 3)
    if name in ("msub", "munder"):
        return _base(base) + _script("_", first)
    if name in ("msup", "mover"):
        return _base(base) + _script("^", first)
    return _base(base) + _script("_", first) + _script("^", second)


def _base(latex: str) -> str:
    simple = len(latex) <= 1 or re.fullmatch(r"\\[a-zA-Z]+(\{[^{}]*\})?|[0-9.]+|[)\]|]|\\[}|]", latex)
    closed = re.search(r"[)\]|]$", latex)
    return latex if simple or closed else f"{{{latex}}}"


def _script(mark: str, latex: str) -> str:
    if not latex:
        return ""
    return latex if mark == "^" and set(latex) == {"'"} else f"{mark}{{{latex}}}"


def _accent(node: Node, depth: int) -> str:
    table = OVER if node.tag.lower() == "mover" else UNDER
    children = _elements(node)
    mark = "".join(children[1].text_content.split()) if len(children) == 2 else ""
    base = _latex(children[0], depth) if children else ""
    if mark in table and base not in _OPERATORS:
        return f"\\{table[mark]}{{{base}}}"
    return _scripts(node, depth)


def _table(node: Node, depth: int) -> str:
    rows = []
    for row in _elements(node):
        if row.tag.lower() in ("mtr", "mlabeledtr"):
            rows.append(" & ".join(_latex(cell, depth + 1) for cell in _elements(row)))
    return "\\begin{matrix}" + " \\\\ ".join(rows) + "\\end{matrix}"


def _fenced(node: Node, depth: int) -> str:
    opening, closing = node.getattr("open"), node.getattr("close")
    marks = [
        SYMBOLS.get(mark, mark) for mark in ("(" if opening is None else opening, ")" if closing is None else closing)
    ]
    given = node.getattr("separators")
    separators = "".join(("," if given is None else given).split())
    parts = [_latex(child, depth) for child in _elements(node)]
    body = ""
    for index, part in enumerate(parts):
        mark = separators[min(index - 1, len(separators) - 1)] if separators and index else ""
        body += mark + part
    return f"\\left{marks[0] or '.'}{body}\\right{marks[1] or '.'}"


def _multiscripts(node: Node, depth: int) -> str:
    children = _elements(node)
    names = [child.tag.lower() for child in children]
    cut = names.index("mprescripts") if "mprescripts" in names else len(children)
    base = _latex(children[0], depth) if children else ""
    before = _pairs(children[cut + 1 :], depth)
    return (f"{{}}{before}" if before else "") + _base(base) + _pairs(children[1:cut], depth)


def _pairs(scripts: list[Node], depth: int) -> str:
    """Subscripts and superscripts in turn; <none/> leaves one out."""
    parts = ["" if child.tag.lower() == "none" else _latex(child, depth) for child in scripts]
    return "".join(_script("_^"[index % 2], part) for index, part in enumerate(parts))


def _enclosed(node: Node, depth: int) -> str:
    latex = _children(node, depth)
    return f"\\boxed{{{latex}}}" if "box" in (node.getattr("notation") or "") else latex


def _nothing(_node: Node, _depth: int) -> str:
    return ""


_ELEMENTS: dict[str, Callable[[Node, int], str]] = {
    "mi": _identifier,
    "mn": lambda node, _depth: _symbols("".join(node.text_content.split())),
    "mo": _operator,
    "mtext": _text,
    "ms": _text,
    "mspace": lambda _node, _depth: " ",
    "mfrac": _fraction,
    "msqrt": lambda node, depth: f"\\sqrt{{{_children(node, depth)}}}",
    "mroot": _root,
    "msub": _scripts,
    "msup": _scripts,
    "msubsup": _scripts,
    "munderover": _scripts,
    "mover": _accent,
    "munder": _accent,
    "mtable": _table,
    "mfenced": _fenced,
    "mmultiscripts": _multiscripts,
    "menclose": _enclosed,
    "annotation": _nothing,
    "annotation-xml": _nothing,
    "mphantom": _nothing,
    "maligngroup": _nothing,
    "malignmark": _nothing,
}
