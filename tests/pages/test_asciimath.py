"""AsciiMath as LaTeX."""

import pytest

from mathmill.pages.asciimath import asciimath_to_latex

CASES = {
    "x^2": "x^{2}",
    "a/b": r"\frac{a}{b}",
    "(a+b)/(c d)": r"\frac{a+b}{cd}",
    "sqrt(x+1)": r"\sqrt{x+1}",
    "root(3)(x)": r"\sqrt[3]{x}",
    "sum_(i=1)^n i^3=((n(n+1))/2)^2": r"\sum_{i=1}^{n}i^{3}=(\frac{n(n+1)}{2})^{2}",
    "int_0^1 f(x)dx": r"\int_{0}^{1}f(x)dx",
    "[[a,b],[c,d]]": r"\begin{bmatrix}a & b \\ c & d\end{bmatrix}",
    "alpha x <= oo": r"\alpha x\leq\infty",
    "x in RR": r"x\in\mathbb{R}",
    'f(x) "if" x > 0': r"f(x)\text{if}x>0",
    "hat(x) + vec v": r"\hat{x}+\vec{v}",
    "abs(x)": "|x|",
    "x = (-b +- sqrt(b^2-4ac))/(2a)": r"x=\frac{-b\pm\sqrt{b^{2}-4ac}}{2a}",
    "2)": "2)",
    "": "",
}


@pytest.mark.parametrize("source", CASES)
def test_cases(source: str) -> None:
    assert asciimath_to_latex(source) == CASES[source]


def test_nesting_has_an_end() -> None:
    assert isinstance(asciimath_to_latex("(" * 5000), str)
    assert isinstance(asciimath_to_latex("sqrt" * 5000), str)
