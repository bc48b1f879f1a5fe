r"""Formulas between delimiters, scripts of text, what is no formula, and places: each once, counted by kind."""

import pytest

from .markup import Case, check

CASES: dict[str, Case] = {
    # Delimiters
    "parentheses": (r"<p>L \(x+1\) M</p>", "L $x+1$ M", {"delimiter": 1}),
    "brackets": (r"<p>L \[ x+1 \] M</p>", "L\n$$x+1$$\nM", {"delimiter": 1}),
    "brackets over paragraphs": (
        r"<p>L</p><p>\[</p><p>x+1</p><p>\]</p><p>M</p>",
        "L\n\n$$x+1$$\n\nM",
        {"delimiter": 1},
    ),
    "dollars": (r"<p>L $x+1$ M $$y$$ N</p>", "L $x+1$ M\n$$y$$\nN", {"delimiter": 2}),
    "dollars over lines": ("<p>L $$\nx\n+ y\n$$</p>", "L\n$$x + y$$", {"delimiter": 1}),
    "stackexchange": ('<p>L <span class="math-container">$a&lt;b$</span> M</p>', "L $a<b$ M", {"delimiter": 1}),
    "sphinx": (r'<p>L <span class="math notranslate nohighlight">\(a\)</span></p>', "L $a$", {"delimiter": 1}),
    "environment": (
        "<p>L</p>\\begin{align} a &amp;= b \\\\ c &amp;= d \\end{align}",
        "L\n\n$$\\begin{align}a &= b \\\\ c &= d\\end{align}$$",
        {"environment": 1},
    ),
    "equation": (r"<p>L \begin{equation} x=1 \end{equation}</p>", "L\n$$x=1$$", {"environment": 1}),
    "row option": (
        r"<p>\[\begin{matrix} a \\[2pt] b \end{matrix}\]</p>",
        r"$$\begin{matrix} a \\[2pt] b \end{matrix}$$",
        {"delimiter": 1},
    ),
    "configured by MathJax 2": (
        '<script type="text/x-mathjax-config">MathJax.Hub.Config({tex2jax: {inlineMath: [["@","@"],'
        ' ["\\\\(","\\\\)"]]}});'
        "</script><p>L @x+1@ M</p>",
        "L $x+1$ M",
        {"delimiter": 1},
    ),
    "configured by MathJax 3": (
        "<script>MathJax = {tex: {inlineMath: [['$', '$']], displayMath: [['[[', ']]']]}};</script><p>L"
        " $2$ M [[x]]</p>",
        "L $2$ M\n$$x$$",
        {"delimiter": 2},
    ),
    "configured by KaTeX": (
        '<script>renderMathInElement(document.body, {delimiters: [{left: "%%", right: "%%", display: true}]});</script>'
        "<p>L %%x+1%% M \\(y\\)</p>",
        "L\n$$x+1$$\nM $y$",
        {"delimiter": 2},
    ),
    "less-than": (
        r"<p>L \(0<x<y\) M $a<b_1$ N $$c<d$$</p>",
        "L $0<x<y$ M $a<b_1$ N\n$$c<d$$",
        {"delimiter": 3},
    ),
    "less-than before a tag's name": (
        r"<p>L \(a<b\) and \(x<p\) and \(i<img\)</p>",
        "L $a<b$ and $x<p$ and $i<img$",
        {"delimiter": 3},
    ),
    "tags inside": (r"<p>\[ a <br> + <em>b</em> \]</p>", "$$a + b$$", {"delimiter": 1}),
    "markdown's emphasis": ("<p>L $$a<em>1 + b</em>2$$</p>", "L\n$$a_1 + b_2$$", {"delimiter": 1}),
    "entities for delimiters": (
        "<p>L &#92;(x&#92;) and &#36;&#36;y&#36;&#36;</p>",
        "L $x$ and\n$$y$$",
        {"delimiter": 2},
    ),
    "wordpress source": (r"<p>L $latex \alpha$ M</p>", r"L $\alpha$ M", {"delimiter": 1}),
    "forum tags": ("<p>L [tex]x^2[/tex] and [latex]y[/latex]</p>", "L $x^2$ and $y$", {"forum_tag": 2}),
    "reddit": (r"<p>L [; \alpha_1 ;] M</p>", r"L $\alpha_1$ M", {"forum_tag": 1}),
    "asciimath": (
        '<script src="/ASCIIMathML.js"></script><p>L `sum_(i=1)^n i^2` M</p>',
        r"L $\sum_{i=1}^{n}i^{2}$ M",
        {"asciimath": 1},
    ),
    # What is no formula
    "prices": ("<p>It costs $5 and then $6 more.</p>", "It costs $5 and then $6 more.", {}),
    "prices on a page with formulas": (
        r"<p>\(x\) costs $5 and then $6 more.</p>",
        "$x$ costs $5 and then $6 more.",
        {"delimiter": 1},
    ),
    "shell variables": ("<p>Set <code>$HOME</code> and <code>$PATH</code></p>", "Set $HOME and $PATH", {}),
    "code": (
        "<p>L</p><pre>re.match(r'\\(a\\)')\n    print('$x$')</pre>",
        "L\n\nre.match(r'\\(a\\)')\n    print('$x$')",
        {},
    ),
    "inline code": (r"<p>use <code>\(x\)</code> here</p>", r"use \(x\) here", {}),
    "a dollar without its end": ("<p>L $x and</p><p>M</p>", "L $x and\n\nM", {}),
    "an empty formula": (r"<p>L \(\) M</p>", r"L \(\) M", {}),
    # Scripts of text
    "sup and sub": (
        "<p>x<sup>2</sup> + a<sub>n</sub> + 10<sup>-3</sup></p>",
        "x^{2} + a_{n} + 10^{-3}",
        {"sup_sub": 3},
    ),
    "nested sup": ("<p>e<sup>x<sup>2</sup></sup></p>", "e^{x^{2}}", {"sup_sub": 2}),
    "sup after italics": ("<p><i>x</i><sup>2</sup>&lt;<i>y</i></p>", "x^{2}<y", {"sup_sub": 1}),
    "chemistry": ("<p>H<sub>2</sub>O and CO<sub>2</sub></p>", "H2O and CO2", {}),
    "ordinals": ("<p>the 1<sup>st</sup> of May</p>", "the 1st of May", {}),
    "footnotes": ('<p>Euler<sup><a href="#n1">[1]</a></sup> said</p>', "Euler said", {}),
    # Places
    "in a table": (
        r"<table><tr><th>n</th><th>value</th></tr><tr><td>1</td><td>\(x^2\)</td></tr><tr><td><p>2</p"
        r"></td><td>\[y\]</td>"
        "</tr></table>",
        "n | value\n1 | $x^2$\n2 | $$y$$",
        {"delimiter": 2},
    ),
    "in a list": (
        r"<ul><li>Solve \(x=1\)</li><li><p>Find \(y\)</p></li></ul>",
        "- Solve $x=1$\n- Find $y$",
        {"delimiter": 2},
    ),
    "in a hidden element": (
        r'<p>L</p><div style="display:none"><p>So \(x=2\).</p></div>',
        "L\n\nSo $x=2$.",
        {"delimiter": 1},
    ),
    "after a Chinese full stop": (
        "<p>公差是<math><mn>4</mn></math>。<math><mn>5</mn></math>步</p>",
        "公差是$4$。$5$步",
        {"mathml": 2},
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    check(CASES[kind])
