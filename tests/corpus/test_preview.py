"""What a person is shown of a page."""

from mathmill.corpus.preview import formulas, preview


def test_title_and_formulas() -> None:
    text = "\n  # Quadratic equations #\nHere $x^2 = 4$, again $x^2 = 4$ and\n$$\n\\frac{a}{b}\n$$\nso $5 and nothing."
    assert preview(text, 50) == {"title": "Quadratic equations", "formulas": ["x^2 = 4", r"\frac{a}{b}"]}


def test_long_ones_are_cut_and_few_are_shown() -> None:
    assert formulas("$a$ $b$ $c$ $d$", 10) == ["a", "b", "c"]
    assert formulas("$" + "x" * 30 + "$", 10) == ["xxxxxxx..."]
    assert preview("", 10) == {"title": "", "formulas": []}
