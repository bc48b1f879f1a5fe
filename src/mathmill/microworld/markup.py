"""How sites write formulas: every markup family that an extractor meets (data notes: kinds of formula markup).

A family is a function (tex, display) -> HTML; `HEAD` holds the scripts that a page of the family loads.
"""

from collections.abc import Callable
from functools import lru_cache
from html import escape
from urllib.parse import quote

from mathmill.microworld.formula import EMPTY, Node, parse_tex
from mathmill.microworld.mathml import mathml, program_text, spoken_label, sup_sub_html, unicode_text

_NS = ' xmlns="http://www.w3.org/1998/Math/MathML"'
_TEX = "application/x-tex"


def _block(display: bool) -> str:
    return ' display="block"' if display else ""


def _annotated(tex: str, display: bool) -> str:
    note = f'<annotation encoding="{_TEX}">{escape(tex)}</annotation>'
    inner = mathml(parse_tex(tex))
    return f"<math{_NS}{_block(display)}><semantics><mrow>{inner}</mrow>{note}</semantics></math>"


def _presentation(tex: str, display: bool) -> str:
    return f"<math{_NS}{_block(display)}>{mathml(parse_tex(tex))}</math>"


def _prefixed(tex: str, display: bool) -> str:
    return f"<mml:math{_block(display)}>{mathml(parse_tex(tex), 'mml:')}</mml:math>"


def _wikipedia(tex: str, display: bool) -> str:
    styled = escape("{\\displaystyle " + tex + "}")
    hidden = (
        f'<span class="mwe-math-mathml-inline mwe-math-mathml-a11y" style="display: none;">'
        f'<math{_NS} alttext="{styled}">'
        f'<semantics><mrow class="MJX-TeXAtom-ORD"><mstyle displaystyle="true" scriptlevel="0">{mathml(parse_tex(tex))}'
        f'</mstyle></mrow><annotation encoding="{_TEX}">{styled}</annotation></semantics></math></span>'
    )
    image = (
        f'<img src="https://media.wiki.example/svg/{abs(_checksum(tex)):08x}" class="mwe-math-fallback-image-inline" '
        f'aria-hidden="true" style="vertical-align: -0.671ex; width:8.1ex; height:2.176ex;" alt="{styled}"/>'
    )
    return f'<span class="mwe-math-element">{hidden}{image}</span>'


def _checksum(tex: str) -> int:
    value = 0
    for character in tex:
        value = (value * 131 + ord(character)) % 0xFFFFFFFF
    return value


def _old_wiki(tex: str, display: bool) -> str:
    return f'<img class="tex" alt="{escape(tex)}" src="/images/math/{_checksum(tex):08x}.png" />'


def _wordpress(tex: str, display: bool) -> str:
    source = f"https://s0.wp.example/latex.php?latex={quote(tex)}&#038;bg=ffffff&#038;fg=333333&#038;s=0"
    return f'<img src="{source}" alt="{escape(tex)}" title="{escape(tex)}" class="latex" />'


def _codecogs(tex: str, display: bool) -> str:
    return f'<img src="https://latex.codecogs.example/gif.latex?{quote(tex)}" title="{escape(tex)}" />'


def _zhihu(tex: str, display: bool) -> str:
    return f'<img src="https://www.zhihu.example/equation?tex={quote(tex)}" alt="{escape(tex)}" eeimg="1"/>'


def _mathjax2(tex: str, display: bool) -> str:
    mode = "; mode=display" if display else ""
    preview = f'<span class="MathJax_Preview">{escape(program_text(parse_tex(tex)))}</span>'
    return f'{preview}<script type="math/tex{mode}">{tex}</script>'


def _mathjax2_rendered(tex: str, display: bool) -> str:
    tree = parse_tex(tex)
    mode = "; mode=display" if display else ""
    visual = f'<span class="math"><nobr><span class="mrow">{_spans(tree, "mn", "mi", "mo")}</span></nobr></span>'
    assistive = f'<span class="MJX_Assistive_MathML" role="presentation">{_presentation(tex, display)}</span>'
    outer = f'<span class="MathJax" tabindex="0" role="presentation">{visual}{assistive}</span>'
    preview = '<span class="MathJax_Preview" style="color: inherit;"></span>'
    return f'{preview}{outer}<script type="math/tex{mode}">{tex}</script>'


def _spans(node: Node, number: str, letter: str, sign: str) -> str:
    """The visual twin of a rendered formula: nested spans that repeat its characters."""
    if not node.children:
        name = {"number": number, "letter": letter, "operator": sign}.get(node.kind, letter)
        return f'<span class="{name}">{escape(node.text, quote=False)}</span>' if node.text else ""
    inner = "".join(_spans(child, number, letter, sign) for child in node.children if child is not EMPTY)
    return f'<span class="{node.kind}">{inner}</span>'


def _mathjax3(tex: str, display: bool) -> str:
    tree = parse_tex(tex)
    glyphs = "".join(f'<mjx-c class="mjx-c{ord(c):X}"></mjx-c>' for c in unicode_text(tree) if not c.isspace())
    assistive = (
        f'<mjx-assistive-mml unselectable="on" display="{"block" if display else "inline"}">'
        f"{_presentation(tex, display)}</mjx-assistive-mml>"
    )
    return (
        f'<mjx-container class="MathJax" jax="CHTML"{" display=true" if display else ""} tabindex="0">'
        f'<mjx-math class="MJX-TEX" aria-hidden="true">{glyphs}</mjx-math>{assistive}</mjx-container>'
    )


def _mathjax_svg(tex: str, display: bool) -> str:
    label = escape(spoken_label(parse_tex(tex)))
    return (
        f'<span class="mjx-svg" data-tex="{escape(tex)}">'
        f'<svg role="img" aria-label="{label}" viewBox="0 -750 2000 1000">'
        '<path d="M213 578L200 573Q186 568 160 563Z"></path></svg></span>'
    )


def _katex(tex: str, display: bool) -> str:
    tree = parse_tex(tex)
    glyphs = _spans(tree, "mord", "mord mathnormal", "mbin")
    visual = f'<span class="katex-html" aria-hidden="true"><span class="base">{glyphs}</span></span>'
    whole = f'<span class="katex"><span class="katex-mathml">{_annotated(tex, display)}</span>{visual}</span>'
    return f'<span class="katex-display">{whole}</span>' if display else whole


def _parens(tex: str, display: bool) -> str:
    text = escape(tex, quote=False)
    return f"\\[{text}\\]" if display else f"\\({text}\\)"


def _dollars(tex: str, display: bool) -> str:
    text = escape(tex, quote=False)
    return f"$${text}$$" if display else f"${text}$"


def _container(tex: str, display: bool) -> str:
    return f'<span class="math-container">{_dollars(tex, display)}</span>'


def _latexml(tex: str, display: bool) -> str:
    mode = "block" if display else "inline"
    return f'<math class="ltx_Math" alttext="{escape(tex)}" display="{mode}">{mathml(parse_tex(tex))}</math>'


def _spaced(text: str, tex: str) -> str:
    """The author's spacing: a formula whose TeX has no space is typed without spaces."""
    return text if " " in tex else text.replace(" ", "")


def _sup_sub(tex: str, display: bool) -> str:
    return _spaced(sup_sub_html(parse_tex(tex)), tex)


def _unicode(tex: str, display: bool) -> str:
    return escape(_spaced(unicode_text(parse_tex(tex)), tex), quote=False)


def _code(tex: str, display: bool) -> str:
    return f"<code>{escape(_spaced(program_text(parse_tex(tex)), tex), quote=False)}</code>"


def _forum_tag(tex: str, display: bool) -> str:
    name = "tex" if display else "itex"
    return f"[{name}]{escape(tex, quote=False)}[/{name}]"


def _data_attribute(tex: str, display: bool) -> str:
    return f'<span class="tex" data-expr="{escape(tex)}"></span>'


_MATHJAX2_CONFIG = (
    '<script type="text/x-mathjax-config">MathJax.Hub.Config('
    '{tex2jax: {inlineMath: [["$","$"],["\\\\(","\\\\)"]]}});</script>'
)
_MATHJAX2 = '<script src="https://cdn.mathjax.example/2.7.9/MathJax.js?config=TeX-AMS_HTML"></script>'
_MATHJAX3 = '<script id="MathJax-script" async src="https://cdn.mathjax.example/3/es5/tex-mml-chtml.js"></script>'
_KATEX = (
    '<link rel="stylesheet" href="https://cdn.katex.example/0.16.9/katex.min.css">'
    '<script defer src="/js/katex.min.js"></script>'
)

FAMILIES: dict[str, Callable[[str, bool], str]] = {
    "mathml_annotated": _annotated,
    "mathml": _presentation,
    "mathml_prefixed": _prefixed,
    "wikipedia": _wikipedia,
    "old_wiki_image": _old_wiki,
    "wordpress_image": _wordpress,
    "codecogs_image": _codecogs,
    "zhihu_image": _zhihu,
    "mathjax2_script": _mathjax2,
    "mathjax2_rendered": _mathjax2_rendered,
    "mathjax3": _mathjax3,
    "mathjax_svg": _mathjax_svg,
    "katex": _katex,
    "parens": _parens,
    "dollars": _dollars,
    "container": _container,
    "latexml": _latexml,
    "sup_sub": _sup_sub,
    "unicode": _unicode,
    "code": _code,
    "forum_tag": _forum_tag,
    "data_attribute": _data_attribute,
}

HEAD: dict[str, str] = {
    "mathjax2_script": _MATHJAX2,
    "mathjax2_rendered": _MATHJAX2,
    "mathjax3": _MATHJAX3,
    "mathjax_svg": _MATHJAX3,
    "katex": _KATEX,
    "parens": _MATHJAX3,
    "dollars": _MATHJAX2_CONFIG + _MATHJAX2,
    "container": _MATHJAX2_CONFIG + _MATHJAX2,
    "latexml": '<link rel="stylesheet" href="/css/LaTeXML.css" type="text/css">',
}


@lru_cache(maxsize=65536)
def write_formula(family: str, tex: str, display: bool = False) -> str:
    """A formula in a family's HTML; `display` for a formula on its own line."""
    return FAMILIES[family](tex, display)
