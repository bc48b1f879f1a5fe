"""Elements in a page's source: where a tag ends, where an element ends, what its attributes say.

The formulas are taken out of the source before it is parsed: a parser would eat the `<` of TeX and take `mml:math` for
an unknown element, and each look at a node from Python costs more than a search through the whole page.
"""

import re
from functools import lru_cache
from html import unescape

# A quoted value may hold `>`. All lengths are bounded: tags that never end must not cost the square of a page.
_TAG = re.compile(r"""<[a-zA-Z][^>"']{0,8000}+(?:(?:"[^"]{0,20000}"|'[^']{0,20000}')[^>"']{0,8000}+){0,1000}+>""")
_LONGEST_TAG = 100_000
_BARE = re.compile(r"<[^>]{0,4000}>")
_ATTRIBUTE = re.compile(r"""(?<![^\s"'/])([^\s=>"'/]++)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_TAGS = re.compile(r"<!--.{0,1000}?-->|</?[a-zA-Z][^>]{0,2000}>", re.DOTALL)
MAX_TOKENS = 200_000
# None of the characters makes a new entity; `&amp;` would.
_COMMON = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'))


class Budget:
    """How many tags the search for ends of elements may pass on one page: no page costs the square of its size."""

    def __init__(self) -> None:
        self.tokens = MAX_TOKENS

    def end(self, html: str, position: int, name: str) -> tuple[int, int] | None:
        """Where the closing tag of the element begins and ends whose content starts at `position`; None without one."""
        depth = 1
        for match in _edges(name).finditer(html, position):
            self.tokens -= 1
            if self.tokens < 0:
                return None
            depth += -1 if match.group(1) else 1
            if depth == 0:
                close = html.find(">", match.end())
                return None if close == -1 else (match.start(), close + 1)
        return None


@lru_cache(maxsize=256)
def _edges(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){re.escape(name)}(?=[\s/>])(?![^>]{{0,200}}/>)")


def start_tag(html: str, position: int) -> str:
    """The whole start tag at `position`."""
    match = _TAG.match(html, position, position + _LONGEST_TAG) or _BARE.match(html, position)
    return html[position : position + 1] if match is None else match.group()


def attributes(tag: str) -> dict[str, str]:
    """The attributes of a start tag: names in lower case, entities in values resolved; the first of a name wins."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(tag):
        value = double or single or bare
        found.setdefault(name.lower(), unescape(value) if "&" in value else value)
    return found


def text_of(source: str) -> str:
    """The text of a piece of source: tags and comments gone, entities resolved."""
    text = _TAGS.sub("", source) if "<" in source else source
    return _resolved(text) if "&" in text else text


def _resolved(text: str) -> str:
    """`html.unescape`, several times as fast where code has many entities of the common kinds."""
    for entity, character in _COMMON:
        if entity in text:
            text = text.replace(entity, character)
    return unescape(text) if "&" in text else text
