"""LaTeX sources as training text: no preamble, comments, macros or bibliography, as ArXiv-RedPajama (paper 5.1.2)."""

import re

# A percent sign in an address or in a listing is no comment.
_VERBATIM = r"\\(?:url|path|href)\s*\{[^}\n]*\}|\\begin\{(verbatim|lstlisting|minted|alltt)\*?\}.*?\\end\{\2\*?\}"
_COMMENT = re.compile(rf"({_VERBATIM})|^[ \t]*%[^\n]*\n|(?<!\\)((?:\\\\)*)%[^\n]*", re.DOTALL | re.MULTILINE)
_BIBLIOGRAPHY = re.compile(
    r"\\begin\{thebibliography\}.*?(?:\\end\{thebibliography\}|\Z)|\\(?:bibliography|bibliographystyle|printbibliography|addbibresource)\b(?:\[[^\]]*\])?(?:\{[^}]*\})?",
    re.DOTALL,
)
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_FIRST_SECTION = re.compile(r"\\(?:begin\{abstract\}|(?:chapter|section)\*?[\[{])")
_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*\{?\s*(\\[A-Za-z@]+)\s*\}?\s*(\[\d\](?:\[[^\]]*\])?)?\s*(?=\{)"
    r"|\\def\s*(\\[A-Za-z@]+)\s*((?:#\d)*)\s*(?=\{)"
)
_LAYOUT = re.compile(
    r"\\(?:maketitle|tableofcontents|newpage|clearpage|bigskip|medskip|smallskip|noindent|vfill)\b[ \t]*"
)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK = re.compile(r"\n\s*\n\s*\n+")


def clean_latex(source: str) -> str:
    r"""The body of a LaTeX document as text.

    Comments go first, since they may hold anything. Of a file without \begin{document} the part from its abstract or
    first section on is kept. Macros without arguments are replaced by their meaning; all definitions are removed.
    """
    source = _COMMENT.sub(lambda match: match.group(1) or match.group(3) or "", source)
    source, macros = take_definitions(source)
    body = _BODY.search(source)
    if body is not None:
        text = body.group(1)
    else:
        first = _FIRST_SECTION.search(source)
        text = source[first.start() :] if first is not None else source
    text = _LAYOUT.sub("", _BIBLIOGRAPHY.sub("", text))
    text = _TRAILING.sub("", expand(text, macros))
    return _BLANK.sub("\n\n", text).strip()


def take_definitions(source: str) -> tuple[str, dict[str, str]]:
    """The source without macro definitions, and the macros that take no arguments: name -> meaning."""
    macros: dict[str, str] = {}
    kept, position = [], 0
    for match in _DEFINITION.finditer(source):
        if match.start() < position:
            continue  # inside the definition before
        end = _closing_brace(source, match.end())
        if end is None:
            continue
        name = match.group(1) or match.group(3)
        meaning = source[match.end() + 1 : end]
        if not match.group(2) and not match.group(4):
            macros[name] = f"\\operatorname{{{meaning}}}" if "DeclareMathOperator" in match.group(0) else meaning
        kept.append(source[position : match.start()])
        position = end + 1
    kept.append(source[position:])
    return "".join(kept), macros


def expand(text: str, macros: dict[str, str]) -> str:
    """Replace macros by their meaning; a few passes, since one may use another, and never without end."""
    if not macros:
        return text
    pattern = re.compile("(?:" + "|".join(re.escape(name) for name in sorted(macros)) + r")(?![A-Za-z@])")
    for _ in range(3):
        replaced = pattern.sub(lambda match: macros[match.group(0)], text)
        if replaced == text or len(replaced) > 4 * len(text) + 10_000:
            break
        text = replaced
    return text


def _closing_brace(source: str, opening: int) -> int | None:
    """The place of the brace that closes the one at `opening`; None where there is none."""
    depth = 0
    for place in range(opening, len(source)):
        char = source[place]
        if char in "{}" and source[place - 1] != "\\":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return place
    return None
