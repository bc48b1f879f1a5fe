"""Sections named after their own heading: `<section id="related-links"><h2>Related Links</h2>`.

resiliparse's main-content rule goes by the words of `id` and `class`: "related", "recommended" and whatever begins as
advertisements do are boilerplate to it, and so is a `class="section"` with many links. An id that a tool has made from
the heading below it says what the author wrote about, not what the element is for, so it is left out, where prose
follows the heading; a list of links goes as before.
"""

import re

from mathmill.pages.elements import text_of
from mathmill.pages.structure import link_share

_SECTION = ' class="section" id="'
_REST = (
    r'([^"<>]{3,200})"([^<>]{0,300}>\s*+(?:<(?:span|a)\s[^<>]{0,200}></(?:span|a)>\s*+){0,5}'
    r"<h[1-6](?:\s[^<>]{0,300})?>)"
)
_NAMED, _NAMED_SECTION = re.compile(f' id="{_REST}'), re.compile(f"{_SECTION}{_REST}")
_HEADING_END = re.compile(r"</h[1-6]\s*>")
_PARAGRAPH = re.compile(r"<p(?:\s[^<>]{0,300})?>(.*?)(?:</p>|<p[\s>]|<h[1-6]|</?(?:section|div))", re.DOTALL)
_APART = re.compile(r"[\W_]+")
_LONGEST_HEADING, _NEAR = 500, 2000  # characters: of a heading's source, and behind it where the prose must begin
_LEAST_WORDS = 8
_MOST_LINKED = 0.5


def unnamed(html: str) -> str:
    """The source without the ids of sections that repeat their heading and go on with prose."""
    if _SECTION in html:
        html = _NAMED_SECTION.sub(_judged, html)
    return _NAMED.sub(_judged, html)


def _judged(match: re.Match[str]) -> str:
    html, name, rest = match.string, match.group(1), match.group(2)
    start = html.rfind("<", max(0, match.start() - 300), match.start())
    end = _HEADING_END.search(html, match.end(), match.end() + _LONGEST_HEADING)
    if start == -1 or end is None or not html.startswith(("<section", "<div"), start):
        return match.group()
    if not _slug(text_of(html[match.end() : end.start()])).endswith(_slug(name)):
        return match.group()
    return rest if _prose(html[end.end() : end.end() + _NEAR]) else match.group()


def _slug(text: str) -> str:
    return _APART.sub("-", text.lower()).strip("-")


def _prose(source: str) -> bool:
    """Whether the first paragraph has some words, of which not most are links."""
    paragraph = _PARAGRAPH.search(source)
    if paragraph is None:
        return False
    text = text_of(paragraph.group(1))
    return len(text.split()) >= _LEAST_WORDS and link_share(paragraph.group(1)) <= _MOST_LINKED
