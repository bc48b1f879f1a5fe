r"""The coarse look at a page: signs of mathematics in its source, before the costly search for formulas."""

import re

# What one occurrence says, and how to find it. Markup that is only used for formulas weighs 1; what may also be a
# footnote, a price or a path weighs less. Each pattern begins with letters that a search can skip to.
SIGNS: tuple[tuple[float, re.Pattern[str]], ...] = (
    # <math, mml:math, math/tex, MathJax, class="math", data-math, mwe-math, mathtex.cgi
    (1.0, re.compile(r"ath(?:[jJ]ax|tex|ML|\.me/|(?<=ciimath)|(?<=math)[/_-]|(?<=[<:\"'=?\[-]math))")),
    # KaTeX, LaTeX, latex.php, [tex], class="tex", data-tex, ?tex=, mimetex.cgi
    (1.0, re.compile(r"tex(?<=[-\[\"'=?ai/]tex)[\]=?.\"'> ]")),
    (1.0, re.compile(r"TeX")),
    (1.0, re.compile(r"\\(?:[(\[]|begin\{|frac|sqrt|sum|int|alpha|left|cdot|le|ge)")),
    (1.0, re.compile(r"\$\$")),
    (1.0, re.compile(r"ormula")),
    (1.0, re.compile(r"quation")),
    (1.0, re.compile(r"data-(?:expr|asciimath)")),
    (1.0, re.compile(r"cht=tx")),
    (1.0, re.compile(r"mjx-")),
    (0.5, re.compile(r"<su[bp]")),
    (0.25, re.compile(r"\$")),
)


def score(html: str, enough: float) -> float:
    """The sum of the weights of all signs in a page's source, counted until it reaches `enough`."""
    total = 0.0
    for weight, sign in SIGNS:
        if weight >= enough - total:
            total += weight * (sign.search(html) is not None)
        else:
            total += weight * len(sign.findall(html))
        if total >= enough:
            break
    return total
