"""What the main-content rule would lose: lists that are content, figures, cells with paragraphs, what a click opens.

resiliparse takes every <ul> for a menu, drops <figure> and whatever is hidden, and breaks a table row at a paragraph in
a cell. The source is rewritten before it is parsed, so that the rule sees plain blocks where there is content.
"""

import re
from functools import lru_cache

from mathmill.pages.elements import Budget, start_tag, text_of
from mathmill.pages.placeholders import DISPLAY, INLINE
from mathmill.pages.scan import Scan

_LIST_TAG = re.compile(r"<(/?)(ul|ol|li)(?=[\s>])([^>]{0,1000})>(\s*<p(?:\s[^>]*)?>)?")
_LINK = re.compile(r"<(/?)a(?=[\s>])[^>]{0,2000}>")
_MENU = re.compile(r"nav|menu|breadcrumb|pagination|share|social|toolbar|tabs|dropdown", re.IGNORECASE)
_CONTROLS = re.compile(r"<(?:form|input|button|select|iframe)[\s>]")
_MOST_LINKED = 0.5  # share of a list's text that may stand in links; menus have nearly all of it there
_LONGEST_LIST = 400_000
_MANY_TAGS = 4000
_DEEPEST = 600
_BLOCK = 128  # tags counted at once
# Every tag but those of elements that hold nothing, or that the next of their kind closes.
_NESTING = re.compile(
    r"<(/?)(?!(?:br|hr|img|input|meta|link|wbr|col|source|p|li|td|th|tr|dt|dd|option|tbody|thead)[\s>/])"
    r"[a-z][a-z0-9:-]*(?:\s[^<>]{0,2000})?>"
)
_CELL_OPEN = re.compile(r"(<t[dh](?:\s[^>]{0,2000})?>)\s*<(?:p|div)(?:\s[^>]{0,2000})?>(?![^<]*<(?:table|ul|ol|pre))")
_CELL_CLOSE = re.compile(r"</(?:p|div)>\s*(?=</t[dh]>)")
_BLOCKS = Scan([r"<figure", r"<t[dh][^>]*>\s*<(?:p|div)"])  # what `plain_blocks` has to do with
_HIDDEN = Scan([r"display\s*:\s*none", r"visibility\s*:\s*hidden", r"hidden[\s>=/]"])  # and `reveal`
_HIDES = re.compile(
    r"<([a-z][a-z0-9-]*)(?=\s)[^<>]*?[\s\"';](?:display\s*:\s*none|visibility\s*:\s*hidden|hidden(?=[\s>=/])"
    r"|aria-hidden\s*=\s*[\"']?true)[^<>]*>"
)
_HIDING = re.compile(
    r"display\s*:\s*none\s*;?|visibility\s*:\s*hidden\s*;?|\saria-hidden\s*=\s*[\"']?true[\"']?|\shidden(?:=[\"'][^\"']*[\"'])?(?=[\s>/])"
)
_OPENED = re.compile(
    r"solution|answer|spoiler|proof|hint|collaps|toggle|reveal|accordion|l(?:oe|ö)sung|antwort|réponse|corrig"
    r"|respuesta|solución|решени|ответ|解|答|提示|풀이|정답",
    re.IGNORECASE,
)
_POPUP = re.compile(r"modal|popup|cookie|newsletter|subscri|banner|menu|nav|overlay|dialog|lightbox|login|signup|share"
                    r"|advert|promo|sidebar|tooltip|template", re.IGNORECASE)  # fmt: skip
_SENTENCE = re.compile(r"[.!?。！？:：]")
_LEAST_WORDS = 30  # of hidden prose that nothing names, to be content
_WORD = re.compile(r"[^\W\d_]{2,}|[\u3400-\u9fff]")


def content_list(tag: str, content: str) -> str | None:
    """The source of a bulleted list as plain blocks with `- `; None for a menu, which may be dropped."""
    if _MENU.search(tag) or len(content) > _LONGEST_LIST:
        return None
    if link_share(content) > _MOST_LINKED or _CONTROLS.search(content):
        return None
    stack = ["ul"]
    out, position = [tag.replace("<ul", "<div", 1)], 0
    for match in _LIST_TAG.finditer(content):
        closing, name = match.group(1), match.group(2)
        out.append(content[position : match.start()])
        position = match.end()
        if name == "li" and stack[-1] == "ul":
            out.append("</div>" if closing else f"<div{match.group(3)}>- ")
            if closing and match.group(4):
                out.append(match.group(4))
        else:
            if name != "li" and not closing:
                stack.append(name)
            elif name != "li" and len(stack) > 1:
                name = stack.pop()
            out.append(
                match.group().replace(f"{closing}{match.group(2)}", f"{closing}div", 1)
                if name == "ul"
                else match.group()
            )
    out.append(content[position:] + "</div>")
    return "".join(out)


@lru_cache(maxsize=2)  # the walk asks for the share of a list that has just been found to be a menu
def link_share(content: str) -> float:
    """The share of the text that stands in links; 1 where there is none."""
    if "<a" not in content:
        return 0.0
    pieces = _LINK.split(content)  # text, "" or "/", text, ...: what follows "" stands in a link
    inside = [piece for piece, closing in zip(pieces[2::2], pieces[1::2], strict=True) if not closing]
    outside = [piece for piece, closing in zip(pieces[2::2], pieces[1::2], strict=True) if closing]
    linked, other = _letters(inside), _letters([pieces[0], *outside])
    return linked / (linked + other) if linked + other else 1.0


def _letters(pieces: list[str]) -> int:
    """The number of characters of text, without white space, in pieces of source: read at once, which is faster."""
    return len("".join(text_of("\n".join(pieces)).split()))


def flattened(html: str) -> str:
    """The source without the tags that nest deeper than any page does: the parser's time grows with the depth's square.

    Only pages of very many tags are looked at; browsers stop at a depth of 512.
    """
    if html.count("<") < _MANY_TAGS or _depth(html) <= _DEEPEST:
        return html
    depth = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal depth
        too_deep = depth > _DEEPEST
        depth = max(0, depth - 1) if match.group(1) else depth + 1
        return "" if too_deep else match.group()

    return _NESTING.sub(kept, html)


def _depth(html: str) -> int:
    """No less than the greatest depth of the nesting: exact to a few tags, and counted in blocks, which is faster."""
    tags = _NESTING.findall(html)  # "/" for an end tag
    depth = deepest = 0
    for start in range(0, len(tags), _BLOCK):
        block = tags[start : start + _BLOCK]
        closed = block.count("/")
        opened = len(block) - closed
        deepest = max(deepest, depth + opened)
        depth = max(depth + opened - closed, opened)
    return deepest


def plain_blocks(html: str) -> str:
    """Figures as plain blocks, and cells that hold one paragraph as cells that hold text."""
    if not _BLOCKS.any(html):
        return html
    if "<figure" in html:
        html = html.replace("<figure", "<div").replace("</figure>", "</div>").replace("<divcaption", "<div")
        html = html.replace("<figcaption", "<div").replace("</figcaption>", "</div>")
    html, found = _CELL_OPEN.subn(r"\1", html)
    return _CELL_CLOSE.sub("", html) if found else html


def reveal(html: str, budget: Budget) -> tuple[str, bool]:
    """The source with what a click opens in plain sight, and whether a <span> may still hide something.

    Other hidden elements stay hidden.

    A hidden element is judged by what it holds: a formula, or prose (few links, no form) that is either called an
    answer, a proof or the like by itself or by what stands right before it, or is long enough to be content.
    """
    if not _HIDDEN.any(html):
        return html, False
    out, position = [], 0
    tags = _hiding_tags(html)
    for start in tags:
        if start < position:
            continue
        match = _HIDES.match(html, start)
        if match is None:
            continue
        tag = start_tag(html, start)
        close = budget.end(html, start + len(tag), match.group(1))
        if close is None:
            continue
        content = html[start + len(tag) : close[0]]
        if _is_content(tag, content, html[max(0, start - 300) : start]):
            out += [html[position:start], _HIDING.sub(" ", tag)]
            position = start + len(tag)
    span = any(html.startswith("<span", start) for start in tags)
    html = "".join([*out, html[position:]]) if out else html
    return html, span and any(html.startswith("<span", start) for start in _hiding_tags(html))


def _hiding_tags(html: str) -> list[int]:
    """Where the tags begin that may hide their element. Words in text are passed by a search for the words alone."""
    found = set()
    for word in ("none", "hidden"):
        position = html.find(word)
        while position != -1:
            start = html.rfind("<", max(0, position - 2000), position)
            if start != -1 and html.find(">", start, position) == -1:
                found.add(start)
            position = html.find(word, position + len(word))
    return sorted(found)


def _is_content(tag: str, content: str, before: str) -> bool:
    if _POPUP.search(tag) or _CONTROLS.search(content):
        return False
    if INLINE in content or DISPLAY in content:
        return True
    text = text_of(content)
    if not text.strip() or link_share(content) > _MOST_LINKED:
        return False
    if _OPENED.search(tag) or (_OPENED.search(before) and "aria-hidden" not in tag):
        return True
    return len(_WORD.findall(text)) >= _LEAST_WORDS and len(_SENTENCE.findall(text)) >= 2 and "aria-hidden" not in tag
