r"""The structure of a normalised answer: equations reduced to their value, lists, tuples and intervals, matrices.

`split` reads the outermost structure only; `verifier` compares two of them part by part.
"""

import re
from dataclasses import dataclass

_APPROXIMATELY = re.compile(r"\\approx|\\simeq|≈")
_EQUALS = re.compile(r"(?<![<>!=:\\])=(?!=)")
# What can stand before an equals sign as the name of the result: x, x_1, f(x), |AB|, A:B, (p,q), \frac{NO}{BO}; no sum.
_NAME = re.compile(r"\\?[A-Za-z(|\\{][A-Za-z0-9\\_(){}|:,' ^]*")
_MEMBER = re.compile(r"^[a-zA-Z](?:_\{?\w+\}?)?\s*\\in\s*(?=[\[(\\])")
_AND = re.compile(r"(?<![A-Za-z])(?:and|or)(?![A-Za-z])|和|或|及|、")
_SEMICOLON = re.compile(r"[;；]")
_MATRIX = re.compile(
    r"^[(\[]?\\begin\{(pmatrix|bmatrix|matrix|array)\}(?:\{[lcr|]*\})?(.*)\\end\{\1\}[)\]]?$", re.DOTALL
)
_OPEN, _CLOSE = "([{", ")]}"
_MOST_PARTS = 64


@dataclass(frozen=True)
class Structure:
    """What an answer is made of.

    kind: list (order does not count), tuple (brackets `ends` and order count) or matrix (parts are its rows). names: of
    the parts, where each has one of its own (`k=45,n=2`): then the order is theirs.
    """

    kind: str
    parts: tuple["str | Structure", ...]
    ends: str = ""
    names: tuple[str, ...] = ()

    def distinct(self) -> "Structure":
        """A list without its repetitions; anything else as it is."""
        return Structure("list", tuple(dict.fromkeys(self.parts))) if self.kind == "list" else self

    def ordered(self) -> "Structure":
        """The same with its parts in the order of their names, where it has names."""
        if not self.names:
            return self
        pairs = sorted(zip(self.names, self.parts, strict=True), key=lambda pair: pair[0])
        return Structure(self.kind, tuple(part for _, part in pairs), self.ends, tuple(sorted(self.names)))


def value_of(text: str) -> str:
    r"""An equation reduced to what it says the value is; any other text as it is.

    `x=5`, `f(x)=5`, `x=2+3=5`, `2+3=5` and `x=5\approx5.1` are 5; `x\in[0,1)` is the interval; `2x+y=1` stays.
    """
    if "=" not in text and "\\" not in text:
        return text
    if match := _MEMBER.match(text):
        return text[match.end() :]
    if found := _APPROXIMATELY.search(text):
        before = text[: found.start()]
        text = before if "=" in before else f"{before}={text[found.end() :]}"
    if "=" not in text:
        return text
    sides = _sides(text)
    if len(sides) < 2 or not sides[-1] or any(sign in text for sign in ("<", ">", "\\le", "\\ge", "\\neq", "!=")):
        return text
    first, last = sides[0], sides[-1]
    if len(sides) > 2 or is_name(first) or not (_letters(first) or _letters(last)):
        return last
    return text


def _sides(text: str) -> list[str]:
    """The sides of an equation; a list of equations, and an equals sign inside brackets, are left as they are."""
    pieces = _pieces(text)
    if pieces is None or len(pieces) > 1:
        return [text]
    depth, start, sides = 0, 0, []
    signs = {match.start() for match in _EQUALS.finditer(text)}
    for position, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if position in signs and depth == 0:
            sides.append(text[start:position].strip())
            start = position + 1
    return [*sides, text[start:].strip()]


def is_name(side: str) -> bool:
    """Whether the left side of an equation names the result: letters, an index, an argument; no sum and no factor."""
    return bool(_NAME.fullmatch(side)) and bool(_letters(side)) and not re.match(r"^\\?[a-z]\^|\\(?:sin|cos|log)", side)


def _letters(text: str) -> str:
    return re.sub(r"\\[a-zA-Z]+|[^A-Za-z]", "", text)


def split(text: str) -> Structure | None:
    """The outermost structure of a normalised answer, None where it has none."""
    match = _MATRIX.match(text)
    if match and "\\begin" not in match.group(2):
        rows = [row for row in re.split(r"\\\\", match.group(2)) if row.strip()]
        return Structure(
            "matrix", tuple(Structure("tuple", tuple(cell.strip() for cell in row.split("&")), "()") for row in rows)
        )
    text = text.replace("\\lbrace", "\\{").replace("\\rbrace", "\\}").replace("\\{", "{").replace("\\}", "}")
    pieces = _pieces(text)
    if pieces is None:
        return None
    if len(pieces) > 1:
        return _list(pieces)
    if text.count("\\pm") == 1 and text[0] not in _OPEN:
        before, _, after = text.partition("\\pm")
        return Structure("list", (f"{before}+{after}" if before else after, f"{before}-{after}"))
    if len(text) < 2 or text[0] not in _OPEN or text[-1] not in _CLOSE or not _closes_at_end(text):
        return None
    inner = _pieces(text[1:-1])
    if inner is None or not inner[0]:
        return None
    if text[0] == "{":
        return Structure("list", tuple(inner)) if text[-1] == "}" else None
    return Structure("tuple", tuple(inner), text[0] + text[-1]) if len(inner) > 1 and text[-1] != "}" else None


def _list(pieces: list[str]) -> Structure:
    names = [piece.partition("=")[0] for piece in pieces]
    if all("=" in piece for piece in pieces) and len(set(names)) == len(names) and not _numbered(names):
        return Structure("tuple", tuple(piece.partition("=")[2] for piece in pieces), "()", tuple(names))
    return Structure("list", tuple(pieces))


def _numbered(names: list[str]) -> bool:
    """x_1, x_2: one unknown with several values."""
    return len({name[:1] for name in names}) == 1 and all(re.fullmatch(r"[a-z]_?\{?[1-5]\}?", name) for name in names)


def _pieces(text: str) -> list[str] | None:
    """The parts between the outermost separators (commas, semicolons, and, or); None where brackets do not match."""
    text = text.replace("\\cup", " and ")
    # Semicolons stand between what commas join: `p=5,q=2;p=7,q=2`.
    return _cut(text, _SEMICOLON, "") if _SEMICOLON.search(text) else _cut(text, _AND, ",")


def _cut(text: str, separator: re.Pattern[str], comma: str) -> list[str] | None:
    pieces, depth, start = [], 0, 0
    separators = {match.start(): match.end() for match in separator.finditer(text)}
    position = 0
    while position < len(text):
        character = text[position]
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth < 0:
                return None
        end = position + 1 if character == comma else separators.get(position, 0)
        if end and depth == 0:
            pieces.append(text[start:position].strip())
            start = end
        position = max(position + 1, end if depth == 0 else 0)
    pieces.append(text[start:].strip())
    if depth or len(pieces) > _MOST_PARTS:
        return None
    found = [piece for piece in pieces if piece]
    if separator is _SEMICOLON and len(found) == 1:  # it stands inside brackets
        return _cut(text, _AND, ",")
    return found or [""]


def _closes_at_end(text: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0:
            return position == len(text) - 1
    return False
