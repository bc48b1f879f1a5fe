r"""The rule reward of the paper (5.2.1) and the check of every evaluation: whether the final answer of a text is right.

`verify` is the one function for both. The answer is taken out by `extract` and compared in this order: the same string;
the same normalised LaTeX; the same exact number; the same list, interval or matrix, part by part; the same expression
by math-verify and sympy. Where a number is expected, an answer that leaves the work undone (`12+3` for `15`) earns
nothing. Lists and sets (`1, 2`, `\{1,2\}`) are compared without their order, as the roots of an equation are; tuples
and intervals with order and brackets.
"""

from dataclasses import dataclass
from functools import lru_cache

from mathmill.reward.compare import Comparison
from mathmill.reward.config import VerifierConfig
from mathmill.reward.extract import extract
from mathmill.reward.latex import normalise
from mathmill.reward.numbers import Number, read_number, readings, same_number
from mathmill.reward.structure import split, value_of
from mathmill.workflow.errors import UserError

_DEFAULT = VerifierConfig()


class GoldError(UserError):
    """An expected answer is empty or unusable: the item must be mended, it can never be rewarded."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    correct: whether the answer is right.
    extracted: the answer as written in the text, None without one.
    how: where it was found and which comparison decided, "boxed/number"; "none" without an answer.
    """

    correct: bool
    extracted: str | None
    how: str

    @property
    def where(self) -> str:
        """The extraction rule: boxed, hash, phrase, number or none."""
        return self.how.partition("/")[0]


@dataclass(frozen=True)
class Gold:
    """An expected answer, read once: as given, normalised, reduced to its value, as a number."""

    text: str
    written: str
    normal: str
    number: Number | None


@lru_cache(maxsize=65536)
def read_gold(answer: str) -> Gold:
    """The expected answer in all its forms. GoldError where it is empty, no text, too long or has unbalanced braces."""
    if not isinstance(answer, str):
        raise GoldError(f"the expected answer {answer!r} is no text; write it as a string")
    text = answer.strip()
    if len(text) > 2000:
        raise GoldError(
            f"the expected answer starting with {text[:40]!r} has {len(text)} characters; at most 2000 are read"
        )
    written = normalise(text) if text else ""
    normal = value_of(written)
    if (
        not normal
        or normal.lower() in {"nan", "null", "[invalid]"}
        or not any(c.isalnum() or c == "\\" for c in normal)
    ):
        raise GoldError(f"the expected answer {answer!r} is empty or says nothing; mend the item")
    depth = 0
    for character in normal.replace("\\{", "").replace("\\}", ""):
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
    if depth:
        raise GoldError(f"the expected answer {answer!r} has unbalanced braces; mend the item")
    return Gold(text, written, normal, read_number(normal))


def verify(text: str, answer: str, *, mode: str | None = None, config: VerifierConfig | None = None) -> Verdict:
    """Check the final answer of `text` against the expected `answer`.

    mode: "strict" or "lenient"; None takes `config.mode`. Raises GoldError for an unusable expected answer; nothing
    that `text` holds can raise, hang or fill the memory.
    """
    config = config or _DEFAULT
    gold = read_gold(answer)
    mode = config.mode if mode is None else mode
    if mode not in ("strict", "lenient"):
        raise ValueError(f"mode must be strict or lenient, not {mode!r}")
    extracted, where = extract(text, mode)
    if extracted is None:
        return Verdict(False, None, "none")
    correct, rule = _compare(extracted, gold, config)
    return Verdict(correct, extracted, f"{where}/{rule}")


def same_answer(extracted: str, answer: str, *, config: VerifierConfig | None = None) -> bool:
    """Whether an answer that was taken out already equals the expected one."""
    return _compare(extracted, read_gold(answer), config or _DEFAULT)[0]


def _compare(extracted: str, gold: Gold, config: VerifierConfig) -> tuple[bool, str]:
    """(equal, the rule that decided)."""
    if extracted == gold.text:
        return True, "string"
    if len(extracted) > config.max_characters:
        return False, "length"
    written = normalise(extracted)
    if written in (gold.normal, gold.written):
        return True, "latex"
    number = read_number(value_of(written))
    if number is not None and gold.number is not None:
        return same_number(number, gold.number, config.percent, config.tolerance), "number"
    comparison = Comparison(config)
    return comparison.equal(written, gold.written), comparison.rule


def canonical(extracted: str | None, config: VerifierConfig | None = None) -> str | None:
    """One key for equal answers, by which votes are counted (Maj@K): the exact number, the list without its order.

    Anything else counts by its normalised text.
    """
    config = config or _DEFAULT
    if extracted is None:
        return None
    if len(extracted) > config.max_characters:
        return extracted
    normal = value_of(normalise(extracted))
    number = read_number(normal)
    if number is not None:
        return str(readings(number, config.percent)[0])
    structure = split(normal)
    if structure is None or structure.kind != "list" or len(structure.parts) < 2:
        return normal
    return ";".join(sorted({canonical(part, config) or "" for part in structure.parts if isinstance(part, str)}))
