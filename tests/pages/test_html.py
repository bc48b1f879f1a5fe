"""Text, code, lists, tables and hidden answers stay; menus, scripts and hidden advertisements go."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.pages.html import page_text, prepare
from mathmill.pages.placeholders import CLOSE, CODE, CODE_END, INLINE, RESERVED_CHARACTERS
from mathmill.pages.warc import Response, responses

PARAGRAPH = "This is a paragraph of the article that says enough to count as content of the page."


def page(body: str) -> str:
    return page_text(f"<html><head><title>Title</title></head><body>{body}</body></html>")


def test_boilerplate_goes() -> None:
    text = page(
        "<nav><ul><li><a href='/'>Home</a></li><li><a href='/x'>About us</a></li></ul></nav>"
        f"<main><h1>Heading</h1><p>{PARAGRAPH}</p></main>"
        "<script>var x = 'script';</script><style>p {}</style><footer>Copyright 2020</footer>"
    )
    assert text == f"Heading\n\n{PARAGRAPH}"


def test_code_keeps_its_indentation() -> None:
    code = "def f(x):\n    if x:\n        return 1\n\n    return 2"
    assert page(f"<p>{PARAGRAPH}</p><pre><code>{code}</code></pre>") == f"{PARAGRAPH}\n\n{code}"


def test_signs_beside_code_stay() -> None:
    html = f"<p>{PARAGRAPH}</p><p>Formats were <code>gzip</code> → <code>xz</code> — <kbd>zstd</kbd></p>"
    assert page(html) == f"{PARAGRAPH}\n\nFormats were gzip → xz — zstd"


def test_highlighted_code() -> None:
    html = f"<p>{PARAGRAPH}</p><pre><span>for</span> i <span>in</span> x:\n    <b>print</b>(i &lt; 2)\n</pre>"
    assert page(html) == f"{PARAGRAPH}\n\nfor i in x:\n    print(i < 2)"


def test_tables_are_a_line_a_row() -> None:
    table = (
        "<table><tr><th>x</th><th>x squared</th></tr><tr><td>1</td><td>1</td></tr><tr><td>2</td><td>4</td></tr></table>"
    )
    assert page(f"<p>{PARAGRAPH}</p>{table}") == f"{PARAGRAPH}\n\nx | x squared\n1 | 1\n2 | 4"


def test_short_lists_are_content_and_menus_are_not() -> None:
    exercises = "<ul><li>Solve 2x = 3</li><li>Find y</li></ul>"
    menu = "<ul><li><a href='/a'>News</a></li><li><a href='/b'>Shop</a></li></ul>"
    text = page(f"<main><p>{PARAGRAPH}</p>{exercises}{menu}</main>")
    assert "- Solve 2x = 3\n- Find y" in text
    assert "Shop" not in text


def test_numbered_lists_keep_their_numbers() -> None:
    text = page(f"<main><p>{PARAGRAPH}</p><ol><li>Solve it.</li><li>Check it.</li></ol></main>")
    assert "1. Solve it." in text
    assert "2. Check it." in text


def test_hidden_answers_are_content() -> None:
    text = page(
        f"<main><p>{PARAGRAPH}</p><details><summary>Show the answer</summary>It is 42.</details>"
        '<div class="solution" style="display:none"><p>Because 6 times 7 is 42.</p></div>'
        '<div class="spoiler"><b>Hint:</b><div hidden><p>Think of dozens.</p></div></div>'
        '<div class="popup" style="display: none"><p>Subscribe to our newsletter today.</p></div></main>'
    )
    assert "Show the answer\nIt is 42." in text
    assert "Because 6 times 7 is 42." in text
    assert "Think of dozens." in text
    assert "newsletter" not in text


def test_lone_characters_between_tags_stay() -> None:
    text = page(f"<main><p>{PARAGRAPH}</p><p>设<i>x</i>和<i>y</i>。<b>若</b>x<i> </i>≤<i>3</i></p></main>")
    assert "设x和y。若x" in text
    assert "≤" in text


def test_reserved_characters_of_a_page_do_no_harm() -> None:
    text = page(f"<main><p>{PARAGRAPH} {INLINE}5{CLOSE} {CODE}0{CODE_END} \\(x\\)</p></main>")
    assert text == f"{PARAGRAPH} 5 0 $x$"


def test_menus_leave_no_trace_in_what_follows() -> None:
    links = "".join(
        f"<li><a href='/{number}'>Chapter {number}</a><ul><li><a>Part</a></li></ul></li>" for number in range(9)
    )
    text = page(f"<main><p>{PARAGRAPH}</p><ul>{links}</ul><p>{PARAGRAPH}</p></main>")
    assert text == f"{PARAGRAPH}\n\n{PARAGRAPH}"


def test_a_head_that_is_closed_too_late_costs_no_text() -> None:
    assert page_text(f"<html><head><title>T</title><p>{PARAGRAPH}</p></head><p>{PARAGRAPH}</p>").count(PARAGRAPH) == 2
    assert page_text(f"<html><head><title>T</title></head><body><p>{PARAGRAPH}</p>") == PARAGRAPH
    assert page_text(f"<body><pre>&lt;/head></pre><p>{PARAGRAPH}</p><p>of </head> tags</p>").count(PARAGRAPH) == 1


def test_no_body() -> None:
    assert page_text("") == ""
    assert page_text("<frameset></frameset>") == ""


def test_deep_nesting_and_endless_tables_end() -> None:
    assert isinstance(page_text("<div>" * 5000 + PARAGRAPH + "</div>" * 5000), str)
    assert isinstance(page_text("<table>" * 2000 + "<tr><td>" * 2000), str)


def test_prepare() -> None:
    assert prepare(f"<P CLASS='X'>a\x00{INLINE}</P><BR>") == "<p CLASS='X'>a</p><br>"
    assert prepare("&#92;(x&#92;) for &#36;5") == "\\(x\\) for $5"


@settings(deadline=None)
@given(st.text(alphabet='<>/ab="\\$()[]{}^_&;! \n0你' + RESERVED_CHARACTERS, max_size=200))
def test_any_markup_gives_text(html: str) -> None:
    text = page_text(f"<p>{PARAGRAPH}</p>{html}")
    assert not any(char in RESERVED_CHARACTERS for char in text)


REAL = {
    "/reference/generated/scipy.spatial.distance.correlation.html": [
        r"$$1 - \frac{(u - \bar{u}) \cdot (v - \bar{v})} {{\|(u - \bar{u})\|}_2 {\|(v - \bar{v})\|}_2}$$",
        r"$\bar{u}$",
        r"$x \cdot y$",
    ],
    "/reference/generated/scipy.special.ellipe.html": [
        r"$$E(m) = \int_0^{\pi/2} [1 - m \sin(t)^2]^{1/2} dt$$",
        r"$$E(m) \approx P(1-m) - (1-m) \log(1-m) Q(1-m),$$",
    ],
    "/generated/statsmodels.gam.generalized_additive_model.LogitGam.pdf.html": [
        r"$$\lambda\left(x^{\prime}\beta\right)=\frac{e^{-x^{\prime}\beta}}{\left(1+e^{-x^{\prime}\beta}\right)^{2}}$$"
    ],
}


def test_real_pages(shared_data: Path) -> None:
    """Formulas of pages of documentation, compared with the rendered pages by eye."""
    checked = set()
    for file in sorted((shared_data / "warc").glob("debian_docs_dev_*.warc.gz")):
        for item in responses(file, 8_000_000):
            path = "/" + item.url.split("/", 3)[3] if isinstance(item, Response) else ""
            if isinstance(item, Response) and path in REAL:
                text = page_text(item.body.decode())
                assert all(formula in text for formula in REAL[path])
                checked.add(path)
    assert checked == set(REAL)
