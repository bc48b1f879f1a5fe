"""Presentation MathML as LaTeX."""

import pytest
from resiliparse.parse.html import HTMLTree

from mathmill.pages.mathml import clean, to_latex

X, Y, TWO = "<mi>x</mi>", "<mi>y</mi>", "<mn>2</mn>"
CASES = {
    f"<mfrac>{X}{Y}</mfrac>": r"\frac{x}{y}",
    f'<mfrac linethickness="0">{X}{Y}</mfrac>': r"\binom{x}{y}",
    f"<mfrac><mfrac>{X}{Y}</mfrac>{TWO}</mfrac>": r"\frac{\frac{x}{y}}{2}",
    f"<msqrt>{X}<mo>+</mo>{Y}</msqrt>": r"\sqrt{x+y}",
    f"<mroot>{X}<mn>3</mn></mroot>": r"\sqrt[3]{x}",
    f"<msup>{X}{TWO}</msup>": "x^{2}",
    f"<msup><mrow>{X}{Y}</mrow>{TWO}</msup>": "{xy}^{2}",
    f"<msup><mrow><mo>(</mo>{X}<mo>)</mo></mrow>{TWO}</msup>": "(x)^{2}",
    f"<msup>{X}<mo>′</mo></msup>": "x'",
    f"<msub>{X}<mi>i</mi></msub>": "x_{i}",
    f"<msubsup>{X}<mi>i</mi>{TWO}</msubsup>": "x_{i}^{2}",
    f"<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo>{TWO}</mrow><mi>n</mi></munderover><mi>i</mi>": (
        r"\sum_{i=2}^{n}i"
    ),
    "<munder><mi>lim</mi><mrow><mi>n</mi><mo>→</mo><mi>∞</mi></mrow></munder><mi>a</mi>": r"\lim_{n\to\infty}a",
    f"<mover>{X}<mo>¯</mo></mover>": r"\bar{x}",
    f"<mover>{X}<mo>→</mo></mover>": r"\vec{x}",
    f"<munder>{X}<mo>⏟</mo></munder>": r"\underbrace{x}",
    "<mi>sin</mi><mi>α</mi>": r"\sin\alpha",
    "<mi>α</mi><mi>x</mi>": r"\alpha x",
    "<mi>rate</mi>": r"\mathrm{rate}",
    '<mi mathvariant="double-struck">R</mi>': r"\mathbb{R}",
    "<mi>x</mi><mo>≤</mo><mi>y</mi><mo>≠</mo><mn>0</mn>": r"x\leq y\neq 0",
    "<mn>2</mn><mo>⁢</mo><mi>x</mi>": "2x",
    "<mo>{</mo><mi>x</mi><mo>}</mo>": r"\{x\}",
    "<mtext>if </mtext><mi>x</mi>": r"\text{if }x",
    f"<mfenced>{X}{Y}</mfenced>": r"\left(x,y\right)",
    f'<mfenced open="[" close="" separators=";">{X}{Y}</mfenced>': r"\left[x;y\right.",
    f"<mtable><mtr><mtd>{X}</mtd><mtd>{Y}</mtd></mtr><mtr><mtd>{TWO}</mtd><mtd>{X}</mtd></mtr></mtable>": (
        r"\begin{matrix}x & y \\ 2 & x\end{matrix}"
    ),
    f"<mmultiscripts>{X}<mi>i</mi><none/><mprescripts/><mi>a</mi>{TWO}</mmultiscripts>": "{}_{a}^{2}x_{i}",
    f"<mphantom>{X}</mphantom>{Y}": "y",
    f'<menclose notation="box">{TWO}</menclose>': r"\boxed{2}",
    f"<mstyle><mrow>{X}<mspace width='1em'/>{Y}</mrow></mstyle>": "x y",
    f"<munknown>{X}</munknown>": "x",
    "": "",
}


def convert(inner: str) -> str:
    tree = HTMLTree.parse(f"<math>{inner}</math>")
    assert tree.body is not None
    return to_latex(tree.body.query_selector("math"))


@pytest.mark.parametrize("inner", CASES)
def test_elements(inner: str) -> None:
    assert convert(inner) == CASES[inner]


def test_nesting_has_an_end() -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        convert("<mrow>" * 300 + "<mi>x</mi>" + "</mrow>" * 300)


@pytest.mark.parametrize(
    ("tex", "cleaned"),
    [
        (r"{\displaystyle x}", "x"),
        (r"\displaystyle x", "x"),
        (r"\displaystyles", r"\displaystyles"),
        ("$x$", "x"),
        ("$$x$$", "x"),
        (r"\(x\)", "x"),
        ("$x$ and $y$", "$x$ and $y$"),
        (" a \n b ", "a b"),
        ("a % comment\n b", "a b"),
        (r"5\% of x", r"5\% of x"),
        ("", ""),
    ],
)
def test_clean(tex: str, cleaned: str) -> None:
    assert clean(tex) == cleaned
