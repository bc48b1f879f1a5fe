"""Tags and entities of a page's source."""

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from mathmill.pages.elements import text_of

PIECES = [
    "&",
    "lt",
    "gt",
    ";",
    "amp",
    "quot",
    "#38",
    "not",
    " ",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&nbsp",
    "ampl",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_entities_are_resolved_once_and_as_browsers_do(source: str) -> None:
    assert text_of(source) == unescape(source)
