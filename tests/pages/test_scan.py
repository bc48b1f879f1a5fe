"""The search for many patterns at once, and the signs of mathematics that it is made for."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mathmill.pages.scan import Scan
from mathmill.pages.signs import score


def test_matches_are_told_until_enough() -> None:
    scan, seen = Scan(["a+b", r"\$", "é"]), []

    def found(number: int) -> bool:
        seen.append(number)
        return len(seen) == 3

    scan.run("$ ab é $ $", found)
    assert seen == [1, 0, 2]
    assert scan.any("été")
    assert not scan.any("")
    assert not scan.any("a \ud800 b")


def test_threads_do_not_share_a_search() -> None:
    scan, text = Scan(["needle"]), "hay " * 200_000 + "needle"
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(scan.any, [text] * 40))


@pytest.mark.parametrize(
    "source",
    [
        "<math>",
        "<mml:math>",
        "<script type='math/tex'>",
        "MathJax.js",
        '<div class="math">',
        "data-math='x'",
        "mwe-math-element",
        "/cgi-bin/mathtex.cgi?x",
        "/mimetex.cgi?x",
        "KaTeX",
        '<span class="tex">',
        "[tex]x[/tex]",
        "img?tex=x",
        "latex.php",
        "\\(x\\)",
        "\\begin{align}",
        "\\frac12",
        "$$x$$",
        "$x$",
        "Equation",
        "formula",
        "data-expr='x'",
        "asciimath",
        "cht=tx&chl=x",
        "<mjx-container>",
        "x<sup>2</sup>",
    ],
)
def test_signs_of_mathematics(source: str) -> None:
    assert score(f"<p>{source}</p>", 0.5) >= 0.5


@pytest.mark.parametrize("source", ["it costs $5", "a path to text", "aftermath", "context", "textarea", "<summary>"])
def test_signs_of_nothing(source: str) -> None:
    assert score(f"<p>{source}</p>", 0.5) < 0.5


def test_it_counts_until_enough() -> None:
    assert score("$ $ $ $ $", 0.5) == 0.5
    assert score("$ $ $", 10) == 0.75
