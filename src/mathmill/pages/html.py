"""A decoded page to text: shield what a parser would eat, take the formulas and the code out, drop the boilerplate."""

import re
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from mathmill.pages.formulas import replace_formulas
from mathmill.pages.placeholders import PAD, RESERVED, Placeholders
from mathmill.pages.text import finish

Tree = Any  # resiliparse.parse.html.HTMLTree

_PREFIXED = re.compile(r"<(/?)(?:mml|m):(?=[a-z])")
# Opening delimiter -> a formula in it. One pattern each: a fixed first character lets the search skip ahead.
_TEX_SPANS = {
    "\\(": re.compile(r"\\\((?:(?!\\\)).){1,1000}\\\)", re.DOTALL),
    "\\[": re.compile(r"\\\[(?:(?!\\\]).){1,2000}\\\]", re.DOTALL),
    "$$": re.compile(r"\$\$[^$]{1,2000}\$\$"),
    "$": re.compile(r"\$(?<![\\$]\$)[^$\n]{1,300}\$"),
}
_NOT_A_TAG = re.compile(
    r"<(?!/?(?:a|b|br|code|div|em|font|h[1-6]|i|img|li|ol|p|pre|script|small|span|strong|style|sub|sup|table|td|th|tr|tt|ul)"
    r"(?:[\s/>])|!--)"
)
# resiliparse's main-content rule drops a text node that is one single non-ASCII character, as `»` between links; but
# a Chinese full stop or word between two formulas, or a lone `≤`, is content.
_LONE = re.compile(r">(\s*)([^\x00-\x7f\s»«›‹•·|…©®→←↑↓▲▼★☆✓–—])(?=\s*<(?!/m))")
_TEX_COMMAND = re.compile(r"\\[a-zA-Z]|[\^_]")
_ANSWER_CLASS = re.compile(r"solution|answer|spoiler|proof|hint|collaps|toggle|loesung|解", re.IGNORECASE)
_INVISIBLE = (re.compile(r"display\s*:\s*none"), re.compile(r"visibility\s*:\s*hidden"))


def page_text(html: str) -> str:
    """The text of an HTML page.

    Boilerplate is dropped by resiliparse's main-content rule, code keeps its indentation, a table is one line a row
    with ` | ` between cells, and every formula stands as `$..$` or `$$..$$`.
    """
    html = prepare(html)
    tree = HTMLTree.parse(html)
    if tree.body is None:
        return ""
    found = Placeholders()
    _take_code(tree, html, found)
    replace_formulas(tree, html, found)
    _reveal(tree, html)
    _keep_lists(tree, html)
    text = extract_plain_text(
        tree,
        preserve_formatting=True,
        main_content=True,
        list_bullets=True,
        alt_texts=False,
        comments=True,  # on forums and question sites, the comments are the content
        hidden_elements=True,
    )
    return finish(text.replace(PAD, ""), found)


def prepare(html: str) -> str:
    """The source, ready to be parsed: no reserved characters, no MathML prefixes, no `<` that is less-than in TeX."""
    html = html.replace("\x00", "")
    if RESERVED.search(html):
        html = RESERVED.sub("", html)
    if "mml:math" in html or "<m:math" in html:
        html = _PREFIXED.sub(r"<\1", html)
    if not html.isascii():
        html = _LONE.sub(rf">\1\2{PAD}", html)
    for opening, pattern in _TEX_SPANS.items():
        if opening in html:
            html = pattern.sub(_shield, html)
    return html


def _shield(match: re.Match[str]) -> str:
    span = match.group(0)
    if "<" not in span or not (span.startswith(("\\", "$$")) or _TEX_COMMAND.search(span)):
        return span
    return _NOT_A_TAG.sub("&lt;", span)


def _take_code(tree: Tree, html: str, found: Placeholders) -> None:
    if "<pre" in html:
        for node in tree.body.query_selector_all("pre")[:]:
            code = node.text_content.strip("\n")
            if code.strip() and node.parent is not None and "\ue002" not in code:
                _fill(tree, node, found.verbatim("\n".join(line.rstrip() for line in code.split("\n"))))
    if "<code" in html or "<tt" in html or "<kbd" in html:
        for node in tree.body.query_selector_all("code, tt, kbd")[:]:
            code = node.text_content
            # Only what the later passes could mistake for a formula needs shelter; the rest is text like any other.
            if ("$" in code or "\\" in code) and "\ue002" not in code and node.parent is not None:
                _fill(tree, node, found.verbatim(" ".join(code.split())))


def _fill(tree: Tree, node: Any, text: str) -> None:
    node.replace_children(tree.create_text_node(text))


def _reveal(tree: Tree, html: str) -> None:
    """What is hidden until a click (answers, formulas) is content; other hidden elements stay hidden."""
    if "<summary" in html:
        for node in tree.body.query_selector_all("summary")[:]:
            node.append(tree.create_element("br"))
    if " hidden" not in html and not _invisible(html):
        return
    for node in tree.body.query_selector_all("[style], [hidden]")[:]:
        hidden = node.hasattr("hidden") or _invisible(node.getattr("style") or "")
        if hidden and (_is_answer(node) or "\ue000" in node.text_content):
            for name in ("hidden", "style"):
                if node.hasattr(name):
                    node.delattr(name)


def _is_answer(node: Any) -> bool:
    """Whether the element or its parent is named like something that a reader opens."""
    around = [node] if node.parent_element is None else [node, node.parent_element]
    return any(_ANSWER_CLASS.search(f"{one.getattr('class') or ''} {one.getattr('id') or ''}") for one in around)


def _invisible(css: str) -> bool:
    return any(pattern.search(css) for pattern in _INVISIBLE)


def _keep_lists(tree: Tree, html: str) -> None:
    """Bulleted lists without links are content: the main-content rule takes any short <ul> for a menu and drops it."""
    if "<ul" not in html:
        return
    for node in tree.body.query_selector_all("ul")[:]:
        if (
            node.query_selector("a, ul, ol, table, pre") is not None
            or node.parent.closest("nav, header, footer, aside, ul") is not None
        ):
            continue
        for item in node.child_nodes[:]:
            if (item.tag or "").lower() != "li":
                continue
            line = tree.create_element("div")
            line.append(tree.create_text_node("- "))
            for child in item.child_nodes[:]:
                line.append(child)
            node.parent.insert_before(line, node)
        node.remove()
