"""AsciiMath to LaTeX: the notation of ASCIIMathML.js and of MathJax's asciimath input."""

import re

_SYMBOLS = {
    "*": r"\cdot", "**": r"\ast", "***": r"\star", "//": "/", "\\\\": r"\backslash", "xx": r"\times", "-:": r"\div",
    "@": r"\circ", "o+": r"\oplus", "ox": r"\otimes", "^^": r"\wedge", "vv": r"\vee", "nn": r"\cap", "uu": r"\cup",
    "!=": r"\neq", "<=": r"\leq", ">=": r"\geq", "lt": "<", "gt": ">", "le": r"\leq", "ge": r"\geq", "ne": r"\neq",
    "-=": r"\equiv", "~=": r"\cong", "~~": r"\approx", "prop": r"\propto", "in": r"\in", "!in": r"\notin",
    "sub": r"\subset", "sube": r"\subseteq", "sup": r"\supset", "supe": r"\supseteq", "and": r"\text{ and }",
    "or": r"\text{ or }", "if": r"\text{ if }", "not": r"\neg", "=>": r"\Rightarrow", "<=>": r"\Leftrightarrow",
    "<->": r"\leftrightarrow", "->": r"\to", "rarr": r"\to", "larr": r"\leftarrow", "|->": r"\mapsto", "iff": r"\iff",
    "AA": r"\forall", "EE": r"\exists", "int": r"\int", "oint": r"\oint", "del": r"\partial", "grad": r"\nabla",
    "+-": r"\pm", "O/": r"\emptyset", "oo": r"\infty", "...": r"\ldots", ":.": r"\therefore",
    "cdots": r"\cdots",
    "vdots": r"\vdots", "ddots": r"\ddots",
    "diamond": r"\diamond", "square": r"\square",
    "CC": r"\mathbb{C}", "NN": r"\mathbb{N}",
    "QQ": r"\mathbb{Q}", "RR": r"\mathbb{R}", "ZZ": r"\mathbb{Z}",
    "sum": r"\sum", "prod": r"\prod", "lim": r"\lim", "quad": r"\quad", "qquad": r"\qquad",
    "dx": "dx", "dy": "dy", "dz": "dz", "dt": "dt",
    "_|_": r"\bot",
}  # fmt: skip
_NAMES = """
alpha beta gamma Gamma delta Delta epsilon varepsilon zeta eta theta Theta vartheta iota kappa lambda Lambda mu nu xi Xi
pi Pi rho sigma Sigma tau upsilon phi Phi varphi chi psi Psi omega Omega sin cos tan cot sec csc arcsin arccos arctan
sinh cosh tanh log ln exp det dim gcd min max infty times div leq geq neq subset cdot ldots angle triangle
"""
_SYMBOLS.update({name: f"\\{name}" for name in _NAMES.split()})
_UNARY = {
    "sqrt": "sqrt", "hat": "hat", "bar": "overline", "vec": "vec", "dot": "dot", "ddot": "ddot", "ul": "underline",
    "ubrace": "underbrace", "obrace": "overbrace", "tilde": "tilde", "bb": "mathbf", "bbb": "mathbb", "cc": "mathcal",
    "fr": "mathfrak", "sf": "mathsf", "tt": "mathtt", "text": "text", "cancel": "cancel",
}  # fmt: skip
_AROUND = {
    "abs": ("|", "|"),
    "floor": (r"\lfloor ", r"\rfloor"),
    "ceil": (r"\lceil ", r"\rceil"),
    "norm": (r"\|", r"\|"),
}
_BINARY = {"frac": "frac", "root": "root", "stackrel": "overset", "overset": "overset", "underset": "underset"}
_OPEN = {"(": "(", "[": "[", "{": r"\{", "(:": r"\langle ", "{:": "", "|:": "|"}
_CLOSE = {")": ")", "]": "]", "}": r"\}", ":)": r"\rangle", ":}": "", ":|": "|"}
_WORDS = sorted({*_SYMBOLS, *_UNARY, *_AROUND, *_BINARY, *_OPEN, *_CLOSE, "/", "^", "_"}, key=len, reverse=True)
_TOKEN = re.compile(
    r'"([^"]*)"|(\d+(?:\.\d+)?)|(' + "|".join(re.escape(word) for word in _WORDS) + r")|(\\[a-zA-Z]+)|(\S)"
)
_MAX_DEPTH = 50


class _Reader:
    def __init__(self, source: str) -> None:
        self.tokens = [(match.group(), match.lastindex or 0) for match in _TOKEN.finditer(source)]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def row(self, depth: int) -> str:
        """Everything up to a closing bracket: terms with their scripts, `/` between two of them as a fraction."""
        parts: list[str] = []
        while self.at < len(self.tokens) and self.peek() not in _CLOSE:
            parts.append(self.term(depth))
            if self.peek() == "/":
                self.at += 1
                parts.append(f"\\frac{{{_bare(parts.pop())}}}{{{_bare(self.term(depth))}}}")
        return _spaced(parts)

    def term(self, depth: int) -> str:
        latex = self.simple(depth)
        for mark in ("_", "^"):
            if self.peek() == mark:
                self.at += 1
                latex += f"{mark}{{{_bare(self.simple(depth))}}}"
        return latex

    def simple(self, depth: int) -> str:
        """One thing: a symbol, a number, a quoted text, a bracketed row, or a command with what it takes."""
        if self.at >= len(self.tokens):
            return ""
        token, kind = self.tokens[self.at]
        self.at += 1
        if depth > _MAX_DEPTH:
            return token
        if kind == 1:
            return f"\\text{{{token[1:-1]}}}"
        if token in _OPEN:
            inner = self.row(depth + 1)
            closing = self.peek()
            self.at += 1
            return _matrix(token, inner, closing) or f"{_OPEN[token]}{inner}{_CLOSE.get(closing, '')}"
        if token in _AROUND:
            left, right = _AROUND[token]
            return f"{left}{_bare(self.simple(depth + 1))}{right}"
        if token in _UNARY:
            return f"\\{_UNARY[token]}{{{_bare(self.simple(depth + 1))}}}"
        if token in _BINARY:
            first, second = _bare(self.simple(depth + 1)), _bare(self.simple(depth + 1))
            return f"\\sqrt[{first}]{{{second}}}" if token == "root" else f"\\{_BINARY[token]}{{{first}}}{{{second}}}"
        return _SYMBOLS.get(token, token)


def _bare(latex: str) -> str:
    """What brackets hold that only group: the argument of a fraction, a root or a script."""
    pairs = (("(", ")"), ("[", "]"), (r"\{", r"\}"))
    for left, right in pairs:
        if latex.startswith(left) and latex.endswith(right) and _closes_at_end(latex, left, right):
            return latex[len(left) : -len(right)]
    return latex


def _closes_at_end(latex: str, left: str, right: str) -> bool:
    depth = 0
    for match in re.finditer(f"{re.escape(left)}|{re.escape(right)}", latex):
        depth += 1 if match.group() == left else -1
        if depth == 0:
            return match.end() == len(latex)
    return False


def _matrix(opening: str, inner: str, closing: str) -> str | None:
    """`[[a,b],[c,d]]` is a matrix, of whatever brackets."""
    name = {("[", "]"): "bmatrix", ("(", ")"): "pmatrix", ("|:", ":|"): "vmatrix", ("{", ":}"): "cases"}.get(
        (opening, closing)
    )
    rows = re.findall(r"\[([^\[\]]*)\]|\(([^()]*)\)", inner)
    if name is None or len(rows) < 2 or re.fullmatch(r"\s*(?:[\[(][^\[\]()]*[\])]\s*,?\s*){2,}", inner) is None:
        return None
    return f"\\begin{{{name}}}" + " \\\\ ".join(" & ".join((a or b).split(",")) for a, b in rows) + f"\\end{{{name}}}"


def _spaced(parts: list[str]) -> str:
    out = ""
    for part in parts:
        if part[:1].isalpha() and re.search(r"\\[a-zA-Z]+$", out):
            out += " "
        out += part
    return out


def asciimath_to_latex(source: str) -> str:
    """LaTeX of an AsciiMath formula; whatever is no AsciiMath comes through as it is."""
    reader = _Reader(source)
    parts = []
    while reader.at < len(reader.tokens):
        parts.append(reader.row(0))
        if reader.at < len(reader.tokens):  # a closing bracket without its opening one
            parts.append(_CLOSE[reader.peek()])
            reader.at += 1
    return _spaced(parts)
