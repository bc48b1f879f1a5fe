r"""The coarse look at a page: signs of mathematics in its source, before the costly search for formulas."""

import re

# What one occurrence says, and how to find it: a pattern, or plain text, which is searched for several times as fast.
# Markup that is only used for formulas weighs 1; what may also be a footnote, a price or a path weighs less. First what
# decides most pages. Each pattern begins with letters that a search can skip to.
SIGNS: tuple[tuple[float, re.Pattern[str] | str], ...] = (
    (0.25, "$"),
    (1.0, "$$"),
    # <math, mml:math, math/tex, MathJax, class="math", data-math, mwe-math, mathtex.cgi
    (1.0, re.compile(r"ath(?:[jJ]ax|tex|ML|\.me/|(?<=ciimath)|(?<=math)[/_-]|(?<=[<:\"'=?\[-]math))")),
    (1.0, "TeX"),
    (1.0, re.compile(r"\\(?:[(\[]|begin\{|frac|sqrt|sum|int|alpha|left|cdot|le|ge)")),
    # KaTeX, LaTeX, latex.php, [tex], class="tex", data-tex, ?tex=, mimetex.cgi
    (1.0, re.compile(r"tex(?<=[-\[\"'=?ai/]tex)[\]=?.\"'> ]")),
    (1.0, "quation"),
    (1.0, "ormula"),
    (1.0, re.compile(r"data-(?:expr|asciimath)")),
    (1.0, "cht=tx"),
    (1.0, "mjx-"),
    (0.5, re.compile(r"<su[bp]")),
)


def score(html: str, enough: float) -> float:
    """The sum of the weights of all signs in a page's source, counted until it reaches `enough`."""
    total = 0.0
    for weight, sign in SIGNS:
        if sign == "$$" and total < 0.5:
            continue  # there is no second dollar
        if weight >= enough - total:
            total += weight * (sign in html if isinstance(sign, str) else sign.search(html) is not None)
        else:
            total += weight * (html.count(sign) if isinstance(sign, str) else len(sign.findall(html)))
        if total >= enough:
            break
    return total
