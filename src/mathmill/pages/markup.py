"""Kinds of markup that are no formulas themselves: comments, scripts, code, lists, scripts of text; see `walk`."""

import re

from mathmill.pages.asciimath import asciimath_to_latex
from mathmill.pages.delimiters import configured
from mathmill.pages.elements import attributes, start_tag, text_of
from mathmill.pages.mathml import convert, is_block
from mathmill.pages.raised import raised
from mathmill.pages.structure import content_list, link_share
from mathmill.pages.tex import clean, looks_like_tex
from mathmill.pages.walk import Found, Kind, Walk, raw_end

# Elements of which nothing is content.
_DROPPED = ("style", "svg", "template", "iframe", "object", "textarea", "rt", "rp")
_DEEPEST_SCRIPTS = 4  # scripts inside a script: what is nested deeper is no formula
_CODE_MATH = re.compile(r"\b(?:language-|lang-|highlight-)?(?:math|latex-math|katex)\b")
_SPOKEN = re.compile(r"\b(?:equals|plus|minus|times|squared|over|power|root|sub)\b")
_LIST_IN_LINK = re.compile(r"<a[\s>](?:[^<]|<(?!ul|/a))*+<ul")
_BETWEEN = re.compile(r"(?:\s|&nbsp;|</?(?:span|noscript|a|div|p|nobr|object)\b[^>]*>)*")


def _comment(walk: Walk, html: str, match: re.Match[str]) -> Found:
    end = walk.find(html, "-->", match.end())
    if end == -1:
        end = html.find(">", match.end())  # so do browsers where a comment is never closed
        return "", len(html) if end == -1 else end + 1
    return "", end + 3


def _script(walk: Walk, html: str, match: re.Match[str]) -> Found:
    tag = start_tag(html, match.start())
    close, end = raw_end(walk, html, match.start() + len(tag), "script")
    source = html[match.start() + len(tag) : close]
    if not walk.maths:
        return "", end
    kind = attributes(tag).get("type", "").lower() if "math" in tag else ""
    display = "display" in kind
    if kind.startswith(("math/tex", "math/latex")):
        return walk.put(clean(source), display, "script"), end
    if kind.startswith("math/asciimath"):
        return walk.put(asciimath_to_latex(source.strip()), display, "asciimath"), end
    if kind.startswith("math/mml"):
        return walk.put(convert(source)[0], display or is_block(source.lstrip()), "script"), end
    if "Math" in source or "delimiters" in source:
        walk.delimiters += configured(source)
    return "", end


def _dropped(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    name = match.group(1)
    tag = start_tag(html, match.start())
    begin = match.start() + len(tag)
    if tag.endswith("/>"):
        return "", begin
    close, end = raw_end(walk, html, begin, name)
    if close == len(html) and name not in ("style", "textarea"):
        return None
    label = attributes(tag).get("aria-label", "") if name == "svg" and walk.maths and "aria-label" in tag else ""
    if looks_like_tex(label):
        return walk.put(clean(label), False, "attribute"), end
    # An image of a formula that only says how it is read aloud: better the words than nothing.
    spoken = label if _SPOKEN.search(label) else ""
    return spoken.replace("<", "&lt;"), end


def _pre(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    name = match.group(1)
    element = walk.element(html, match, name)
    if element is None:
        return None
    tag, content, end = element
    code = text_of(re.sub(r"<br\s*/?>", "\n", content) if "<br" in content else content).strip("\n")
    head = tag + content[:200]
    if walk.maths and ("math" in head or "katex" in head) and _code_is_math(head):
        return walk.put(clean(code), True, "code"), end
    if not code.strip():
        return "", end
    lines = "\n".join(line.rstrip() for line in code.split("\n"))
    return f"<pre>{walk.found.verbatim(lines)}</pre>", end


def _code_is_math(head: str) -> bool:
    tags = re.findall(r"<(?:pre|code)\b[^>]*>", head)
    return any("data-math-style" in tag or _CODE_MATH.search(attributes(tag).get("class", "")) for tag in tags)


def _code(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    name = match.group(1)
    close = html.find(f"</{name}>", match.end(), match.end() + 5000)
    tag_end = html.find(">", match.end() - 1)
    if close == -1 or tag_end == -1 or tag_end > close:
        return None
    content = html[tag_end + 1 : close]
    tag = html[match.start() : tag_end + 1]
    if ("math" in tag or "katex" in tag) and _code_is_math(tag):
        return walk.put(clean(text_of(content).strip("`")), 'style="display' in tag, "code"), close + len(name) + 3
    # Only what the later steps could mistake for a formula needs shelter; the rest is text like any other.
    if "$" in content or "\\" in content or "`" in content or "[" in content or "&#" in content:
        kept = walk.found.verbatim(" ".join(text_of(content).split()))
        return f"<code>{kept}</code>", close + len(name) + 3
    return None


def _items(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    menu = walk.menus > 0 or (walk.linked[0] is html and match.start() < walk.linked[1])
    if menu and walk.maths:
        return None
    element = walk.element(html, match, "ul")
    if element is None:
        return None
    tag, content, end = element
    converted = None if menu else content_list(tag, content)
    if converted is not None:
        return walk.inner(converted), end
    if not walk.maths:
        # The parser's rule drops every list. Where formulas are not counted, nobody misses it before: so it goes here.
        return "<ul><li></li></ul>", end
    if "<ul" in content and link_share(content) == 1.0 and _LIST_IN_LINK.search(content) is None:
        walk.linked = html, end  # nothing stands outside links, so the lists inside are menus too
    return None


def _menu(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    element = walk.element(html, match, "nav") if match.group(1) == "nav" and not walk.maths else None
    if element is not None:
        return "<nav></nav>", element[2]  # dropped as lists are, see `_items`
    walk.menus = max(0, walk.menus + (-1 if match.group(1).startswith("/") else 1))
    return None


def _summary(_walk: Walk, html: str, match: re.Match[str]) -> Found:
    end = html.find(">", match.end())
    return "<br></summary>", len(html) if end == -1 else end + 1


def _noscript(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    close, end = raw_end(walk, html, match.end(), "noscript")
    begin = html.find(">", match.end() - 1) + 1
    content = html[begin:close]
    if "<img" not in content and "<math" not in content and "$" not in content and "\\" not in content:
        return "", end
    before = len(walk.found.formulas)
    text = walk.inner(content)
    made = walk.found.formulas[before:]
    if before and made and made[0] == walk.found.formulas[before - 1]:
        gap = html[max(0, match.start() - 300) : match.start()]
        last = max(gap.rfind("<img"), gap.rfind("</math"))
        if last != -1 and _BETWEEN.fullmatch(gap[gap.find(">", last) + 1 :]):
            return "", end
    return (text if made else ""), end


def _raised(walk: Walk, html: str, match: re.Match[str]) -> Found | None:
    name = match.group(1)
    element = walk.element(html, match, name)
    if element is None or len(element[1]) > 2000 or element[1].count("<su") > _DEEPEST_SCRIPTS:
        return None
    tag, content, end = element
    text = raised(
        name, tag, walk.inner(content) if "<" in content else content, html[max(0, match.start() - 8) : match.start()]
    )
    if text is None:
        return None
    walk.found.raised += text[:1] in "^_" and text != ""
    return text, end


KINDS = (
    Kind(("!--",), _comment, maths=False),
    Kind(("script",), _script, maths=False),
    Kind(_DROPPED, _dropped, maths=False),
    Kind(("pre", "listing", "xmp"), _pre, maths=False),
    Kind(("ul",), _items, maths=False),
    Kind(("nav", "header", "footer", "aside", "/nav", "/header", "/footer", "/aside"), _menu, maths=False),
    Kind(("/summary",), _summary, maths=False),
    Kind(("code", "tt", "kbd", "samp"), _code),
    Kind(("noscript",), _noscript),
    Kind(("sup", "sub"), _raised),
)
