"""Presentation MathML as LaTeX."""

import pytest

from mathmill.pages.mathml import convert, presentation
from mathmill.pages.tex import balanced, clean, is_prose, looks_like_tex

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
    "<mi>x</mi><mo>≤</mo><mi>y</mi><mo>≠</mo><mn>0</mn>": r"x\leq y\neq0",
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
    f"<mstyle><mrow>{X}<mspace width='1em'/>{Y}</mrow></mstyle>": r"x\quad y",
    f"<mstyle><mrow>{X}<mspace width='thinmathspace'/>{Y}</mrow></mstyle>": "xy",
    "<mn>65</mn><mo>×</mo><mn>6</mn>": r"65\times6",
    f"<mo>(</mo><mfrac linethickness='0'>{X}{Y}</mfrac><mo>)</mo>": r"\binom{x}{y}",
    f"<mroot><mfrac>{X}<msqrt>{Y}</msqrt></mfrac><mi>n</mi></mroot>": r"\sqrt[n]{\frac{x}{\sqrt{y}}}",
    f"<munder><munder><mrow>{X}<mo>+</mo>{Y}</mrow><mo>⏟</mo></munder><mi>n</mi></munder>": r"\underbrace{x+y}_{n}",
    "<mover><mo>→</mo><mtext>f</mtext></mover>": r"\xrightarrow{\text{f}}",
    f"<mover><mo>=</mo><mtext>def</mtext></mover>{X}": r"\overset{\text{def}}{=}x",
    f"<munder>{X}<mi>n</mi></munder>": r"\underset{n}{x}",
    "<mover><mi>x</mi><mo>^</mo></mover><mover><mi>y</mi><mo>˙</mo></mover>": r"\hat{x}\dot{y}",
    '<mover><mrow><mi>A</mi><mi>B</mi></mrow><mo stretchy="true">‾</mo></mover>': r"\overline{AB}",
    "<msubsup><mo>∫</mo><mn>0</mn><mi>∞</mi></msubsup><mi>𝑓</mi>": r"\int_{0}^{\infty}f",
    "<mi>ℝ</mi><mi>𝔸</mi><mi>𝐱</mi><mi>𝛼</mi>": r"\mathbb{R}\mathbb{A}\mathbf{x}\alpha",
    '<mi mathvariant="normal">d</mi><mi mathvariant="bold">v</mi>': r"\mathrm{d}\mathbf{v}",
    "<mo>lim</mo><mi>sup</mi><mo>mod</mo>": r"\lim\sup\operatorname{mod}",
    "<mo>&Sum;</mo><mi>&#945;</mi><mo>&lt;</mo>": r"\sum\alpha<",
    "<mtext>50% of_a</mtext>": r"\text{50\% of\_a}",
    f'<menclose notation="updiagonalstrike">{X}</menclose>': r"\cancel{x}",
    f"<mtable columnalign='right left'><mtr><mtd>{X}</mtd><mtd><mo>=</mo>{Y}</mtd></mtr></mtable>": (
        r"\begin{aligned}x & =y\end{aligned}"
    ),
    f"<mtable><mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd>{X}</mtd></mlabeledtr></mtable>": (
        r"\begin{matrix}x\end{matrix}"
    ),
    f"<maction>{X}{Y}</maction>": "x",
    f"<munknown>{X}</munknown>": "x",
    "": "",
}


@pytest.mark.parametrize("inner", CASES)
def test_elements(inner: str) -> None:
    assert presentation(f"<math>{inner}</math>") == CASES[inner]


@pytest.mark.parametrize("inner", CASES)
def test_prefixed_elements(inner: str) -> None:
    prefixed = inner.replace("</", "</mml:").replace("<m", "<mml:m").replace("<none", "<mml:none")
    assert convert(f"<mml:math>{prefixed}</mml:math>")[0] == CASES[inner]


def test_deep_nesting_is_flattened() -> None:
    assert presentation("<math>" + "<mrow>" * 5000 + "<mi>x</mi>" + "</mrow>" * 5000) == "x"
    assert presentation("<math>" + "<mfrac>" * 5000 + "<mi>x</mi>").startswith("\\frac{\\frac{")


@pytest.mark.parametrize(
    "source", ["<math", "<math>", "<math></mi></math>", "<math><mi>x", "<math><<mi>x</mi></math>", ""]
)
def test_broken_source_is_no_error(source: str) -> None:
    assert isinstance(convert(source)[0], str)


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
        (r"\(a\) or \(b\)", r"\(a\) or \(b\)"),
        (r"\begin{equation} x \end{equation}", "x"),
        (r"\documentclass{a}\begin{document}$$x$$\end{document}", "x"),
        (r"{\displaystyle {a}+{b}}", "{a}+{b}"),
        ("a % comment\n b", "a b"),
        (r"5\% of x", r"5\% of x"),
        ("", ""),
    ],
)
def test_clean(tex: str, cleaned: str) -> None:
    assert clean(tex) == cleaned


def test_what_looks_like_tex() -> None:
    assert all(looks_like_tex(text) for text in (r"\frac{a}{b}", "x_{1}", "$x$", "x^2", r"\alpha"))
    assert not any(looks_like_tex(text) for text in ("a cat", r"C:\Users\me", "snake_case", "5 > 3", ""))
    assert is_prose("x squared over two")
    assert not is_prose(r"x \text{ if and only if } y")
    assert balanced("{a}{b\\}}")
    assert not balanced("a}{")
