"""Sections named after their own heading: `<section id="related-links"><h2>Related Links</h2>`.

resiliparse's main-content rule goes by the words of `id` and `class`: "related", "recommended" and whatever begins as
advertisements do are boilerplate to it, and so is a `class="section"` with many links. An id that a tool has made from
the heading below it says what the author wrote about, not what the element is for, so it is left out, where prose
follows the heading; a list of links goes as before.
"""

import re

from mathmill.pages.elements import text_of
from mathmill.pages.structure import link_share

_SECTION = ' class="section"'
_NAMED = re.compile(
    r' id="([^"<>]{3,200})"([^<>]{0,300}>\s*+(?:<(?:span|a)\s[^<>]{0,200}></(?:span|a)>\s*+){0,5}'
    r"<h[1-6](?:\s[^<>]{0,300})?>)"
)
_HEADING_END = re.compile(r"</h[1-6]\s*>")
_PARAGRAPH = re.compile(r"<p(?:\s[^<>]{0,300})?>(.*?)(?:</p>|<p[\s>]|<h[1-6]|</?(?:section|div))", re.DOTALL)
_APART = re.compile(r"[\W_]+")
_LONGEST_HEADING, _NEAR = 500, 2000  # characters: of a heading's source, and behind it where the prose must begin
_LEAST_WORDS = 8
_MOST_LINKED = 0.5


def unnamed(html: str) -> str:
    """The source without the ids of sections that repeat their heading and go on with prose."""
    out, position = [], 0
    for match in _NAMED.finditer(html):
        if _repeats(html, match):
            start = match.start()
            start -= len(_SECTION) if html.endswith(_SECTION, position, start) else 0
            out.append(html[position:start])
            position = match.start(2)
    return "".join([*out, html[position:]]) if out else html


def _repeats(html: str, match: re.Match[str]) -> bool:
    start = html.rfind("<", max(0, match.start() - 300), match.start())
    if start == -1 or not html.startswith(("<section", "<div"), start):
        return False
    end = _HEADING_END.search(html, match.end(), match.end() + _LONGEST_HEADING)
    if end is None or not _slug(text_of(html[match.end() : end.start()])).endswith(_slug(match.group(1))):
        return False
    return _prose(html[end.end() : end.end() + _NEAR])


def _slug(text: str) -> str:
    return _APART.sub("-", text.lower()).strip("-")


def _prose(source: str) -> bool:
    """Whether the first paragraph has some words, of which not most are links."""
    paragraph = _PARAGRAPH.search(source)
    if paragraph is None:
        return False
    text = text_of(paragraph.group(1))
    return len(text.split()) >= _LEAST_WORDS and link_share(paragraph.group(1)) <= _MOST_LINKED
