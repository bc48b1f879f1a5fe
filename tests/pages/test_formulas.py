"""Every kind of formula markup ends as one LaTeX string in the normal form, once."""

import pytest

from mathmill.pages.formulas import image_formula
from mathmill.pages.html import page_text

INTRO = "This opening paragraph is long enough for a page of content."


def text_of(body: str) -> str:
    html = f"<html><head><title>T</title></head><body><main><p>{INTRO}</p>{body}</main></body></html>"
    return page_text(html).removeprefix(INTRO).strip()


MATHML = "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"
ANNOTATED = (
    "<math{}><semantics><mrow><mi>x</mi></mrow>"
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math>'
)
CASES = {
    "mathjax2 script": (r'<p>Let <script type="math/tex">x<y</script> be</p>', "Let $x<y$ be"),
    "mathjax2 display script": (
        r'<p>A</p><script type="math/tex; mode=display">\frac{a}{b}</script><p>B</p>',
        "A\n\n$$\\frac{a}{b}$$\n\nB",
    ),
    "mathjax2 cdata": ("<p>L <script type='math/tex'>% <![CDATA[\nx < y %]]></script></p>", "L $x < y$"),
    "mathjax2 preview and output": (
        '<p>L <span class="MathJax_Preview">x^2</span><span class="MathJax"><nobr>x2</nobr></span>'
        '<script type="math/tex">x^2</script></p>',
        "L $x^2$",
    ),
    "mathjax2 rendered without source": (
        '<p>L <span class="MathJax" data-mathml="&lt;math&gt;&lt;msup&gt;&lt;mi&gt;x&lt;/mi&gt;&lt;mn&gt;2&lt;/mn&gt;'
        '&lt;/msup&gt;&lt;/math&gt;"><nobr>x2</nobr></span></p>',
        "L $x^{2}$",
    ),
    "mathjax3": (
        '<p>L <mjx-container class="MathJax"><mjx-math>junk</mjx-math><mjx-assistive-mml>'
        f"{MATHML}</mjx-assistive-mml></mjx-container></p>",
        r"L $\frac{a}{b}$",
    ),
    "mathjax3 display": (
        f'<p>L</p><mjx-container display="true"><mjx-assistive-mml>{MATHML}</mjx-assistive-mml></mjx-container>',
        "L\n\n$$\\frac{a}{b}$$",
    ),
    "script mathml": (f'<p>L <script type="math/mml">{MATHML}</script></p>', r"L $\frac{a}{b}$"),
    "katex": (
        '<p>L <span class="katex"><span class="katex-mathml">'
        + ANNOTATED.format("", "x^2")
        + '</span><span class="katex-html" aria-hidden="true">x2</span></span> M</p>',
        "L $x^2$ M",
    ),
    "katex display": (
        '<p>L</p><span class="katex-display"><span class="katex"><span class="katex-mathml">'
        + ANNOTATED.format("", "x^2")
        + '</span><span class="katex-html">x2</span></span></span>',
        "L\n\n$$x^2$$",
    ),
    "wikipedia": (
        '<p>L <span class="mwe-math-element"><span style="display: none;"><math alttext="{\\displaystyle E=mc^{2}}">'
        '<mi>E</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\\displaystyle E=mc^{2}}" src="x">'
        "</span> M</p>",
        "L $E=mc^{2}$ M",
    ),
    "mathml annotated": ("<p>L " + ANNOTATED.format("", r"\sqrt{x}") + "</p>", r"L $\sqrt{x}$"),
    "mathml annotated block": ("<p>L</p>" + ANNOTATED.format(' display="block"', "x"), "L\n\n$$x$$"),
    "mathml alttext": ('<p>L <math alttext="\\int f"><mi>f</mi></math></p>', r"L $\int f$"),
    "mathml presentation": (f"<p>L {MATHML}</p>", r"L $\frac{a}{b}$"),
    "mathml prefixed": (
        "<p>L <mml:math><mml:msqrt><mml:mi>x</mml:mi></mml:msqrt></mml:math> and <m:math><m:mi>y</m:mi></m:math>"
        "<mml:math><mml:mi>z</mml:mi></mml:math></p>",
        r"L $\sqrt{x}$ and $y$$z$",
    ),
    "img wordpress": (
        '<p>L <img class="latex" alt="junk" src="https://s0.wp.com/latex.php?latex=%5Cfrac%7B1%7D%7B2%7D&bg=fff"></p>',
        r"L $\frac{1}{2}$",
    ),
    "img codecogs": ('<p>L <img src="https://latex.codecogs.com/gif.latex?x%5E2+y"></p>', "L $x^2+y$"),
    "img mimetex": ('<p>L <img src="/cgi-bin/mimetex.cgi?\\alpha"></p>', r"L $\alpha$"),
    "img zhihu": ('<p>L <img src="https://www.zhihu.com/equation?tex=x%5E2" alt="x^2"></p>', "L $x^2$"),
    "img google chart": ('<p>L <img src="https://chart.googleapis.com/chart?cht=tx&chl=x%5E2"></p>', "L $x^2$"),
    "img old wikipedia": ('<p>L <img class="tex" alt="a^2+b^2" src="//upload/math/1.png"></p>', "L $a^2+b^2$"),
    "img of a cat": ('<p>L <img src="cat.png" alt="a cat"></p>', "L"),
    "data attribute": ('<p>L <span class="tex" data-expr="x^2"></span></p>', "L $x^2$"),
    "parentheses": (r"<p>L \(x+1\) M</p>", "L $x+1$ M"),
    "brackets": (r"<p>L \[ x+1 \] M</p>", "L\n$$x+1$$\nM"),
    "dollars": (r"<p>L $x+1$ M $$y$$ N</p>", "L $x+1$ M\n$$y$$\nN"),
    "forum tag": ("<p>L [tex]x^2[/tex] and [latex]y[/latex]</p>", "L $x^2$ and $y$"),
    "environment": (
        "<p>L</p>\\begin{align} a &amp;= b \\\\ c &amp;= d \\end{align}",
        "L\n\n$$\\begin{align}a &= b \\\\ c &= d\\end{align}$$",
    ),
    "equation": (r"<p>L \begin{equation} x=1 \end{equation}</p>", "L\n$$x=1$$"),
    "less-than in TeX": (r"<p>L \(0<x<y\) M $a<b_1$ N $$c<d$$</p>", "L $0<x<y$ M $a<b_1$ N\n$$c<d$$"),
    "tags inside TeX": (r"<p>\[ a <br> + b \]</p>", "$$a + b$$"),
    "sup and sub": ("<p>x<sup>2</sup> + a<sub>n</sub> + 10<sup>-3</sup></p>", "x^{2} + a_{n} + 10^{-3}"),
    "nested sup": ("<p>e<sup>x<sup>2</sup></sup></p>", "e^{x^{2}}"),
    "chemistry": ("<p>H<sub>2</sub>O and CO<sub>2</sub></p>", "H2O and CO2"),
    "ordinals": ("<p>the 1<sup>st</sup> of May</p>", "the 1st of May"),
    "footnotes": ('<p>Euler<sup><a href="#n1">[1]</a></sup> said</p>', "Euler said"),
    "prices": ("<p>It costs $5 and then $6 more.</p>", "It costs $5 and then $6 more."),
    "in a table": (
        r"<table><tr><th>n</th><th>value</th></tr><tr><td>1</td><td>\(x^2\)</td></tr></table>",
        "n | value\n1 | $x^2$",
    ),
    "code": (
        "<p>L</p><pre>re.match(r'\\(a\\)')\n    print('$x$')</pre>",
        "L\n\nre.match(r'\\(a\\)')\n    print('$x$')",
    ),
    "inline code": (r"<p>use <code>\(x\)</code> here</p>", r"use \(x\) here"),
    "after a Chinese full stop": (
        "<p>公差是<math><mn>4</mn></math>。<math><mn>5</mn></math>步</p>",
        "公差是$4$。$5$步",
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    body, expected = CASES[kind]
    assert text_of(body) == expected


@pytest.mark.parametrize(
    ("src", "alt", "css", "expected"),
    [
        ("x.png", r"\alpha + 1", "", r"\alpha + 1"),
        ("x.png", "$x$", "", "x"),
        ("x.png", "x_{1}", "", "x_{1}"),
        ("/math/render/svg/ab", "n", "", "n"),
        ("x.png", "n", "", None),
        ("https://latex.codecogs.com/svg.image?\\dpi{150}&space;x", "", "", "x"),
        ("https://shop.example/product?tex=cotton", "a shirt", "", None),
        ("http://[bad", "a", "", None),
    ],
)
def test_images(src: str, alt: str, css: str, expected: str | None) -> None:
    assert image_formula(src, alt, css) == expected
