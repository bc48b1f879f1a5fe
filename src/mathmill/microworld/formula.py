"""A parser for the part of TeX that the microworld's formulas use."""

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\\begin\{[a-z*]+\}|\\end\{[a-z*]+\}|\\[A-Za-z]+|\\.|\d+(?:[.,]\d+)*|\s+|.", re.DOTALL)

SYMBOLS = {
    "times": "×",
    "div": "÷",
    "cdot": "⋅",
    "pm": "±",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "lt": "<",
    "gt": ">",
    "approx": "≈",
    "equiv": "≡",
    "mid": "∣",
    "infty": "∞",
    "to": "→",
    "Rightarrow": "⇒",
    "in": "∈",
    "cup": "∪",
    "cap": "∩",
    "subset": "⊂",
    "ldots": "…",
    "dots": "…",
    "cdots": "⋯",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "angle": "∠",
    "circ": "∘",
    "perp": "⊥",
    "triangle": "△",
    "therefore": "∴",
    "because": "∵",
    "%": "%",
    "$": "$",
    "{": "{",
    "}": "}",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "forall": "∀",
    "exists": "∃",
    "partial": "∂",
    "setminus": "∖",
}
LETTERS = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "pi": "π",
    "sigma": "σ",
    "phi": "φ",
    "omega": "ω",
    "Delta": "Δ",
    "Sigma": "Σ",
    "Omega": "Ω",
    "ell": "ℓ",
}
FUNCTIONS = {"sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min", "gcd", "det", "bmod", "mod"}
_SPACES = {",", ";", ":", "!", " ", "quad", "qquad", "left", "right", "displaystyle", "big", "Big"}


class Node(NamedTuple):
    """A formula's tree. kind: row, number, letter, operator, text, fraction, root, scripts, box, table."""

    kind: str
    text: str = ""
    children: tuple["Node", ...] = ()


EMPTY = Node("row")


class _Reader:
    def __init__(self, tex: str) -> None:
        self.tokens = _TOKEN.findall(tex)
        self.position = 0
        self.tex = tex

    def peek(self) -> str:
        """The next token that is not space, or "" at the end."""
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def row(self, *ends: str) -> Node:
        """Read until one of the tokens in `ends`, which is left unread."""
        children: list[Node] = []
        while self.peek() and self.peek() not in ends:
            node = self.atom()
            if node is not None:
                children.append(self.scripts(node))
        return children[0] if len(children) == 1 else Node("row", "", tuple(children))

    def group(self) -> Node:
        if self.peek() != "{":
            return self.atom() or EMPTY
        self.next()
        node = self.row("}")
        self.next()
        return node

    def raw_group(self) -> str:
        """The text of a {...} group with its spaces, for the commands text and mathrm."""
        self.next()
        start = self.position
        while self.position < len(self.tokens) and self.tokens[self.position] != "}":
            self.position += 1
        self.position += 1
        return "".join(self.tokens[start : self.position - 1])

    def scripts(self, base: Node) -> Node:
        parts = {"^": EMPTY, "_": EMPTY}
        found = False
        while self.peek() in parts:
            mark = self.next()
            parts[mark] = self.group()
            found = True
        return Node("scripts", "", (base, parts["_"], parts["^"])) if found else base

    def table(self, end: str) -> Node:
        rows: list[Node] = []
        cells: list[Node] = []
        while self.peek() and self.peek() != end:
            cells.append(self.row("&", "\\\\", end))
            if self.peek() == "&":
                self.next()
                continue
            rows.append(Node("row", "", tuple(cells)))
            cells = []
            if self.peek() == "\\\\":
                self.next()
        self.next()
        return Node("table", end[5:-1], tuple(rows))

    def atom(self) -> Node | None:
        token = self.next()
        if token == "{":
            self.position -= 1
            return self.group()
        if token[0].isdigit():
            return Node("number", token)
        if token.startswith("\\begin"):
            return self.table(token.replace("\\begin", "\\end"))
        if token[0] == "\\" and len(token) > 1:
            return self.command(token[1:])
        if token.isalpha():
            return Node("letter", token)
        return Node("operator", "−" if token == "-" else token)

    def command(self, name: str) -> Node | None:
        if name in ("frac", "dfrac", "tfrac", "binom"):
            return Node("fraction", name, (self.group(), self.group()))
        if name == "sqrt":
            degree = EMPTY
            if self.peek() == "[":
                self.next()
                degree = self.row("]")
                self.next()
            return Node("root", "", (self.group(), degree))
        if name in ("text", "mathrm", "operatorname", "textbf", "mathbf", "mathbb", "mathcal"):
            return Node("text", self.raw_group())
        if name == "boxed":
            return Node("box", "", (self.group(),))
        if name in ("overline", "vec", "hat", "bar"):
            return self.group()
        if name in _SPACES:
            return None
        if name in FUNCTIONS:
            return Node("text", "mod" if name == "bmod" else name)
        if name in LETTERS:
            return Node("letter", LETTERS[name])
        if name in SYMBOLS:
            return Node("operator", SYMBOLS[name])
        raise ValueError(f"the microworld's formulas do not use \\{name}: {self.tex!r}")


@lru_cache(maxsize=4096)
def parse_tex(tex: str) -> Node:
    """The tree of a formula; ValueError for a command outside the subset."""
    return _Reader(tex).row()
