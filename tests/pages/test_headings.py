"""Sections that are named after their heading stay; boilerplate of the same names goes as before."""

import pytest

from mathmill.pages.headings import unnamed
from mathmill.pages.html import page_text

PROSE = (
    "This guide only covers the basic tools for creating extensions, third party tools offer simpler "
    "and more sophisticated approaches to creating them."
)
BODY = "".join(f"<p>Paragraph {n} of the page, which says something about triangles and sides.</p>" for n in range(6))
LINKS = "".join(f'<p><a href="/{n}">Another post of ours about some other thing, number {n}</a></p>' for n in range(6))


def page(section: str) -> str:
    return f"<html><body><main><h1>Triangles</h1>{BODY}{section}</main></body></html>"


@pytest.mark.parametrize("tag", ["section", "div"])
@pytest.mark.parametrize("heading", ["Related links", "Recommended third party tools", "5.8. Security-related bugs"])
def test_prose_below_a_heading_of_that_name_stays(tag: str, heading: str) -> None:
    name = heading.lower().removeprefix("5.8. ").replace(" ", "-")
    html = page(f'<{tag} id="{name}">\n<h2>{heading}<a href="#{name}">¶</a></h2>\n<p>{PROSE}</p></{tag}>')
    assert PROSE in page_text(html)


def test_a_section_of_prose_and_many_links_stays_without_the_links() -> None:
    items = "".join(f'<li><a href="/{n}">Functions of a kind, number {n}</a></li>' for n in range(30))
    html = page(
        f'<div class="section" id="more-functions">\n<h2>More functions</h2>\n<p>{PROSE}</p><ul>{items}</ul></div>'
    )
    text = page_text(html)
    assert PROSE in text
    assert "number 7" not in text


@pytest.mark.parametrize(
    "section",
    [
        f'<div id="related-posts"><h2>Related posts</h2>{LINKS}</div>',
        f'<div id="related"><h2>You might also like</h2><p>{PROSE}</p></div>',
        f'<aside id="related-links"><h2>Related links</h2><p>{PROSE}</p></aside>',
        f'<div id="recommended"><p>{PROSE}</p></div>',
    ],
)
def test_boilerplate_goes_as_before(section: str) -> None:
    text = page_text(page(section))
    assert "Paragraph 5" in text
    assert PROSE not in text
    assert "Another post" not in text


def test_only_the_name_goes() -> None:
    kept = f'<section class="x" title="y"><h2>Related links</h2><p>{PROSE}</p></section>'
    assert unnamed(kept.replace(' title="y"', ' id="related-links" title="y"')) == kept
    other = f'<p id="related-links">x</p><section id="proofs"><h2>Related links</h2><p>{PROSE}</p></section>'
    assert unnamed(other) == other
