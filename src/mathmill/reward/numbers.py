"""Read a written number as an exact rational: the fast path of the verifier."""

import re
from dataclasses import dataclass
from fractions import Fraction

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)"
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(rf"([+-]?)({_DIGITS}\.?\d*|\.\d+)(%?)")
_RATIO = re.compile(rf"([+-]?)({_DIGITS})/([+-]?)({_DIGITS})(%?)")
_FRAC = re.compile(r"([+-]?)(\d+)?\\frac\{([+-]?\d+(?:\.\d+)?)\}\{([+-]?\d+(?:\.\d+)?)\}(%?)")
_MIXED = re.compile(r"([+-]?)(\d+)[ ]+(\d+)/(\d+)")
_SCIENTIFIC = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\\times10\^\{?([+-]?\d{1,3})\}?|[eE]([+-]?\d{1,3}))")
MAX_DIGITS = 200


@dataclass(frozen=True)
class Number:
    """A number as written: its exact value, and whether it was a decimal or carried a percent sign."""

    value: Fraction
    decimal: bool = False
    percent: bool = False


def _plain(digits: str) -> Fraction:
    digits = digits.replace(",", "").replace(" ", "")
    return Fraction("0" + digits if digits.startswith(".") else digits.rstrip(".") if digits.endswith(".") else digits)


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value


def read_number(text: str) -> Number | None:
    r"""The number that `text` (normalised by `latex.normalise`) is, or None where it is anything else.

    Integers, thousands separators, decimals, a/b, \frac{a}{b}, mixed numbers, powers of ten up to 10^999, a percent
    sign. A zero denominator is no number.
    """
    if _INTEGER.fullmatch(text):
        return Number(Fraction(int(text)))
    if len(text) > MAX_DIGITS or not any(character.isdigit() for character in text):
        return None
    if match := _DECIMAL.fullmatch(text):
        sign, digits, percent = match.groups()
        return Number(_signed(sign, _plain(digits)), "." in digits.rstrip("."), bool(percent))
    if match := _RATIO.fullmatch(text):
        sign, above, sign_below, below, percent = match.groups()
        return _ratio(sign, _plain(above), _signed(sign_below, _plain(below)), Fraction(0), bool(percent))
    if match := _FRAC.fullmatch(text):
        sign, whole, above, below, percent = match.groups()
        if whole and (above[0] in "+-" or below[0] in "+-"):
            return None
        return _ratio(sign, Fraction(above), Fraction(below), Fraction(whole or 0), bool(percent))
    if match := _MIXED.fullmatch(text):
        sign, whole, above, below = match.groups()
        return _ratio(sign, Fraction(above), Fraction(below), Fraction(whole), False)
    if match := _SCIENTIFIC.fullmatch(text):
        exponent = int(match.group(2) or match.group(3))
        return Number(Fraction(match.group(1)) * Fraction(10) ** exponent, "." in match.group(1) or exponent < 0)
    return None


def _ratio(sign: str, above: Fraction, below: Fraction, whole: Fraction, percent: bool) -> Number | None:
    if below == 0:
        return None
    return Number(_signed(sign, whole + above / below), False, percent)


def same_number(left: Number, right: Number, percent: str = "drop", tolerance: float = 0.0) -> bool:
    """Whether two numbers are equal under the choices of `VerifierConfig.percent` and `.tolerance`."""
    if tolerance and (left.decimal or right.decimal):
        return any(abs(a - b) <= Fraction(tolerance) for a in readings(left, percent) for b in readings(right, percent))
    return any(a == b for a in readings(left, percent) for b in readings(right, percent))


def readings(number: Number, percent: str) -> tuple[Fraction, ...]:
    """The values that a number may stand for: a percent sign is dropped, divides by 100, or either."""
    if not number.percent or percent == "drop":
        return (number.value,)
    if percent == "ratio":
        return (number.value / 100,)
    return (number.value, number.value / 100)
