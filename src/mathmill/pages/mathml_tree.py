"""MathML source to a tree: any namespace prefix, unclosed and self-closing elements, entities by name and number."""

import re
from dataclasses import dataclass, field
from html import unescape

from mathmill.pages.elements import attributes

_TOKEN = re.compile(
    r"""<!--.*?-->|<(/?)(?:[\w-]+:)?([a-zA-Z][\w.-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>|([^<]+)|<""", re.DOTALL
)
_EMPTY = frozenset(("none", "mprescripts", "mspace", "malignmark", "maligngroup", "mglyph", "br", "img"))
MAX_DEPTH = 120  # deeper tags are passed over: no formula is nested like that


@dataclass(slots=True)
class Element:
    """One element: its name without prefix in lower case, the source of its attributes, elements and strings inside."""

    tag: str
    source: str = ""
    children: list["Element | str"] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """An attribute's value, or None."""
        return attributes(self.source).get(name) if name in self.source else None

    def elements(self) -> list["Element"]:
        """The elements inside, without the text between them."""
        return [child for child in self.children if not isinstance(child, str)]

    def text(self) -> str:
        """All text inside."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def find(self, tag: str) -> "Element | None":
        """The first element of this name inside, in reading order."""
        for child in self.elements():
            found = child if child.tag == tag else child.find(tag)
            if found is not None:
                return found
        return None


def parse(source: str) -> Element:
    """The tree of a piece of MathML source, under a root named `#root`; nothing is an error."""
    root = Element("#root")
    stack = [root]
    for match in _TOKEN.finditer(source):
        closing, name, rest, text = match.groups()
        if text is not None:
            stack[-1].children.append(unescape(text) if "&" in text else text)
        elif name is None:
            if match.group() == "<":
                stack[-1].children.append("<")
        elif closing:
            _close(stack, name.lower())
        elif len(stack) < MAX_DEPTH:
            element = Element(name.lower(), rest)
            stack[-1].children.append(element)
            if not rest.endswith("/") and element.tag not in _EMPTY:
                stack.append(element)
    return root


def _close(stack: list[Element], name: str) -> None:
    """Close the innermost open element of this name; a closing tag without one says nothing."""
    for index in range(len(stack) - 1, 0, -1):
        if stack[index].tag == name:
            del stack[index:]
            return
