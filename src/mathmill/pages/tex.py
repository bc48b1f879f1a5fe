r"""TeX as authors write it, in one normal form: one line, without wrappers that say nothing."""

import re

_CDATA = re.compile(r"%?\s*<!\[CDATA\[|%?\s*\]\]>")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*(?:\n|$)")
_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)
_WRAPPERS = (
    re.compile(r"\{\s*\\(?:display|text|script)style\b\s*(.*)\}", re.DOTALL),
    re.compile(r"\\(?:display|text|script)style\b\s*(.*)", re.DOTALL),
    re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.+)\$\$|\$([^$]+)\$", re.DOTALL),
    re.compile(
        r"\\begin\{(?P<name>equation|displaymath|math)(?P<star>\*?)\}(.*)\\end\{(?P=name)(?P=star)\}", re.DOTALL
    ),
)
_WRAPPED = ("{", "\\", "$")
# A command, a script at a letter or a bracket, or the whole in dollars; `C:\\Users` is a path, `snake_case` a name.
_COMMAND = re.compile(
    r"(?<!\\)\\[a-zA-Z]{2,}|[\^_]\{|[\w)}\]]\^[\w\\({+-]|(?<![A-Za-z0-9_])[A-Za-z]_[\w\\{]|[)}\]]_[\w\\{]|^\$.*\$$"
)
_PATH = re.compile(r"\b[A-Za-z]:\\")
_PROSE = re.compile(r"[^\W\d_]{3,}[ ,][^\W\d_]{2,}")


def clean(tex: str) -> str:
    r"""One line of TeX without CDATA, comments, \displaystyle, and what stands around the whole: document, delimiters.

    White space is collapsed and otherwise left as the author typed it: TeX does not read it, and two spellings of one
    formula are the author's, not the extraction's.
    """
    if "<!" in tex or "]]>" in tex:
        tex = _CDATA.sub(" ", tex)
    if "\\begin{document}" in tex:
        document = _DOCUMENT.search(tex)
        tex = document.group(1) if document is not None else tex
    if "%" in tex:
        # A comment ends at its line; once the lines are joined it would swallow the rest of the formula.
        tex = _COMMENT.sub(" ", tex)
    tex = " ".join(tex.split())
    while tex.startswith(_WRAPPED):
        inner = next((found for wrapper in _WRAPPERS if (found := _unwrapped(wrapper, tex)) is not None), None)
        if inner is None:
            break
        tex = inner
    return tex


def _unwrapped(wrapper: re.Pattern[str], tex: str) -> str | None:
    match = wrapper.fullmatch(tex)
    if match is None:
        return None
    inner = match.group(match.lastindex or 0).strip()
    # `{a}+{b}` and `\(a\) or \(b\)` start and end like a wrapper and are none.
    return inner if balanced(inner) and "\\)" not in inner and "\\]" not in inner else None


def balanced(tex: str) -> bool:
    """Whether every brace closes one that is open."""
    depth = 0
    for piece in re.findall(r"\\.|[{}]", tex):
        depth += (piece == "{") - (piece == "}")
        if depth < 0:
            return False
    return depth == 0


def looks_like_tex(text: str) -> bool:
    """Whether a text that may be anything (as an alternative text) is TeX: commands, scripts, dollars around it."""
    return _COMMAND.search(text) is not None and _PATH.search(text) is None


def is_prose(text: str) -> bool:
    """Whether a text is words: the alternative text of a picture of something, a formula read aloud."""
    return _PROSE.search(text) is not None and not looks_like_tex(text)
