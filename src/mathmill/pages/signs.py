r"""The coarse look at a page: signs of mathematics in its source, before the costly search for formulas."""

from mathmill.pages.scan import Scan

# What one occurrence says. Markup that is only used for formulas weighs 1; what may also be a footnote, a price or a
# path weighs less.
SIGNS: tuple[tuple[float, str], ...] = (
    (0.25, r"\$"),
    (1.0, r"\$\$"),
    # <math, mml:math, math/tex, MathJax, class="math", data-math, mwe-math, mathtex.cgi
    (1.0, r"ath(?:[jJ]ax|tex|ML|\.me/)|ciimath|math[/_-]|[<:\"'=?\[-]math"),
    (1.0, r"TeX"),
    (1.0, r"\\(?:[(\[]|begin\{|frac|sqrt|sum|int|alpha|left|cdot|le|ge)"),
    # KaTeX, LaTeX, latex.php, [tex], class="tex", data-tex, ?tex=, mimetex.cgi
    (1.0, r"[-\[\"'=?aei/]tex[\]=?.\"'> ]"),
    (1.0, r"quation"),
    (1.0, r"ormula"),
    (1.0, r"data-(?:expr|asciimath)"),
    (1.0, r"cht=tx"),
    (1.0, r"mjx-"),
    (0.5, r"<su[bp]"),
)
_SCAN = Scan([sign for _, sign in SIGNS])


def score(html: str, enough: float) -> float:
    """The sum of the weights of all signs in a page's source, counted until it reaches `enough`."""
    total = 0.0

    def seen(sign: int) -> bool:
        nonlocal total
        total += SIGNS[sign][0]
        return total >= enough

    _SCAN.run(html, seen)
    return total
