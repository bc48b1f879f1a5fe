r"""Compare two normalised answers that are not both plain numbers: part by part, and by algebra where that is needed.

Algebra happens in the helper process of `symbolic`, under limits. One comparison asks it at most `_CALLS` times and
never again after a limit was hit, so that a hostile list costs no more than a hostile formula.
"""

from mathmill.reward.config import VerifierConfig
from mathmill.reward.latex import looks_like_expression
from mathmill.reward.numbers import read_number, same_number
from mathmill.reward.structure import Structure, split, value_of
from mathmill.reward.symbolic import within_caps, worker

_CALLS = 12
_DEEPEST = 4
Part = str | Structure


class Comparison:
    """One comparison. rule: what decided it so far: latex, structure, symbolic, length or limit."""

    def __init__(self, config: VerifierConfig) -> None:
        self.config = config
        self.rule = "latex"
        self.calls = _CALLS

    def equal(self, answer: Part, gold: Part, depth: int = 0) -> bool:
        """Whether an answer equals the expected one."""
        if isinstance(answer, Structure) or isinstance(gold, Structure):
            return isinstance(answer, Structure) and isinstance(gold, Structure) and self._match(answer, gold, depth)
        answer, gold = _same_form(answer, gold)
        if answer == gold:
            return True
        number, expected = read_number(answer), read_number(gold)
        if number is not None and expected is not None:
            return same_number(number, expected, self.config.percent, self.config.tolerance)
        if depth <= _DEEPEST and len(answer) <= self.config.max_characters:
            ours, theirs = split(answer), split(gold)
            if ours is not None or theirs is not None:
                verdict = self._structures(ours or _single(answer), theirs or _single(gold), depth)
                if verdict is not None:
                    self.rule = "structure" if self.rule == "latex" else self.rule
                    return verdict
        # An answer that leaves the work undone (12+3 for 15) earns nothing.
        if expected is not None or not looks_like_expression(gold):
            return False
        return (number is not None or looks_like_expression(answer)) and self._algebra(answer, gold)

    def _structures(self, answer: Structure, gold: Structure, depth: int) -> bool | None:
        """The verdict on two structures; None where only algebra can tell (a relation and its interval, plus-minus)."""
        if self._match(answer, gold, depth):
            return True
        texts = [part for part in (*answer.parts, *gold.parts) if isinstance(part, str)]
        if any("\\pm" in text or "<" in text or ">" in text or "\\le" in text or "\\ge" in text for text in texts):
            return None
        alone = [side for side in (answer, gold) if side.kind == "list" and len(side.parts) == 1]
        return None if alone and {answer.kind, gold.kind} != {"list"} else False

    def _match(self, answer: Structure, gold: Structure, depth: int) -> bool:
        answer, gold = answer.distinct(), gold.distinct()
        if answer.names or gold.names:
            return self._named(answer, gold, depth)
        if answer.kind != gold.kind or answer.ends != gold.ends or len(answer.parts) != len(gold.parts):
            return False
        if answer.kind == "list":
            return self._unordered(answer.parts, gold.parts, depth)
        pairs = zip(answer.parts, gold.parts, strict=True)
        return all(self.equal(ours, theirs, depth + 1) for ours, theirs in pairs)

    def _named(self, answer: Structure, gold: Structure, depth: int) -> bool:
        """Values with names, against the same in any order, or against bare values in the order of the names."""
        if len(answer.parts) != len(gold.parts) or "matrix" in (answer.kind, gold.kind):
            return False
        if set(answer.names) == set(gold.names):
            answer, gold = answer.ordered(), gold.ordered()
        elif answer.names and gold.names:
            return False
        pairs = zip(answer.parts, gold.parts, strict=True)
        return all(self.equal(ours, theirs, depth + 1) for ours, theirs in pairs)

    def _unordered(self, answer: tuple[Part, ...], gold: tuple[Part, ...], depth: int) -> bool:
        left = list(gold)
        unsure: list[Part] = []
        for part in answer:  # what is equal as written needs no algebra
            if part in left:
                left.remove(part)
            else:
                unsure.append(part)
        for part in unsure:
            found = next((theirs for theirs in left if self.equal(part, theirs, depth + 1)), None)
            if found is None:
                return False
            left.remove(found)
        return True

    def _algebra(self, answer: str, gold: str) -> bool:
        config = self.config
        if not config.symbolic or self.calls == 0 or self.rule == "limit":
            return False
        if not all(within_caps(side, config.max_characters, config.max_nesting) for side in (answer, gold)):
            self.rule = "length"
            return False
        self.calls -= 1
        equal = worker(config.memory_mb).equal(gold, answer, config.seconds)
        self.rule = "limit" if equal is None else "symbolic"
        return bool(equal)


def _same_form(answer: str, gold: str) -> tuple[str, str]:
    """Both reduced to values; where only one has a value (`y=2x` against `2x-y=0`), both as they are written."""
    ours, theirs = _bare(value_of(answer)), _bare(value_of(gold))
    return (answer, gold) if ("=" in ours) != ("=" in theirs) and "=" in answer and "=" in gold else (ours, theirs)


def _bare(text: str) -> str:
    """A number or the letter of a choice in brackets without them."""
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else ""
    return inner if len(inner) == 1 or ("," not in inner and read_number(inner) is not None) else text


def _single(text: str) -> Structure:
    return Structure("list", (text,))
