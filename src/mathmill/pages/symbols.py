"""Characters of presentation MathML as LaTeX."""

import unicodedata

_GREEK = (  # noqa: SIM905
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau "
    "upsilon varphi chi psi omega"
).split()
_CAPITALS = {0x393: "Gamma", 0x394: "Delta", 0x398: "Theta", 0x39B: "Lambda", 0x39E: "Xi", 0x3A0: "Pi", 0x3A3: "Sigma",
             0x3A5: "Upsilon", 0x3A6: "Phi", 0x3A8: "Psi", 0x3A9: "Omega"}  # fmt: skip

SYMBOLS: dict[str, str] = {
    **{chr(0x3B1 + index): f"\\{name}" for index, name in enumerate(_GREEK) if name != "omicron"},
    **{chr(code): f"\\{name}" for code, name in _CAPITALS.items()},
    "ϕ": r"\phi", "ϵ": r"\epsilon", "ϑ": r"\vartheta", "ϱ": r"\varrho", "ϖ": r"\varpi", "µ": r"\mu",
    "×": r"\times", "÷": r"\div", "±": r"\pm", "∓": r"\mp", "·": r"\cdot", "⋅": r"\cdot", "∗": "*", "∘": r"\circ",
    "−": "-", "–": "-", "∕": "/", "⁄": "/", "′": "'", "″": "''",
    "≤": r"\leq", "⩽": r"\leq", "≥": r"\geq", "⩾": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv",
    "∼": r"\sim", "≃": r"\simeq", "≅": r"\cong", "∝": r"\propto", "≪": r"\ll", "≫": r"\gg", "≺": r"\prec",
    "∈": r"\in", "∉": r"\notin", "∋": r"\ni", "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset", "⊇": r"\supseteq",
    "∪": r"\cup", "∩": r"\cap", "∖": r"\setminus", "∅": r"\emptyset", "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg",
    "∀": r"\forall", "∃": r"\exists", "⊕": r"\oplus", "⊗": r"\otimes", "⊥": r"\perp", "∥": r"\parallel", "∣": r"\mid",
    "→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow", "↦": r"\mapsto", "⟶": r"\longrightarrow", "⟹": r"\implies", "⟺": r"\iff",
    "∑": r"\sum", "∏": r"\prod", "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint",
    "⋃": r"\bigcup", "⋂": r"\bigcap", "√": r"\surd", "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty",
    "…": r"\ldots", "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots", "∠": r"\angle", "△": r"\triangle", "°": r"^{\circ}",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "⟨": r"\langle", "⟩": r"\rangle",
    "〈": r"\langle", "〉": r"\rangle", "‖": r"\|", "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}",
    "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "ℙ": r"\mathbb{P}", "ℓ": r"\ell", "ℏ": r"\hbar", "ℵ": r"\aleph",
    "ℜ": r"\Re", "ℑ": r"\Im", "∴": r"\therefore", "∵": r"\because", "⊢": r"\vdash", "⊨": r"\models",
    "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "\\": r"\backslash",
    "≲": r"\lesssim", "≳": r"\gtrsim", "≻": r"\succ", "⪯": r"\preceq", "⪰": r"\succeq", "⊊": r"\subsetneq",
    "∄": r"\nexists", "⊤": r"\top", "⊖": r"\ominus", "⊙": r"\odot", "⋆": r"\star", "†": r"\dagger", "⊔": r"\sqcup",
    "≐": r"\doteq", "≔": r":=", "∤": r"\nmid", "⋁": r"\bigvee", "⋀": r"\bigwedge", "⨁": r"\bigoplus",
    "⨂": r"\bigotimes",
    "↑": r"\uparrow", "↓": r"\downarrow", "↗": r"\nearrow", "↘": r"\searrow", "↪": r"\hookrightarrow",
    "↠": r"\twoheadrightarrow",
    "⟵": r"\longleftarrow", "⟷": r"\longleftrightarrow", "⟼": r"\longmapsto", "⇌": r"\rightleftharpoons",
    "□": r"\square", "◻": r"\square", "■": r"\blacksquare", "⟂": r"\perp", "≜": r"\triangleq", "≢": r"\not\equiv",
    "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}", "²": "^{2}", "³": "^{3}", "¹": "^{1}",
    "ħ": r"\hbar", "ı": r"\imath", "ȷ": r"\jmath", "Å": r"\mathring{A}",
    "ⅆ": "d", "ⅇ": "e", "ⅈ": "i", "ⅉ": "j", "‴": "'''", "∶": ":", "﹣": "-",
    "\u2002": " ", "\u2003": r"\quad ", "\u2004": "", "\u2005": "", "\u2006": "", "\u200a": "", "\u205f": "",
    "\ufeff": "",
    # Invisible times, function application, separators; spaces of all widths.
    "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u200b": "", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
}  # fmt: skip

# Accents of <mover> and <munder>: the character above or below -> the command around the base.
OVER: dict[str, str] = {
    "¯": "bar", "ˉ": "bar", "‾": "overline", "―": "overline", "_": "overline", "^": "hat", "ˆ": "hat",
    "~": "tilde", "˜": "tilde", "→": "vec", "⃗": "vec", "˙": "dot", ".": "dot", "¨": "ddot", "⃛": "dddot", "ˇ": "check",
    "˘": "breve", "⏞": "overbrace", "︷": "overbrace", "´": "acute", "`": "grave", "⌢": "overset{\\frown}",
    "←": "overleftarrow", "↔": "overleftrightarrow", "○": "mathring", "˚": "mathring",
}  # fmt: skip
UNDER: dict[str, str] = {"_": "underline", "̲": "underline", "⏟": "underbrace", "︸": "underbrace", "¯": "underline",
                         "―": "underline", "‾": "underline"}  # fmt: skip

# Operators whose under and over are limits.
LIMITS = frozenset(
    r"""\sum \prod \coprod \int \iint \iiint \oint \bigcup \bigcap \bigvee \bigwedge \bigoplus \bigotimes \bigsqcup
    \lim \limsup \liminf \max \min \sup \inf \det \gcd \Pr""".split()  # noqa: SIM905
)

# Arrows that stretch under a label.
ARROWS: dict[str, str] = {
    r"\to": "xrightarrow", r"\longrightarrow": "xrightarrow", r"\leftarrow": "xleftarrow",
    r"\Rightarrow": "xRightarrow", r"\implies": "xRightarrow", r"\leftrightarrow": "xleftrightarrow",
}  # fmt: skip

# <menclose notation>: part of the attribute -> command.
STRIKES: dict[str, str] = {
    "box": "boxed", "updiagonalstrike": "cancel", "downdiagonalstrike": "bcancel", "horizontalstrike": "cancel",
    "radical": "sqrt", "top": "overline", "bottom": "underline",
}  # fmt: skip

# mathvariant -> command; italic is what a letter is without one.
VARIANTS: dict[str, str] = {
    "double-struck": "mathbb", "bold": "mathbf", "bold-italic": "boldsymbol", "script": "mathcal",
    "bold-script": "mathcal", "fraktur": "mathfrak", "bold-fraktur": "mathfrak", "sans-serif": "mathsf",
    "monospace": "mathtt", "normal": "mathrm",
}  # fmt: skip

# Characters that TeX would read as commands inside \text{}.
TEXT: dict[str, str] = {"%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "_": r"\_", "{": r"\{", "}": r"\}"}

# Letters of the block of mathematical alphabets: the start of the character's name -> command.
_ALPHABETS = {
    "MATHEMATICAL BOLD ITALIC ": "boldsymbol", "MATHEMATICAL BOLD SCRIPT ": "mathcal",
    "MATHEMATICAL BOLD FRAKTUR ": "mathfrak", "MATHEMATICAL BOLD ": "mathbf", "MATHEMATICAL ITALIC ": "",
    "MATHEMATICAL SCRIPT ": "mathcal", "MATHEMATICAL FRAKTUR ": "mathfrak", "MATHEMATICAL DOUBLE-STRUCK ": "mathbb",
    "MATHEMATICAL SANS-SERIF ": "mathsf", "MATHEMATICAL MONOSPACE ": "mathtt", "SCRIPT ": "mathcal",
    "BLACK-LETTER ": "mathfrak", "DOUBLE-STRUCK ": "mathbb",
}  # fmt: skip

# Names that LaTeX sets upright by a command of the same name.
_NAMES = """
sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp lim limsup liminf max min sup inf
gcd det dim ker deg arg hom Pr
"""
FUNCTIONS = frozenset(_NAMES.split())


def plain_letter(char: str) -> str:
    """A letter of a mathematical alphabet as a command around the plain letter; any other character as it is."""
    if char < "℀" or (char > "⅏" and char < "𝐀"):
        return char
    name = unicodedata.name(char, "")
    letter = unicodedata.normalize("NFKC", char)
    command = next((command for start, command in _ALPHABETS.items() if name.startswith(start)), None)
    if command is None or len(letter) != 1:
        return char
    letter = SYMBOLS.get(letter, letter)
    return f"\\{command}{{{letter}}}" if command else letter
