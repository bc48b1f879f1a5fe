"""Find the formulas of a page in its DOM and put a placeholder where each stood (the paper does not say how it does).

Every kind of markup ends as one LaTeX string, once: of a formula's several renderings (MathML beside an image, KaTeX's
two copies, MathJax's output beside its source script) the author's source is taken and the others go.
"""

import re
from typing import Any
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

from resiliparse.parse.html import HTMLTree

from mathmill.pages.mathml import Node, clean, to_latex
from mathmill.pages.placeholders import Placeholders

Tree = Any  # resiliparse.parse.html.HTMLTree

_MATHJAX_OUTPUT = (
    ".MathJax_Preview, .MathJax_Display, .MathJax, .MathJax_SVG_Display, .MathJax_SVG, .MathJax_CHTML, .MathJax_PHTML, "
    ".MJXc-display, .mjx-chtml, .MathJax_Error, .MJX_Assistive_MathML"
)
_IMAGE_CLASS = re.compile(
    r"(^|[\s_-])(tex|latex|math|mathjax|formula|equation|eqn|mwe-math-fallback-image\S*)($|[\s_-])"
)
_TEX_QUERY = re.compile(r"(mimetex|mathtex)\.cgi$|^/(gif|png|svg|pdf)(\.(image|latex|download))*$")
_TEX_KEYS = ("latex", "tex", "chl")
_LOOKS_LIKE_TEX = re.compile(r"\\[a-zA-Z]{2,}|[\^_]\{|^\$.*\$$")
_ELEMENT_BEFORE = re.compile(r"(^|[^a-z])(H|C|N|O|S|P|Na|Cl|Ca|Fe|Si|Mg|Cu|NH|CH|CO|SO|NO|PO|OH|HO)$")
_ORDINAL = re.compile(r"^(st|nd|rd|th|er|re|e|o|a|º|ª|TM|SM|®|©|\(R\)|\[.{1,4}\]|[*†‡§]+)$", re.IGNORECASE)


def replace_formulas(tree: Tree, html: str, found: Placeholders) -> None:
    """Replace each formula of the tree by a placeholder; `html`, the source, tells which searches are needless."""
    if "mwe-math" in html:
        _wikipedia(tree, found)
    if "katex" in html:
        _katex(tree, found)
    if "mjx-container" in html or "MathJax" in html:
        _mathjax_output(tree, html, found)
    if "math/" in html:
        _scripts(tree, found)
    if "<math" in html:
        for math in tree.body.query_selector_all("math")[:]:
            _put(math, to_latex(math), _is_block(math), found)
    if "<img" in html:
        _images(tree, found)
    if "data-" in html:
        _attributes(tree, found)
    if "<sup" in html or "<sub" in html:
        _raised(tree)


def _put(node: Node, tex: str, display: bool, found: Placeholders) -> None:
    # An outer element may have been replaced before its inner one is reached: that one has no parent any more.
    if node.parent is not None:
        swap(node, found.formula(tex, display) if tex else " ")


def swap(node: Node, text: str) -> None:
    """Replace a node by a text node."""
    node.replace_with(node.owner_document.create_text_node(text))


def _is_block(math: Node) -> bool:
    return (math.getattr("display") or "").lower() == "block" or (math.getattr("mode") or "").lower() == "display"


def _wikipedia(tree: Tree, found: Placeholders) -> None:
    for node in tree.body.query_selector_all(".mwe-math-element")[:]:
        math, image = node.query_selector("math"), node.query_selector("img")
        tex = to_latex(math) if math is not None else clean(image.getattr("alt") or "") if image is not None else ""
        block = math is not None and _is_block(math)
        if tex:
            _put(node, tex, block or "fallback-image-display" in node.html, found)


def _katex(tree: Tree, found: Placeholders) -> None:
    for selector, display in ((".katex-display", True), (".katex", False)):
        for node in tree.body.query_selector_all(selector)[:]:
            math = node.query_selector("math")
            tex = to_latex(math) if math is not None else ""
            if tex:
                _put(node, tex, display, found)


def _mathjax_output(tree: Tree, html: str, found: Placeholders) -> None:
    for node in tree.body.query_selector_all("mjx-container")[:]:
        math = node.query_selector("math")
        if math is not None:
            _put(node, to_latex(math), (node.getattr("display") or "") == "true" or _is_block(math), found)
    if "math/tex" in html or "math/mml" in html or "math/asciimath" in html:
        for node in tree.body.query_selector_all(_MATHJAX_OUTPUT)[:]:
            if node.parent is not None:
                node.remove()
        return
    for node in tree.body.query_selector_all(
        ".MathJax[data-mathml], .MathJax_SVG[data-mathml], .mjx-chtml[data-mathml]"
    )[:]:
        math = _parsed(node.getattr("data-mathml") or "")
        if math is not None:
            _put(node, to_latex(math), _is_block(math), found)


def _scripts(tree: Tree, found: Placeholders) -> None:
    for node in tree.body.query_selector_all('script[type^="math/tex"], script[type^="math/mml"]')[:]:
        kind = (node.getattr("type") or "").lower()
        display = "display" in kind
        if kind.startswith("math/tex"):
            _put(node, clean(node.text_content), display, found)
            continue
        math = _parsed(node.text_content)
        if math is not None:
            _put(node, to_latex(math), display or _is_block(math), found)


def _parsed(source: str) -> Node | None:
    """The <math> element of MathML that stood as text in an attribute or a script."""
    tree = HTMLTree.parse(source)
    return None if tree.body is None else tree.body.query_selector("math")


def _images(tree: Tree, found: Placeholders) -> None:
    for node in tree.body.query_selector_all("img[alt], img[src]")[:]:
        tex = image_formula(node.getattr("src") or node.getattr("data-src") or "", node.getattr("alt") or "",
                            node.getattr("class") or "")  # fmt: skip
        if tex:
            _put(node, tex, "display" in (node.getattr("class") or ""), found)


def image_formula(src: str, alt: str, css_class: str) -> str | None:
    """TeX of an image that shows a formula, from its URL or its alternative text; None for any other image."""
    tex = _from_url(src)
    if tex is None:
        known = _IMAGE_CLASS.search(css_class) or "/math/render/" in src or "/math/" in src or "latex" in src.lower()
        if alt.strip() and (known or _LOOKS_LIKE_TEX.search(alt.strip())):
            tex = alt
    if tex is None or not tex.strip():
        return None
    return clean(tex)


def _from_url(src: str) -> str | None:
    try:
        parts = urlsplit(src.replace("&amp;", "&"))
    except ValueError:
        return None
    if not parts.query:
        return None
    if _TEX_QUERY.search(parts.path) and ("codecogs" in parts.netloc or ".cgi" in parts.path):
        return re.sub(
            r"^(\\(dpi|bg|fg)\{\w*\}|\\(tiny|small|large|inline)\b|\s)+",
            "",
            unquote(parts.query).replace("&space;", " "),
        )
    if not re.search(r"latex\.php|/equation$|/chart$|/latex/?$|/tex$|render", parts.path):
        return None
    # parse_qs would cut a formula at a bare `;` or `&`, but these services all receive it percent-encoded.
    values = parse_qs(parts.query, keep_blank_values=False)
    found = next((values[key][0] for key in _TEX_KEYS if key in values), None)
    return unquote_plus(found) if found is not None and "%" in found else found


def _attributes(tree: Tree, found: Placeholders) -> None:
    for name in ("data-expr", "data-tex", "data-latex", "data-math"):
        for node in tree.body.query_selector_all(f"[{name}]")[:]:
            tex = clean(node.getattr(name) or "")
            if tex and node.tag.lower() not in ("body", "main", "article", "form", "input", "button"):
                _put(node, tex, node.tag.lower() == "div" or "display" in (node.getattr("class") or ""), found)


def _raised(tree: Tree) -> None:
    """<sup> and <sub> become ^{} and _{}; footnote marks go, ordinals and chemical formulas stay plain text."""
    for node in reversed(tree.body.query_selector_all("sup, sub")[:]):
        text = " ".join(node.text_content.split())
        mark = "^" if node.tag.lower() == "sup" else "_"
        if not text or len(text) > 80 or node.parent is None or node.query_selector("pre, table, p, div") is not None:
            continue
        if mark == "^" and (node.query_selector("a") is not None or "reference" in (node.getattr("class") or "")):
            swap(node, " ")
        elif _ORDINAL.match(text) or (mark == "_" and text.isdigit() and _ELEMENT_BEFORE.search(_text_before(node))):
            swap(node, text)
        else:
            swap(node, f"{mark}{{{text}}}")


def _text_before(node: Node) -> str:
    before = node.prev
    return (before.value or "")[-8:] if before is not None and before.tag == "#text" else ""
