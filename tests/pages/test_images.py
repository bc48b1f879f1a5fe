"""Images that show a formula, told from all others."""

import pytest

from mathmill.pages.images import image_formula


@pytest.mark.parametrize(
    ("src", "alt", "css", "expected"),
    [
        ("x.png", r"\alpha + 1", "", r"\alpha + 1"),
        ("x.png", "$x$", "", "x"),
        ("x.png", "x_{1}", "", "x_{1}"),
        ("/math/render/svg/ab", "n", "", "n"),
        ("x.png", "n", "", None),
        ("https://latex.codecogs.com/svg.image?\\dpi{150}&space;x", "", "", "x"),
        ("https://latex.codecogs.com/eqneditor/editor.php?lang=en", "the editor", "", None),
        ("https://shop.example/product?tex=cotton", "a shirt", "", None),
        ("https://www.example.org/mathtex.cgi?%5Cfrac%7B1%7D%7B2%7D", "", "", r"\frac{1}{2}"),
        ("https://render.githubusercontent.com/render/math?math=e%5E%7Bi%20%5Cpi%7D", "", "", r"e^{i \pi}"),
        ("x.png", "{unbalanced", "tex", None),
        ("http://[bad", "a", "", None),
        ("logo.png", "The equation of the month", "equation", None),
    ],
)
def test_images(src: str, alt: str, css: str, expected: str | None) -> None:
    found = image_formula({"src": src, "alt": alt, "class": css})
    assert (None if found is None else found[0]) == expected
