r"""Formulas as MathJax and KaTeX hold and draw them, and MathML: one LaTeX string each, once, counted by kind."""

import pytest

from .markup import Case, F, check

NOTE = (
    "<math{}><semantics><mrow><mi>x</mi></mrow>"
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math>'
)
MMLTABLE = (
    "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>x</mi></mtd></mtr><mtr>"
    "<mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable>"
)

CASES: dict[str, Case] = {
    # MathJax 2: scripts, previews, output
    "script": (r'<p>Let <script type="math/tex">x<y</script> be</p>', "Let $x<y$ be", {"script": 1}),
    "script display": (
        r'<p>A</p><script type="math/tex; mode=display">\frac{a}{b}</script><p>B</p>',
        "A\n\n$$\\frac{a}{b}$$\n\nB",
        {"script": 1},
    ),
    "script in capitals": (r'<P>L <SCRIPT TYPE="math/tex">x</SCRIPT></P>', "L $x$", {"script": 1}),
    "script cdata": ("<p>L <script type='math/tex'>% <![CDATA[\nx < y %]]></script></p>", "L $x < y$", {"script": 1}),
    "script asciimath": (
        '<p>L <script type="math/asciimath">x^2/3</script></p>',
        r"L $\frac{x^{2}}{3}$",
        {"asciimath": 1},
    ),
    "script mathml": (f'<p>L <script type="math/mml">{F}</script></p>', r"L $\frac{a}{b}$", {"script": 1}),
    "script with preview and output": (
        '<p>L <span class="MathJax_Preview">x^2</span><span class="MathJax"><nobr><span>x2</span></nobr></span>'
        '<script type="math/tex">x^2</script></p>',
        "L $x^2$",
        {"script": 1},
    ),
    "display output beside its script": (
        '<p>L</p><div class="MathJax_Display"><span class="MathJax"><span class="math">x2</span></span></div>'
        '<script type="math/tex; mode=display">x^2</script>',
        "L\n\n$$x^2$$",
        {"script": 1},
    ),
    "output without its script": (
        '<p>L <span class="MathJax" data-mathml="&lt;math&gt;&lt;msup&gt;&lt;mi&gt;x&lt;/mi&gt;&lt;mn&gt;2&lt;/mn&gt;'
        '&lt;/msup&gt;&lt;/math&gt;"><nobr>x2</nobr></span></p>',
        "L $x^{2}$",
        {"rendered": 1},
    ),
    "output with assistive MathML": (
        f'<p>L <span class="MathJax_CHTML"><span>ab</span><span class="MJX_Assistive_MathML">{F}</span></span></p>',
        r"L $\frac{a}{b}$",
        {"rendered": 1},
    ),
    # MathJax 3 and 4, KaTeX
    "mathjax3": (
        '<p>L <mjx-container class="MathJax"><mjx-math>junk</mjx-math><mjx-assistive-mml>'
        f"{F}</mjx-assistive-mml></mjx-container></p>",
        r"L $\frac{a}{b}$",
        {"rendered": 1},
    ),
    "mathjax3 display": (
        f'<p>L</p><mjx-container display="true"><mjx-assistive-mml>{F}</mjx-assistive-mml></mjx-container>',
        "L\n\n$$\\frac{a}{b}$$",
        {"rendered": 1},
    ),
    "mathjax4 latex attribute": (
        '<p>L <mjx-container data-latex="x^2 &lt; 3"><svg><path d="M1"></path></svg></mjx-container></p>',
        "L $x^2 < 3$",
        {"rendered": 1},
    ),
    "mathjax svg with a label only": (
        '<p>L <mjx-container><svg role="img" aria-label="x squared plus 1"><path'
        ' d="M1"></path></svg></mjx-container></p>',
        "L x squared plus 1",
        {},
    ),
    "svg with a TeX label": (
        r'<p>L $$y$$ <svg aria-label="\frac{a}{b}"><path d="M1"></path></svg></p>',
        "L\n$$y$$\n$\\frac{a}{b}$",
        {"delimiter": 1, "attribute": 1},
    ),
    "katex": (
        '<p>L <span class="katex"><span class="katex-mathml">'
        + NOTE.format("", "x^2")
        + '</span><span class="katex-html" aria-hidden="true"><span class="base">x2</span></span></span> M</p>',
        "L $x^2$ M",
        {"rendered": 1},
    ),
    "katex display": (
        '<p>L</p><span class="katex-display"><span class="katex"><span class="katex-mathml">'
        + NOTE.format("", "x^2")
        + '</span><span class="katex-html">x2</span></span></span>',
        "L\n\n$$x^2$$",
        {"rendered": 1},
    ),
    "katex with an entity": (
        f'<p>L <span class="katex"><span class="katex-mathml">{NOTE.format("", "a &lt; b &amp; c")}</span></span></p>',
        "L $a < b & c$",
        {"rendered": 1},
    ),
    # MathML
    "annotation": ("<p>L " + NOTE.format("", r"\sqrt{x}") + "</p>", r"L $\sqrt{x}$", {"annotation": 1}),
    "annotation block": ("<p>L</p>" + NOTE.format(' display="block"', "x"), "L\n\n$$x$$", {"annotation": 1}),
    "annotation of another encoding": (
        '<p>L <math><semantics><mi>z</mi><annotation encoding="StarMath 5.0">z'
        " over</annotation></semantics></math></p>",
        "L $z$",
        {"mathml": 1},
    ),
    "alttext": ('<p>L <math alttext="\\int f"><mi>f</mi></math></p>', r"L $\int f$", {"alttext": 1}),
    "alttext read aloud": (
        '<p>L <math alttext="x squared over two"><msup><mi>x</mi><mn>2</mn></msup></math></p>',
        "L $x^{2}$",
        {"mathml": 1},
    ),
    "latexml": (
        '<p>L <math class="ltx_Math" alttext="\\displaystyle x=%\ny" display="inline"><mi>x</mi></math></p>',
        "L $x= y$",
        {"alttext": 1},
    ),
    "presentation": (f"<p>L {F}</p>", r"L $\frac{a}{b}$", {"mathml": 1}),
    "presentation block": (
        f"<p>L</p>{F.replace('<math>', '<math display=block>')}",
        "L\n\n$$\\frac{a}{b}$$",
        {"mathml": 1},
    ),
    "prefix mml": (
        "<p>L <mml:math><mml:msqrt><mml:mi>x</mml:mi></mml:msqrt></mml:math></p>",
        r"L $\sqrt{x}$",
        {"mathml": 1},
    ),
    "prefix m": ("<p>L <m:math><m:mi>y</m:mi></m:math> M</p>", "L $y$ M", {"mathml": 1}),
    "matrix": (
        f"<p>L <math><mo>(</mo>{MMLTABLE}<mo>)</mo></math></p>",
        r"L $\begin{pmatrix}1 & x \\ 0 & 1\end{pmatrix}$",
        {"mathml": 1},
    ),
    "determinant": (
        f'<p>L <math><mfenced open="|" close="|">{MMLTABLE}</mfenced></math></p>',
        r"L $\begin{vmatrix}1 & x \\ 0 & 1\end{vmatrix}$",
        {"mathml": 1},
    ),
    "cases": (
        f"<p>L <math><mi>f</mi><mo>=</mo><mrow><mo>{{</mo>{MMLTABLE}</mrow></math></p>",
        r"L $f=\begin{cases}1 & x \\ 0 & 1\end{cases}$",
        {"mathml": 1},
    ),
    "entities": (
        "<p>L <math><mn>2</mn><mo>&InvisibleTimes;</mo><mi>&pi;</mi><mo>&le;</mo><mi>&#x221E;</mi></math></p>",
        r"L $2\pi\leq\infty$",
        {"mathml": 1},
    ),
    "unclosed MathML": (
        "<p>L <math><mfrac><mi>a<mi>b</mfrac></math> M</p>",
        "L $\\frac{\\mathrm{ab}}{}$ M",
        {"mathml": 1},
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    check(CASES[kind])
