"""A decoded page to text: formulas and code out of the source, boilerplate dropped by a parser, both put back.

Coarse to fine: a page without signs of mathematics in its source (`signs.score`) is spared the search for formulas.
"""

import re
from collections import Counter
from dataclasses import dataclass

from resiliparse.extract.html2text import extract_plain_text

from mathmill.pages import formulas, markup
from mathmill.pages.delimiters import replace_delimited
from mathmill.pages.headings import unnamed
from mathmill.pages.placeholders import PAD, RESERVED, Placeholders
from mathmill.pages.scan import Scan
from mathmill.pages.signs import score
from mathmill.pages.structure import flattened, plain_blocks, reveal
from mathmill.pages.text import finish
from mathmill.pages.walk import Walk

MIN_SCORE, MAX_LOST = 0.5, 0.5  # the defaults of the keys pages.formulas.min_score and max_lost

_KINDS = (*markup.KINDS, *formulas.KINDS)
# NUL, delimiters that an editor has written as entities, reserved characters (in UTF-8), tags in upper case.
_UNPREPARED = Scan([r"\x00", r"&#(?:92|36);", r"\xee\x80[\x81-\x86]", r"<[A-Z]", r"</[A-Z]"])
_CONTENT = re.compile(r"<(?:body|p|div|table|ul|ol|pre|article|section|main|h[1-6])[\s>]")
_WRITTEN = re.compile(r"&#(?:92|36);")
_UPPER_NAME = re.compile(r"</?[A-Z][A-Za-z0-9]*")
# Inline elements say nothing about what is content; without them the parser has half as much to do.
# The rule also drops a sign beside them that is no ASCII, as the arrow in `<code>gzip</code> → <code>xz</code>`.
_INLINE_NAMES = "em|b(?:ig)?|i|tt|c(?:ode|ite)|var|dfn|u|font|wbr|mark|nobr|kbd|s(?:trong|mall|amp{})"
_INLINE = re.compile(rf"</?(?:{_INLINE_NAMES.format('')})(?:>|\s[^<>]*>)")
_INLINE_AND_SPANS = re.compile(rf"</?(?:{_INLINE_NAMES.format('|pan')})(?:>|\s[^<>]*>)")
# resiliparse's main-content rule drops a text node that is one single non-ASCII character, as `»` between links; but
# a Chinese full stop or word between two formulas, or a lone `≤`, is content.
_LONE = re.compile(r">(\s*+)([^\x00-\x7f\s»«›‹•·|…©®→←↑↓▲▼★☆✓–—])(?=\s*+<)")


@dataclass(frozen=True)
class PageText:
    """A page's text, and its formulas by the kind of markup that they came from.

    fine: the page had signs of mathematics, so formulas were searched for. whole: the rule for main content would have
    dropped too many of them, so the text is that of the whole body.
    """

    text: str
    formulas: Counter[str]
    fine: bool
    whole: bool = False


def page_text(html: str) -> str:
    """The text of an HTML page, see `read_page`."""
    return read_page(html).text


def read_page(html: str, min_score: float = MIN_SCORE, max_lost: float = MAX_LOST) -> PageText:
    """The text of an HTML page.

    Boilerplate is dropped by resiliparse's main-content rule, code keeps its indentation, a table is one line a row
    with ` | ` between cells, and every formula stands once, as `$..$` or `$$..$$`.

    min_score: pages whose signs of mathematics (`signs.SIGNS`) add up to less are not searched for formulas.
    max_lost: where the main-content rule drops more than this share of the formulas, the whole body is the text.
    """
    html = prepare(html)
    fine = score(html, min_score) >= min_score
    found = Placeholders()
    walk = Walk(html, found, _KINDS, formulas.MARKED, fine)
    asciimath = fine and "`" in html and ("asciimath" in html or "ASCIIMath" in html or "AM_" in html)
    html = walk.rewrite(html)
    html = _headless(html)
    if fine:
        html = replace_delimited(html, found, walk.delimiters, asciimath)
    html, hidden_span = reveal(html, walk.budget)
    html = flattened(_smaller(plain_blocks(unnamed(html)), hidden_span))
    text = _plain(html, main_content=True)
    kept = found.kept(text)
    whole = len(kept) < len(found.formulas) * (1 - max_lost)
    if whole:
        text = _plain(html, main_content=False)
        kept = found.kept(text)
    return PageText(finish(text.replace(PAD, ""), found), found.counts(kept), fine, whole)


def prepare(html: str) -> str:
    """The source without NUL and the characters of placeholders, tags in lower case."""
    if not _UNPREPARED.any(html):
        return html
    html = _WRITTEN.sub(lambda match: "\\" if match.group() == "&#92;" else "$", html.replace("\x00", ""))
    return _UPPER_NAME.sub(lambda match: match.group().lower(), RESERVED.sub("", html))


def _headless(html: str) -> str:
    """The source behind its head, which has no text; with a head that is closed too late it stays whole."""
    head, end, rest = html.partition("</head>")
    return rest if end and _CONTENT.search(head) is None else html


def _smaller(html: str, hidden_span: bool) -> str:
    html = (_INLINE if hidden_span else _INLINE_AND_SPANS).sub("", html)
    return html if html.isascii() else _LONE.sub(rf">\1\2{PAD}", html)


def _plain(html: str, main_content: bool) -> str:
    return extract_plain_text(
        html,
        preserve_formatting=True,
        main_content=main_content,
        list_bullets=True,
        alt_texts=False,
        comments=True,  # on forums and question sites, the comments are the content
        hidden_elements=True,
    )
