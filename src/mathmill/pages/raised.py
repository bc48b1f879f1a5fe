"""<sup> and <sub> as text: scripts become `^{}` and `_{}`; footnote marks go, ordinals and chemical formulas stay."""

import re

from mathmill.pages.elements import text_of
from mathmill.pages.placeholders import CODE, INLINE

_LONGEST = 80  # characters; a longer one is no script but small print
_BLOCK = re.compile(r"<(?:pre|table|p|div|ul|ol|li)[\s>]")
_NOTE = re.compile(r"<a[\s>]|reference|footnote|noprint|citation")
_ELEMENT_BEFORE = re.compile(r"(?:^|[^a-z])(?:H|C|N|O|S|P|Na|Cl|Ca|Fe|Si|Mg|Cu|NH|CH|CO|SO|NO|PO|OH|HO)$")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|ème|o|a|º|ª|TM|SM|®|©|\(R\)|™|\[.{1,4}\]|[*†‡§¶]+)", re.IGNORECASE)


def raised(name: str, tag: str, content: str, before: str) -> str | None:
    """The text of a <sup> or <sub>, or None where it stays an element.

    tag: its start tag; content: what it holds, scripts inside already read; before: the source right before it.
    """
    text = " ".join((text_of(content) if "<" in content or "&" in content else content).split())
    if not text or len(text) > _LONGEST or _BLOCK.search(content) or INLINE in text or CODE in text:
        return None
    if name == "sup" and _NOTE.search(f"{tag} {content}"):
        return " "
    if _ORDINAL.fullmatch(text) and (name == "sup" or not before[-1:].isalpha()):
        return text.replace("<", "&lt;")
    if name == "sub" and text.isdigit() and _ELEMENT_BEFORE.search(before):
        return text
    mark = "^" if name == "sup" else "_"
    return f"{mark}{{{text.replace('&', '&amp;').replace('<', '&lt;')}}}"
