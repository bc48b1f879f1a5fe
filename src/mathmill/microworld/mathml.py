"""A formula's tree as MathML, as HTML with sup and sub, as plain Unicode text, and as program text."""

from html import escape

from mathmill.microworld.formula import EMPTY, Node

_SUP = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_SUB = str.maketrans("0123456789+-−()n", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎ₙ")
_TYPED = {ord(sign): typed for sign, typed in (("×", "*"), ("÷", "/"), ("⋅", "*"), ("−", "-"), ("√", "sqrt"))}
_BIG = {"∑", "∏", "lim", "max", "min"}
_BRACKETS = {"pmatrix": "()", "bmatrix": "[]", "vmatrix": "||", "cases": "{", "matrix": "", "aligned": "", "align": ""}


def mathml(node: Node, prefix: str = "") -> str:
    """The element of a tree in presentation MathML; `prefix` is a namespace prefix with its colon, such as `mml:`."""
    kind, text, children = node
    p = prefix
    if kind in ("number", "letter", "operator", "text"):
        name = {"number": "mn", "letter": "mi", "operator": "mo"}.get(kind) or ("mi" if text.isalpha() else "mtext")
        return f"<{p}{name}>{escape(text, quote=False)}</{p}{name}>"
    if kind == "table":
        rows = "".join(
            f"<{p}mtr>" + "".join(f"<{p}mtd>{mathml(cell, p)}</{p}mtd>" for cell in row.children) + f"</{p}mtr>"
            for row in children
        )
        fences = [f"<{p}mo>{mark}</{p}mo>" for mark in _BRACKETS.get(text, "")] + ["", ""]
        return f"<{p}mrow>{fences[0]}<{p}mtable>{rows}</{p}mtable>{fences[1]}</{p}mrow>"
    inner = [mathml(child, p) for child in children]
    if kind == "row":
        return f"<{p}mrow>{''.join(inner)}</{p}mrow>"
    if kind == "fraction":
        if text == "binom":
            stack = f'<{p}mfrac linethickness="0">{inner[0]}{inner[1]}</{p}mfrac>'
            return f"<{p}mrow><{p}mo>(</{p}mo>{stack}<{p}mo>)</{p}mo></{p}mrow>"
        return f"<{p}mfrac>{inner[0]}{inner[1]}</{p}mfrac>"
    if kind == "root":
        if children[1] is EMPTY:
            return f"<{p}msqrt>{inner[0]}</{p}msqrt>"
        return f"<{p}mroot>{inner[0]}{inner[1]}</{p}mroot>"
    if kind == "box":
        return f'<{p}menclose notation="box">{inner[0]}</{p}menclose>'
    base, low, high = inner
    under = children[0].text in _BIG
    if children[1] is EMPTY:
        name, parts = ("mover" if under else "msup"), base + high
    elif children[2] is EMPTY:
        name, parts = ("munder" if under else "msub"), base + low
    else:
        name, parts = ("munderover" if under else "msubsup"), base + low + high
    return f"<{p}{name}>{parts}</{p}{name}>"


def _simple(node: Node) -> bool:
    return node.kind in ("number", "letter", "text") or (node.kind == "row" and not node.children)


def _wrap(node: Node, text: str) -> str:
    return text if _simple(node) else f"({text})"


def _line(parts: list[tuple[Node, str]]) -> str:
    """Join a row's parts: spaces around relations and binary operators, none after a sign or a bracket."""
    out: list[str] = []
    before: Node | None = None
    for node, text in parts:
        binary = node.kind == "operator" and text in "+−×÷=⋅≤≥≠≈≡<>±∣→⇒∈&lt;&gt;" and bool(text)
        sign = text in "−±+" and (before is None or (before.kind == "operator" and before.text not in ")]!%…∞"))
        if binary and not sign:
            out.append(f" {text} ")
        elif node.kind == "text" and text.isalpha():
            out.append(f" {text} " if before is not None else f"{text} ")
        else:
            out.append(text + (" " if text in (",", ";") else ""))
        before = node
    return "".join(out).replace("  ", " ").strip()


def _flat(node: Node, sup: str, sub: str, letter: str) -> str:
    """The tree on one line of text; `sup`, `sub` and `letter` are format strings of the target."""
    kind, text, children = node
    if kind in ("number", "operator", "text"):
        return escape(text, quote=False) if "<" in letter else text
    if kind == "letter":
        return letter.format(text)
    if kind == "table":
        return "; ".join(", ".join(_flat(cell, sup, sub, letter) for cell in row.children) for row in children)
    inner = [_flat(child, sup, sub, letter) for child in children]
    if kind == "row":
        return _line(list(zip(children, inner, strict=True)))
    if kind == "fraction":
        return f"{_wrap(children[0], inner[0])}/{_wrap(children[1], inner[1])}"
    if kind == "root":
        return ("√" if children[1] is EMPTY else f"{inner[1]}√") + _wrap(children[0], inner[0])
    if kind == "box":
        return inner[0]
    base = _wrap(children[0], inner[0]) if children[0].kind in ("fraction", "root") else inner[0]
    low = sub.format(inner[1]) if children[1] is not EMPTY else ""
    high = sup.format(inner[2]) if children[2] is not EMPTY else ""
    return base + low + high


def sup_sub_html(node: Node) -> str:
    """The formula as plain HTML: italic letters, <sup> and <sub>, fractions with a slash."""
    return _flat(node, "<sup>{}</sup>", "<sub>{}</sub>", "<i>{}</i>")


def program_text(node: Node) -> str:
    """The formula as people type it in a code block: * for times, ^ for powers."""
    text = _flat(node, _Script("^", {}), _Script("_", {}), "{}")
    return text.translate(_TYPED)


class _Script(str):
    """A format target for scripts: small digits where Unicode has them all, otherwise a mark and brackets."""

    mark: str
    table: dict[int, int]

    def __new__(cls, mark: str, table: dict[int, int]) -> "_Script":
        made = super().__new__(cls, mark)
        made.mark, made.table = mark, table
        return made

    def format(self, *args: object, **_: object) -> str:
        text = str(args[0])
        if all(ord(character) in self.table for character in text):
            return text.translate(self.table)
        return f"{self.mark}{text}" if text.isalnum() else f"{self.mark}({text})"


def unicode_text(node: Node) -> str:
    """The formula in plain Unicode characters: x², ½ is not used, roots with the sign √."""
    return _flat(node, _Script("^", _SUP), _Script("_", _SUB), "{}")


def spoken_label(node: Node) -> str:
    """A label as screen readers get it on rendered formulas."""
    words = {"×": " times ", "÷": " divided by ", "=": " equals ", "+": " plus ", "−": " minus ", "/": " over "}
    text = _flat(node, " to the power {}", " sub {}", "{}")
    for sign, word in words.items():
        text = text.replace(sign, word)
    return " ".join(text.split())
