"""One walk through a page's source: code and formulas leave it for placeholders, what is no content goes.

The walk stops at the tags that some kind of markup begins with, asks the kind's function what to put there, and goes on
behind what the function has used. The kinds stand in the tables of `markup` and `formulas`.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from mathmill.pages.delimiters import Delimiter
from mathmill.pages.elements import Budget, start_tag
from mathmill.pages.placeholders import Placeholders

_DEEPEST = 40  # elements inside elements that are each read by a walk of their own
_SOURCES = re.compile(r"<script[^>]{1,300}?type\s*=\s*[\"']?math/", re.IGNORECASE)

Found = tuple[str, int]


Read = Callable[["Walk", str, re.Match[str]], Found | None]


class Kind(NamedTuple):
    """One kind of markup.

    names: of the elements that it begins with (`/name` for an end tag). read: gives the text for the place and the
    position behind what it has used, or None for an ordinary tag that stays; group 1 of its match is the name.
    maths: only read on pages with signs of mathematics.
    """

    names: tuple[str, ...]
    read: Read
    maths: bool = True


class Marked(NamedTuple):
    """Elements that a class or an attribute marks, whatever their name: too many to try each tag of a page.

    words: what the marks have in them, searched first. tag: what a whole start tag of the kind looks like; its groups
    are up to `read`, which is as that of `Kind`.
    """

    words: tuple[re.Pattern[str] | str, ...]
    tag: re.Pattern[str]
    read: Read


@lru_cache(maxsize=4)
def _readers(kinds: tuple[Kind, ...]) -> dict[str, Read]:
    return {name: kind.read for kind in kinds for name in kind.names}


@lru_cache(maxsize=4)
def _beginnings(kinds: tuple[Kind, ...]) -> re.Pattern[str]:
    # One group around all names: with a group for each, the search would be ten times slower. Names of one first letter
    # stand together: most tags are passed after a look at one letter.
    rests: dict[str, list[str]] = {}
    for name in sorted((name for kind in kinds for name in kind.names if name != "!--"), reverse=True):
        rests.setdefault(re.escape(name[0]), []).append(re.escape(name[1:]))
    names = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())
    return re.compile(rf"<(!--|(?:{names})(?=[\s>/]))")


class Walk:
    """The walk through one page.

    maths: look for formulas. `delimiters`: pairs that the page's scripts set for its text. `sources`: the page holds
    MathJax's source scripts, so what MathJax has drawn beside them is a copy. `menus`: how many <nav>, <header>,
    <footer> and <aside> are open around the place. `linked`: a source, and where a list in it ends that is all links.
    """

    def __init__(self, html: str, found: Placeholders, kinds: tuple[Kind, ...], marked: Marked, maths: bool) -> None:
        self.found = found
        self.marked = marked
        self.maths = maths
        self.budget = Budget()
        self.delimiters: list[Delimiter] = []
        self.sources = maths and "math/" in html and _SOURCES.search(html) is not None
        self.menus = 0
        self.linked: tuple[str, int] = "", 0
        kinds = tuple(kind for kind in kinds if maths or not kind.maths)
        self._readers = _readers(kinds)
        self._search = _beginnings(kinds).search
        self._missing: set[str] = set()
        self._depth = 0

    def rewrite(self, html: str) -> str:
        """The source with placeholders, without scripts, styles, comments and renderings of formulas."""
        out: list[str] = []
        position = 0
        outer, self._missing = self._missing, set()
        marks = self._marks(html) if self.maths else []
        mark = marks.pop() if marks else None
        match = self._search(html)
        while match is not None or mark is not None:
            if match is not None and (mark is None or match.start() <= mark.start()):
                start, replaced = match.start(), self._readers[match.group(1)](self, html, match)
                end = match.end()
            elif mark is not None:
                start, replaced, end = mark.start(), self.marked.read(self, html, mark), mark.end()
            if replaced is None:
                out.append(html[position:end])
                position = end
            else:
                out += (html[position:start], replaced[0])
                position = replaced[1]
            while mark is not None and mark.start() < position:
                mark = marks.pop() if marks else None
            if match is not None and match.start() < position:
                match = self._search(html, position)
        self._missing = outer
        out.append(html[position:])
        return "".join(out)

    def find(self, html: str, text: str, position: int) -> int:
        """`html.find`, without a second search for what does not come any more."""
        if text in self._missing:
            return -1
        found = html.find(text, position)
        if found == -1:
            self._missing.add(text)
        return found

    def _marks(self, html: str) -> list[re.Match[str]]:
        """The start tags of marked elements, the last one first."""
        starts = set()
        for word in self.marked.words:
            for hit in _places(word, html):
                start = html.rfind("<", max(0, hit - 2000), hit)
                if start != -1:
                    starts.add(start)
        found = (self.marked.tag.match(html, start) for start in sorted(starts, reverse=True))
        return [match for match in found if match is not None]

    def inner(self, html: str) -> str:
        """A piece inside an element, by a walk of its own; too deep inside others it is left as it is."""
        if self._depth >= _DEEPEST:
            return html
        self._depth += 1
        try:
            return self.rewrite(html)
        finally:
            self._depth -= 1

    def put(self, tex: str, display: bool, kind: str) -> str:
        """The text that stands for a formula; a space for an empty one."""
        return self.found.formula(tex, display, kind) if tex else " "

    def element(self, html: str, match: re.Match[str], name: str) -> tuple[str, str, int] | None:
        """Start tag, content and end of the element at `match`; None where its tag is not closed."""
        tag = start_tag(html, match.start())
        begin = match.start() + len(tag)
        if tag.endswith("/>"):
            return tag, "", begin
        close = self.budget.end(html, begin, name)
        return None if close is None else (tag, html[begin : close[0]], close[1])


def _places(word: re.Pattern[str] | str, html: str) -> Iterator[int]:
    """Where a word stands. Plain text is searched for several times as fast as a pattern."""
    if not isinstance(word, str):
        yield from (hit.start() for hit in word.finditer(html))
        return
    position = html.find(word)
    while position != -1:
        yield position
        position = html.find(word, position + len(word))


def raw_end(walk: Walk, html: str, position: int, name: str) -> tuple[int, int]:
    """Where text that is no HTML ends and what follows its closing tag begins; the end of the page without one."""
    close = walk.find(html, f"</{name}", position)
    if close == -1:
        return len(html), len(html)
    end = html.find(">", close)
    return close, len(html) if end == -1 else end + 1
