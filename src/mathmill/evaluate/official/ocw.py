"""OCW courses: the rules of Minerva's evaluation for numbers, equations and expressions (paper 8.3).

Quirks: two numbers within 1e-8 of each other, or of zero, must differ by less than a hundredth of their mean, so that a
negative number and zero are never equal to themselves; an expression must be spelled as the answer is (b+a for a+b is
wrong); of an answer with an equals sign only the right side counts, unless the expected answer is an equation.
"""

import ast
import math
import operator
import re
from collections.abc import Callable

from mathmill.evaluate.official.compare import Algebra

_UNITS = (
    "eV", " \\mathrm{~kg} \\cdot \\mathrm{m} / \\mathrm{s}", " kg m/s", "kg*m/s", "kg", "m/s", "m / s", "m s^{-1}",
    "\\text{ m/s}", " \\mathrm{m/s}", " \\text{ m/s}", "g/mole", "g/mol", "\\mathrm{~g}", "W", "erg/s", "years", "year",
    "cm", "\\mathrm{m}", "\\mathrm{~m}", "\\mathrm{s}", "\\mathrm{~s}", "\\mathrm{cm}", "\\mathrm{~cm}",
)  # fmt: skip
_SPELLING = (
    ("an ", ""), ("a ", ""), (".$", "$"), ("\\$", ""), ("\\ ", ""), (" ", ""), ("mbox", "text"),
    (",\\text{and}", ","), ("\\text{and}", ","), ("\\text{m}", "\\text{}"),
)  # fmt: skip
_DROPPED = (
    "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots", "sue", "points",
    "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges", "students",
    "childrentickets", "multiples", "\\text{s}", "\\text{.}", "\\text{\ns}", "\\text{}^2", "\\text{}^3", "\\text{\n}",
    "\\text{}", "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", '"', "\\dots",
)  # fmt: skip
_UNWRAPPED = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"(.*?)(\$)(.*?)(\$)(.*)", r"$\3$"),
        (r"\\text\{(.*?)\}", r"\1"),
        (r"\\textbf\{(.*?)\}", r"\1"),
        (r"\\overline\{(.*?)\}", r"\1"),
        (r"\\boxed\{(.*)\}", r"\1"),
        (r"frac([^{])(.)", r"frac{\1}{\2}"),
        (r"sqrt([^{])", r"sqrt{\1}"),
    )
)
_ARITHMETIC: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def number(text: str, algebra: Algebra) -> float | None:
    """The number that a text is once known units are gone: plain arithmetic, else a formula's value."""
    for unit in _UNITS:
        text = text.replace(unit, "").strip()
    text = text.strip("$")
    try:
        return _arithmetic(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return algebra.value(text)


def _arithmetic(node: ast.expr) -> float:
    """The value of a Python expression of numbers, the four operations and powers; ValueError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_arithmetic(node.operand))
    if isinstance(node, ast.BinOp):
        left, right = _arithmetic(node.left), _arithmetic(node.right)
        if isinstance(node.op, ast.Pow):
            return math.pow(left, right)
        if type(node.op) in _ARITHMETIC:
            return _ARITHMETIC[type(node.op)](left, right)
    raise ValueError("no arithmetic")


def same_number(ours: float, theirs: float) -> bool:
    """Within 1e-5 of the expected number; nearer than 1e-8 to it or to zero, within 1 % of the mean (see quirks)."""
    if min(abs(ours), abs(theirs), abs(ours - theirs)) <= 1e-8:
        return abs(ours - theirs) < 0.01 * (ours + theirs) / 2
    return abs(ours - theirs) <= 1e-8 + 1e-5 * abs(theirs)


def spelling(text: str) -> str:
    """Minerva's spelling of an expression: right of the last equals sign, without units, words and spaces."""
    text = text.split("=")[-1]
    for old, new in _SPELLING:
        text = text.replace(old, new)
    for word in _DROPPED:
        text = text.replace(word, "")
    for pattern, new in _UNWRAPPED:
        text = pattern.sub(new, text)
    text = text.replace("$", "")
    return text.replace(",", "") if text.replace(",", "").isdigit() else text


def equation(text: str) -> str:
    """An equation without the signs around it."""
    text = text.removeprefix("\\[").removesuffix("\\]").replace("\\left(", "(").replace("\\right)", ")")
    return text.replace("\\\\", "\\").strip("$")


def equal(prediction: str, reference: str, algebra: Algebra) -> bool:
    """The official verdict; what kind of answer is expected decides the rule."""
    if not prediction:
        return False
    try:
        expected = float(reference)
    except ValueError:
        if "=" in reference:
            return algebra.same_equation(equation(prediction), equation(reference))
        return spelling(prediction) == spelling(reference)
    found = number(prediction, algebra)
    return found is not None and same_number(found, expected)
