r"""When the official evaluation takes two answers for equal (paper 8.3).

It accepts more than the verifier of the rewards: a factor of 100 in both directions (50 for 0.5), an absolute error of
1e-3 (2.0009 for 2), other brackets ((1,2] for (1,2)), lists in any order and with repetitions. Formulas are compared by
algebra in the helper process of `reward.symbolic`, 15 processor seconds each; a limit makes the answer wrong.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mathmill.reward.symbolic import within_caps, worker

TOLERANCE = 1e-3
SECONDS = 15.0
_BRACKETED = re.compile(r"[(\[].+[)\]]")
_MATRIX = re.compile(r"\\begin\{[pb]matrix\}(.*)\\end\{[pb]matrix\}", re.DOTALL)


@dataclass(frozen=True)
class Algebra:
    """Questions about formulas, answered in the helper process of `reward.symbolic` under its limits."""

    seconds: float = SECONDS
    memory_mb: int = 1024
    ask: Callable[..., Any] = field(default=None, repr=False)  # type: ignore[assignment]

    def close(self, left: str, right: str) -> bool:
        """Whether two formulas differ by nothing after simplification, or are numbers within TOLERANCE."""
        return bool(self._ask("close", left, right))

    def same_equation(self, left: str, right: str) -> bool:
        """Whether both are equations and the very same ones once they are parsed; equal texts are not parsed."""
        return left == right or bool(self._ask("equation", left, right))

    def value(self, text: str) -> float | None:
        """The number that a formula is; None for anything else."""
        found = self._ask("value", text, "")
        return None if found is None else float(found)

    def _ask(self, kind: str, left: str, right: str) -> Any:
        if not all(within_caps(side, 300, 12) for side in (left, right)):
            return None
        if self.ask is not None:
            return self.ask(kind, left, right)
        return _remembered(self.memory_mb, self.seconds, kind, left, right)


@lru_cache(maxsize=65536)
def _remembered(memory_mb: int, seconds: float, kind: str, left: str, right: str) -> Any:
    return worker(memory_mb).ask(kind, left, right, seconds)


def digits(text: str) -> float | None:
    r"""The number that a text is, commas dropped; with a percent sign behind it (`50%`, `50\%`) the hundredth part."""
    plain = text.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        if not plain.endswith("%"):
            return None
    try:
        return float(plain[:-1].removesuffix("\\")) / 100
    except ValueError:
        return None


def math_equal(prediction: str, reference: str, algebra: Algebra, depth: int = 0) -> bool:
    """Equality of two single answers, first as texts and numbers, then by parts, then by algebra."""
    if prediction == reference:
        return True
    ours, theirs = digits(prediction), digits(reference)
    if ours is not None and theirs is not None:
        return any(abs(ours - one) <= max(TOLERANCE, 1e-9 * abs(one)) for one in (theirs / 100, theirs, 100 * theirs))
    prediction, reference = prediction.strip(), reference.strip()
    if not prediction or depth > 4:
        return False
    if _bracketed(prediction, reference, algebra, depth) or _matrices(prediction, reference, algebra, depth):
        return True
    verdict = _equations(prediction, reference, algebra, depth)
    return verdict or algebra.close(prediction, reference)


def _all_equal(ours: Sequence[str], theirs: Sequence[str], algebra: Algebra, depth: int) -> bool:
    return len(ours) == len(theirs) and all(
        math_equal(left, right, algebra, depth + 1) for left, right in zip(ours, theirs, strict=True)
    )


def _bracketed(prediction: str, reference: str, algebra: Algebra, depth: int) -> bool:
    """Both between brackets of whichever kind: part by part, cut at every comma."""
    if not (_BRACKETED.match(prediction) and _BRACKETED.match(reference)):
        return False
    return _all_equal(prediction[1:-1].split(","), reference[1:-1].split(","), algebra, depth)


def _matrices(prediction: str, reference: str, algebra: Algebra, depth: int) -> bool:
    ours, theirs = _MATRIX.fullmatch(prediction), _MATRIX.fullmatch(reference)
    if not (ours and theirs):
        return False
    rows, expected = (
        [line.strip().split("&") for line in one[1].split("\\\\") if line.strip()] for one in (ours, theirs)
    )
    pairs = zip(rows, expected, strict=False)
    return len(rows) == len(expected) and all(_all_equal(left, right, algebra, depth) for left, right in pairs)


def _equations(prediction: str, reference: str, algebra: Algebra, depth: int) -> bool:
    """Two equations up to the sign of the whole; `x=5` against `5` where at most two characters stand on the left."""
    sides, expected = prediction.split("="), reference.split("=")
    if len(sides) == len(expected) == 2:
        ours, theirs = (f"{left.strip()} - ({right.strip()})" for left, right in (sides, expected))
        return algebra.close(ours, theirs) or algebra.close(f"-({ours})", theirs)
    if len(sides) == 2 and len(expected) == 1 and len(sides[0].strip()) <= 2:
        return math_equal(sides[1], reference, algebra, depth + 1)
    if len(expected) == 2 and len(sides) == 1 and len(expected[0].strip()) <= 2:
        return math_equal(prediction, expected[1], algebra, depth + 1)
    return False


def equal_one(prediction: str, reference: str, algebra: Algebra) -> bool:
    r"""Two answers: as numbers closer than 1e-3, as texts, or by `math_equal`; with `\cup` in both as sets of parts."""
    if "\\cup" in prediction and "\\cup" in reference:
        return equal_sets(prediction.split("\\cup"), reference.split("\\cup"), algebra)
    try:
        near = abs(float(prediction.replace(",", "")) - float(reference.replace(",", ""))) < TOLERANCE
    except ValueError:
        near = False
    return near or (bool(reference) and prediction == reference) or math_equal(prediction, reference, algebra)


def equal_sets(predictions: Sequence[str], references: Sequence[str], algebra: Algebra) -> bool:
    """Every prediction equals some answer and every answer some prediction; order and repetitions do not count."""
    pairs = [[equal_one(ours, theirs, algebra) for theirs in references] for ours in predictions]
    return all(any(row) for row in pairs) and all(any(row[i] for row in pairs) for i in range(len(references)))


def equal_last(predictions: Sequence[str], references: Sequence[str], algebra: Algebra) -> bool:
    """MATH: without repetitions, and only the last as many predictions as there are answers."""
    expected = list(dict.fromkeys(references))
    return equal_sets(list(dict.fromkeys(predictions))[-len(expected) :], expected, algebra)


def blanks(predictions: Sequence[str]) -> list[str]:
    """Gaokao cloze: the parts at every `;` and at commas outside brackets, each once (two equal blanks become one)."""
    found: list[str] = []
    for one in predictions:
        depth = start = 0
        for place, character in enumerate(one + ";"):
            depth += (character in "([{") - (character in ")]}")
            if character == ";" or (character == "," and depth == 0):
                found.append(one[start:place].strip())
                start, depth = place + 1, 0
    return list(dict.fromkeys(found))


def equal_ordered(predictions: Sequence[str], references: Sequence[str], algebra: Algebra) -> bool:
    """Gaokao cloze: the last as many blanks as there are answers, each against its own."""
    given = blanks(predictions)[-len(references) :]
    return len(given) == len(references) and all(
        equal_one(ours, theirs, algebra) for ours, theirs in zip(given, references, strict=True)
    )


def rightmost_letter(prediction: str) -> str | None:
    """Gaokao choice: of A to D the letter whose first occurrence stands furthest to the right."""
    found = {prediction.index(letter): letter for letter in "ABCD" if letter in prediction}
    return found[max(found)] if found else None
