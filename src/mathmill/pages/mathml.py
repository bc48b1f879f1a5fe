"""MathML to LaTeX: the author's TeX where the element carries it, our own conversion of the presentation where not."""

import re
from collections.abc import Callable
from html import unescape

from mathmill.pages.mathml_tables import columns, fenced_table, table_rows
from mathmill.pages.mathml_tree import Element, parse
from mathmill.pages.symbols import (
    ARROWS,
    FUNCTIONS,
    LIMITS,
    OVER,
    STRIKES,
    SYMBOLS,
    TEXT,
    UNDER,
    VARIANTS,
    plain_letter,
)
from mathmill.pages.tex import clean, is_prose

_ENDS_IN_COMMAND = re.compile(r"\\[a-zA-Z]+$")
_ATOM = re.compile(r"\\[a-zA-Z]+(\{[^{}]*\})?|[0-9.]+|.|\\[}|]", re.DOTALL)
_NO_LINE = re.compile(r"0(\.0*)?(px|pt|em|ex|%)?")
_ANNOTATION = re.compile(
    r"<(?:[\w-]{1,20}:)?annotation\b[^>]{0,300}?encoding\s*=\s*[\"'][^\"'>]{0,40}?tex[^\"'>]{0,40}[\"'][^>]{0,300}>",
    re.IGNORECASE,
)
_ANNOTATION_END = re.compile(r"</(?:[\w-]{1,20}:)?annotation", re.IGNORECASE)


def convert(source: str) -> tuple[str, str]:
    """LaTeX of the source of a <math> element, and where it came from: `annotation`, `alttext` or `mathml`.

    An alttext that reads the formula aloud in words is no TeX: then the presentation is converted.
    """
    tex = clean(_annotation(source)) if "annotation" in source else ""
    if tex:
        return tex, "annotation"
    root = parse(source)
    math = root.find("math") or root
    alttext = math.get("alttext") or ""
    if alttext.strip() and not is_prose(alttext):
        return clean(alttext), "alttext"
    latex = " ".join(_children(math).split())
    return (latex, "mathml") if latex else (clean(alttext), "alttext")


def _annotation(source: str) -> str:
    match = _ANNOTATION.search(source)
    end = None if match is None else _ANNOTATION_END.search(source, match.end())
    return "" if match is None or end is None else unescape(source[match.end() : end.start()])


def is_block(source: str) -> bool:
    """Whether the start tag of a <math> element says that it stands on its own line."""
    return (
        re.match(r"<[^>]*\b(?:display\s*=\s*[\"']?block|mode\s*=\s*[\"']?display)", source, re.IGNORECASE) is not None
    )


def presentation(source: str) -> str:
    """LaTeX of presentation MathML, whatever else the element carries."""
    return " ".join(_children(parse(source)).split())


def _latex(node: Element) -> str:
    handler = _ELEMENTS.get(node.tag)
    return handler(node) if handler is not None else _children(node)


def _children(node: Element) -> str:
    """The parts of a row, with fences around a table read as one of LaTeX's matrices."""
    elements = node.elements()
    if not elements:
        return _symbols(node.text())
    parts: list[str] = []
    index = 0
    while index < len(elements):
        latex, used = fenced_table(elements[index : index + 3], _cells)
        if not used:
            latex, used = _latex(elements[index]), 1
        parts.append(latex)
        index += used
    return _join(parts)


def _join(parts: list[str]) -> str:
    """Parts side by side, a space where a command would run into a letter; parentheses of a binomial are its own."""
    out = ""
    for part in parts:
        if not part:
            continue
        if part[0].isalpha() and _ENDS_IN_COMMAND.search(out):
            out += " "
        if part == ")" and out.endswith("}") and (match := re.search(r"\((\\binom\{[^()]*\})$", out)):
            out = out[: match.start()] + match.group(1)
            continue
        out += part
    return out


def _symbols(text: str) -> str:
    text = " ".join(text.split())
    if text.isascii() and text.isalnum():
        return text
    return _join([SYMBOLS.get(char) or plain_letter(char) if char not in SYMBOLS else SYMBOLS[char] for char in text])


def _arguments(node: Element, count: int) -> list[str]:
    parts = [_latex(child) for child in node.elements()]
    return (parts + [""] * count)[:count]


def _identifier(node: Element) -> str:
    text = "".join(node.text().split())
    if text in FUNCTIONS:
        return f"\\{text}"
    variant = VARIANTS.get(node.get("mathvariant") or "")
    latex = _symbols(text)
    if variant is not None:
        return f"\\{variant}{{{latex}}}"
    return latex if len(text) <= 1 or not latex.isalpha() else f"\\mathrm{{{latex}}}"


def _number(node: Element) -> str:
    return _symbols("".join(node.text().split()))


def _operator(node: Element) -> str:
    text = "".join(node.text().split())
    if text in FUNCTIONS:
        return f"\\{text}"
    if len(text) > 2 and text.isalpha():
        return f"\\operatorname{{{_symbols(text)}}}"
    return _symbols(text)


def _text(node: Element) -> str:
    text = re.sub(r"[ \u00a0\u2000-\u200a]+", " ", node.text().replace("\n", " "))
    return f"\\text{{{''.join(TEXT.get(char, char) for char in text)}}}" if text.strip() else " " if text else ""


def _space(node: Element) -> str:
    width = re.fullmatch(r"\s*([\d.]+)\s*em\s*", node.get("width") or "")
    if node.get("linebreak") == "newline":
        return "\\\\"
    if width is None or float(width.group(1) if width.group(1).strip(".") else 0) < 0.9:
        return ""
    return "\\qquad " if float(width.group(1)) >= 1.9 else "\\quad "


def _fraction(node: Element) -> str:
    top, bottom = _arguments(node, 2)
    thickness = node.get("linethickness")
    if thickness is not None and _NO_LINE.fullmatch(thickness.strip()):
        return f"\\binom{{{top}}}{{{bottom}}}"
    return f"\\frac{{{top}}}{{{bottom}}}"


def _root(node: Element) -> str:
    base, index = _arguments(node, 2)
    return f"\\sqrt[{index}]{{{base}}}" if index else f"\\sqrt{{{base}}}"


def _scripts(node: Element) -> str:
    base, first, second = _arguments(node, 3)
    if node.tag in ("msub", "munder"):
        return _base(base) + _script("_", first)
    if node.tag in ("msup", "mover"):
        return _base(base) + _script("^", first)
    return _base(base) + _script("_", first) + _script("^", second)


def _base(latex: str) -> str:
    """What a script may stand at: an atom, or a row that ends in a closing fence; anything else in braces."""
    return latex if not latex or _ATOM.fullmatch(latex) or latex[-1] in ")]|" else f"{{{latex}}}"


def _script(mark: str, latex: str) -> str:
    if not latex:
        return ""
    return latex if mark == "^" and set(latex) == {"'"} else f"{mark}{{{latex}}}"


def _stacked(node: Element) -> str:
    """<mover> and <munder>: limits of an operator, an accent, an arrow with a label, or one thing over another."""
    children = node.elements()
    over = node.tag == "mover"
    base = _latex(children[0]) if children else ""
    mark = "".join(children[1].text().split()) if len(children) > 1 else ""
    name = base.split("{")[0]
    if name in LIMITS or name.startswith(("\\underbrace", "\\overbrace", "\\operatorname")):
        return _scripts(node)
    accent = (OVER if over else UNDER).get(mark)
    if accent is not None:
        return f"\\{accent}{{{base}}}"
    label = _latex(children[1]) if len(children) > 1 else ""
    if not label:
        return base
    if over and base in ARROWS:
        return f"\\{ARROWS[base]}{{{label}}}"
    return f"\\{'overset' if over else 'underset'}{{{label}}}{{{base}}}"


def _stacked_twice(node: Element) -> str:
    base, low, high = _arguments(node, 3)
    if base in ARROWS:
        return f"\\{ARROWS[base]}[{low}]{{{high}}}"
    return _scripts(node)


def _cells(node: Element) -> str:
    rows = [" & ".join(_children(cell) for cell in cells).rstrip() for cells in table_rows(node)]
    return " \\\\ ".join(rows)


def _table(node: Element) -> str:
    name = "aligned" if columns(node).startswith("right left") else "matrix"
    return f"\\begin{{{name}}}{_cells(node)}\\end{{{name}}}"


def _fenced(node: Element) -> str:
    opening, closing = node.get("open"), node.get("close")
    marks = ["(" if opening is None else opening.strip(), ")" if closing is None else closing.strip()]
    elements = node.elements()
    if len(elements) == 1 and elements[0].tag in ("mtable", "mrow", "mstyle"):
        around = [Element("mo", "", [mark]) for mark in marks]
        inner = elements[0]
        while inner.tag in ("mrow", "mstyle") and len(inner.elements()) == 1:
            inner = inner.elements()[0]
        latex, used = fenced_table([around[0], inner, around[1]], _cells)
        if used:
            return latex
    given = node.get("separators")
    separators = "".join(("," if given is None else given).split())
    body = ""
    for index, child in enumerate(elements):
        mark = separators[min(index - 1, len(separators) - 1)] if separators and index else ""
        body += mark + _latex(child)
    left, right = (_symbols(mark) if mark else "." for mark in marks)
    return _join([f"\\left{left}", f"{body}\\right{right}"])


def _multiscripts(node: Element) -> str:
    children = node.elements()
    names = [child.tag for child in children]
    cut = names.index("mprescripts") if "mprescripts" in names else len(children)
    base = _latex(children[0]) if children else ""
    before = _pairs(children[cut + 1 :])
    return (f"{{}}{before}" if before else "") + _base(base) + _pairs(children[1:cut])


def _pairs(scripts: list[Element]) -> str:
    """Subscripts and superscripts in turn; <none/> leaves one out."""
    parts = ["" if child.tag == "none" else _latex(child) for child in scripts]
    return "".join(_script("_^"[index % 2], part) for index, part in enumerate(parts))


def _enclosed(node: Element) -> str:
    latex = _children(node)
    notation = node.get("notation") or "longdiv"
    command = next((command for name, command in STRIKES.items() if name in notation), None)
    return latex if command is None else f"\\{command}{{{latex}}}"


def _first(node: Element) -> str:
    elements = node.elements()
    return _latex(elements[0]) if elements else _symbols(node.text())


def _nothing(_node: Element) -> str:
    return ""


_ELEMENTS: dict[str, Callable[[Element], str]] = {
    "mi": _identifier,
    "mn": _number,
    "mo": _operator,
    "mtext": _text,
    "ms": _text,
    "mspace": _space,
    "mfrac": _fraction,
    "msqrt": lambda node: f"\\sqrt{{{_children(node)}}}",
    "mroot": _root,
    "msub": _scripts,
    "msup": _scripts,
    "msubsup": _scripts,
    "munderover": _stacked_twice,
    "mover": _stacked,
    "munder": _stacked,
    "mtable": _table,
    "mfenced": _fenced,
    "mmultiscripts": _multiscripts,
    "menclose": _enclosed,
    "semantics": _first,
    "maction": _first,
    "mglyph": lambda node: _symbols(node.get("alt") or ""),
    "annotation": _nothing,
    "annotation-xml": _nothing,
    "mphantom": _nothing,
    "maligngroup": _nothing,
    "malignmark": _nothing,
    "none": _nothing,
    "mprescripts": _nothing,
    "script": _nothing,
    "style": _nothing,
}
