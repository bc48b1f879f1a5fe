"""What the tests of kinds of markup share."""

from mathmill.pages.html import read_page

INTRO = "This opening paragraph is long enough for a page of content."
F = "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"

# HTML -> text, and the counts by source that the page's metadata say.
Case = tuple[str, str, dict[str, int]]


def check(case: Case) -> None:
    """The page's text and counts are those of the case."""
    body, text, counts = case
    page = read_page(f"<html><head><title>T</title></head><body><main><p>{INTRO}</p>{body}</main></body></html>")
    assert page.text.startswith(INTRO)
    assert (page.text.removeprefix(INTRO).strip(), dict(page.formulas)) == (text, counts)
