r"""Every kind of markup for formulas ends as one LaTeX string in one normal form, once, and is counted by its kind."""

import pytest

from mathmill.pages.html import read_page

INTRO = "This opening paragraph is long enough for a page of content."
F = "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"
NOTE = (
    "<math{}><semantics><mrow><mi>x</mi></mrow>"
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math>'
)
MMLTABLE = (
    "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>x</mi></mtd></mtr><mtr>"
    "<mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable>"
)

# Kind of markup: HTML -> text, and the counts by source that the page's metadata say.
CASES: dict[str, tuple[str, str, dict[str, int]]] = {
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
    # Wikipedia and images
    "wikipedia": (
        '<p>L <span class="mwe-math-element"><span style="display: none;"><math alttext="{\\displaystyle E=mc^{2}}">'
        '<mi>E</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\\displaystyle E=mc^{2}}" src="x">'
        "</span> M</p>",
        "L $E=mc^{2}$ M",
        {"alttext": 1},
    ),
    "wikipedia display": (
        '<p>L</p><div class="mwe-math-element"><div style="display: none;"><math display="block" alttext="x"><mi>x</mi>'
        '</math></div><img class="mwe-math-fallback-image-display" alt="x" src="x"></div>',
        "L\n\n$$x$$",
        {"alttext": 1},
    ),
    "a copy of wikipedia without its classes": (
        '<p>L <span style="display:none"><math alttext="{\\displaystyle a_{1}}"><mi>a</mi></math></span>'
        '<img alt="{\\displaystyle a_{1}}" src="1.svg"> M</p>',
        "L $a_{1}$ M",
        {"alttext": 1},
    ),
    "wikipedia mobile": (
        '<p>L <span class="mwe-math-element"><noscript><img class="mwe-math-fallback-image-inline"'
        ' alt="x_{0}"></noscript>'
        '<span class="lazy-image-placeholder" data-src="x.svg" data-alt="x_{0}"></span></span></p>',
        "L $x_{0}$",
        {"image_alt": 1},
    ),
    "old wikipedia": (
        '<p>L <img class="tex" alt="a^2+b^2" src="//upload/math/1.png"></p>',
        "L $a^2+b^2$",
        {"image_alt": 1},
    ),
    "wordpress": (
        '<p>L <img class="latex" alt="junk" src="https://s0.wp.com/latex.php?latex=%5Cfrac%7B1%7D%7B2%7D&bg=fff"></p>',
        r"L $\frac{1}{2}$",
        {"image_url": 1},
    ),
    "codecogs": ('<p>L <img src="https://latex.codecogs.com/gif.latex?x%5E2+y"></p>', "L $x^2+y$", {"image_url": 1}),
    "codecogs with a size": (
        r'<p>L <img src="https://latex.codecogs.com/svg.image?\dpi{150}&space;\large&space;x^{2}"></p>',
        "L $x^{2}$",
        {"image_url": 1},
    ),
    "mimetex": ('<p>L <img src="/cgi-bin/mimetex.cgi?\\alpha"></p>', r"L $\alpha$", {"image_url": 1}),
    "zhihu": (
        '<p>L <img src="https://www.zhihu.com/equation?tex=x%5E2" alt="x^2" eeimg="1"></p>',
        "L $x^2$",
        {"image_url": 1},
    ),
    "jianshu": ('<p>L <img src="https://math.jianshu.com/math?formula=x%5E2%2B1"></p>', "L $x^2+1$", {"image_url": 1}),
    "google chart": (
        '<p>L <img src="https://chart.googleapis.com/chart?cht=tx&amp;chl=x%5E2"></p>',
        "L $x^2$",
        {"image_url": 1},
    ),
    "upmath": ('<p>L <img src="https://i.upmath.me/svg/x%5E%7B2%7D"></p>', "L $x^{2}$", {"image_url": 1}),
    "sphinx image": (
        r'<p>L <img class="math" src="_images/math/a.png" alt="\sin x"></p>',
        r"L $\sin x$",
        {"image_alt": 1},
    ),
    "aops": (r'<p>L <img class="latexcenter" alt="\[x^2\]" src="a.png"></p>', "L\n$$x^2$$", {"image_alt": 1}),
    "quicklatex": (
        '<p>L <img class="ql-img-inline-formula quicklatex-auto-format" alt="&#120;&#94;&#50;" src="a.png"></p>',
        "L $x^2$",
        {"image_alt": 1},
    ),
    "wiris": (
        '<p>L <img class="Wirisformula" alt="x squared"'
        ' data-mathml="«math»«msup»«mi»x«/mi»«mn»2«/mn»«/msup»«/math»"></p>',
        "L $x^{2}$",
        {"image_alt": 1},
    ),
    "lazy image and its noscript": (
        '<p>L <img class="lazy" src="data:image/gif;base64,R0"'
        ' data-src="https://s0.wp.com/latex.php?latex=x%5E2" alt="x^2">'
        '<noscript><img src="https://s0.wp.com/latex.php?latex=x%5E2" alt="x^2"></noscript> M</p>',
        "L $x^2$ M",
        {"image_url": 1},
    ),
    "image in noscript only": (
        '<p>L <noscript><img class="tex" alt="\\frac{1}{2}" src="a.png"></noscript> M</p>',
        r"L $\frac{1}{2}$ M",
        {"image_alt": 1},
    ),
    "image of a cat": ('<p>L <img class="mathblog" src="/math/cat.png" alt="a cat on a mat"> M</p>', "L M", {}),
    "path in an alternative text": (r'<p>L <img src="a.png" alt="C:\Users\me"> M</p>', "L M", {}),
    # Attributes, elements, classes
    "data-expr": ('<p>L <span class="tex" data-expr="x^2"></span></p>', "L $x^2$", {"attribute": 1}),
    "data-tex of zhihu": (
        '<p>L <span class="ztext-math" data-eeimg="1" data-tex="a&lt;b"><span>junk</span></span> M</p>',
        "L $a<b$ M",
        {"attribute": 1},
    ),
    "data-latex block": ('<p>L</p><div data-latex="\\sum x"></div>', "L\n\n$$\\sum x$$", {"attribute": 1}),
    "data-value of quill": (
        '<p>L <span class="ql-formula" data-value="e^{x}">junk</span></p>',
        "L $e^{x}$",
        {"attribute": 1},
    ),
    "data-value of a form": (
        '<p>L $$x$$ <span class="rating" data-value="5">five</span></p>',
        "L\n$$x$$\nfive",
        {"delimiter": 1},
    ),
    "jsmath span": (r'<p>L <span class="math">\alpha + 1</span></p>', r"L $\alpha + 1$", {"element": 1}),
    "jsmath div": (r'<p>L</p><div class="math">\sum_{i} x</div>', "L\n\n$$\\sum_{i} x$$", {"element": 1}),
    "tex-math": (
        r"<p>L <tex-math>\documentclass{minimal} \begin{document}$$x_{1}$$\end{document}</tex-math></p>",
        "L $x_{1}$",
        {"element": 1},
    ),
    "distill": ("<p>L <d-math>x^2</d-math></p>", "L $x^2$", {"element": 1}),
    "amp": (
        '<p>L <amp-mathml layout="container" inline data-formula="\\[x^2\\]"></amp-mathml></p>',
        "L $x^2$",
        {"element": 1},
    ),
    "github": ('<p>L <math-renderer class="js-inline-access">$x^2$</math-renderer></p>', "L $x^2$", {"element": 1}),
    "gitlab": ('<p>L <code data-math-style="inline">x^2</code> M</p>', "L $x^2$ M", {"code": 1}),
    "fenced math": ('<p>L</p><pre><code class="language-math">x^2\n+ 1</code></pre>', "L\n\n$$x^2 + 1$$", {"code": 1}),
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


def read(body: str) -> tuple[str, dict[str, int]]:
    html = f"<html><head><title>T</title></head><body><main><p>{INTRO}</p>{body}</main></body></html>"
    page = read_page(html)
    assert page.text.startswith(INTRO)
    return page.text.removeprefix(INTRO).strip(), dict(page.formulas)


def test_there_are_enough() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    body, text, counts = CASES[kind]
    assert read(body) == (text, counts)
