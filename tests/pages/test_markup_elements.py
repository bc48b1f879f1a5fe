r"""Formulas in images, attributes, elements and classes: one LaTeX string each, once, counted by kind."""

import pytest

from .markup import Case, check

CASES: dict[str, Case] = {
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
    "described picture": (
        '<p>L <img src="a.png" alt="The plot has x &lt; 3: a &quot;red&quot; line rises, the blue one falls."> M</p>',
        'L The plot has x < 3: a "red" line rises, the blue one falls. M',
        {},
    ),
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
}


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    check(CASES[kind])
