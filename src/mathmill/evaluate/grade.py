"""Verdicts on completions, and their summary by family, language and difficulty."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mathmill.evaluate.item import Item
from mathmill.evaluate.official.compare import Algebra, equal_last
from mathmill.evaluate.official.extract import listed
from mathmill.evaluate.official.strip import strip_string
from mathmill.evaluate.stats import wilson
from mathmill.evaluate.tasks.task import Found, Task, as_list
from mathmill.reward.config import VerifierConfig
from mathmill.reward.extract import TAIL, extract
from mathmill.reward.verifier import same_answer, verify
from mathmill.rl.rollout import Completion

MODES = ("strict", "lenient", "official")
_GROUPS: dict[str, Callable[[Item], str]] = {
    "by_family": lambda item: item.family,
    "by_lang": lambda item: item.lang,
    "by_difficulty": lambda item: str(item.difficulty),
}


@dataclass(frozen=True)
class Graded:
    """One completion and whether it is right. where: the lenient extraction's rule.

    strict, lenient: by the verifier of the rewards under both extractions. official: as the paper's own evaluation
    would say, None where it was not asked for.
    """

    completion: Completion
    strict: bool
    lenient: bool
    extracted: str | None
    where: str
    official: bool | None = None

    def correct(self, mode: str) -> bool:
        """The verdict under one of MODES."""
        return bool({"strict": self.strict, "lenient": self.lenient, "official": self.official}[mode])


@dataclass(frozen=True)
class Judge:
    """How the completions of one benchmark are graded.

    task: the benchmark's own rules, None for problems of the user's. official: grade as the paper's evaluation, too.
    chat: whether the completions are a tuned model's, for which that has other extraction rules.
    """

    verifier: VerifierConfig
    task: Task | None = None
    official: bool = False
    chat: bool = True
    algebra: Algebra = field(default_factory=Algebra)

    def grade(self, item: Item, completion: Completion) -> Graded:
        """The verdict on a text."""
        text = completion.text
        if self.task is None:
            verdict = verify(text, item.answer, mode="lenient", config=self.verifier)
            correct, found, where = verdict.correct, verdict.extracted, verdict.where
        else:
            found, where = _locate(text, self.task)
            correct = found is not None and self.task.same(found, item, self.verifier)
        # A box that was found leniently is the same box strictly; anything else does not count strictly.
        official = self._official(item, self._extract(item, text)) if self.official else None
        return Graded(completion, where == "boxed" and correct, correct, found, where, official)

    def grade_printed(self, item: Item, completion: Completion, printed: str | None) -> Graded:
        """The verdict on what a program printed: right or wrong, whichever extraction is asked for."""
        if printed is None:
            right = False
        elif self.task is None:
            right = same_answer(printed, item.answer, config=self.verifier)
        else:
            right = self.task.same(printed, item, self.verifier)
        official = (printed is not None and self._official(item, printed)) if self.official else None
        return Graded(completion, right, right, printed, "none" if printed is None else "program", official)

    def _extract(self, item: Item, text: str) -> Found:
        if self.task is None:
            return listed(item.question, text)
        return (self.task.zero_shot if self.chat else self.task.few_shot)(item, text)

    def _official(self, item: Item, found: Found) -> bool:
        if self.task is None:
            return equal_last(as_list(found), [strip_string(item.answer)], self.algebra)
        return self.task.official(found, item, self.algebra)


def _locate(text: str, task: Task) -> tuple[str | None, str]:
    """(answer, where) of a text: the last box, else where the task states its answers, else the lenient rules."""
    found, where = extract(text, "lenient")
    if where == "boxed" or task.phrase is None:
        return found, where
    stated = task.phrase.findall(text[-TAIL:])
    return (stated[-1].strip(), "phrase") if stated else (found, where)


def modes(graded: Sequence[Graded]) -> tuple[str, ...]:
    """The MODES under which these were graded."""
    return MODES if graded and graded[0].official is not None else MODES[:2]


def summarise_greedy(items: Sequence[Item], graded: Sequence[Graded], confidence: float) -> dict[str, Any]:
    """Accuracy (pass@1 of greedy decoding) with Wilson intervals, as a whole and by group; what the texts look like."""
    result = _accuracies(graded, confidence)
    for name, key in _GROUPS.items():
        groups: dict[str, list[Graded]] = defaultdict(list)
        for item, verdict in zip(items, graded, strict=True):
            groups[key(item)].append(verdict)
        result[name] = {group: _accuracies(members, confidence) for group, members in sorted(groups.items())}
    result["extraction"] = dict(sorted(Counter(verdict.where for verdict in graded).items()))
    result["truncated"] = sum(1 for verdict in graded if not verdict.completion.finished) / len(graded)
    result["tokens"] = sum(verdict.completion.tokens for verdict in graded) / len(graded)
    # One character a problem, in the order of the benchmark: what paired comparisons of two models need.
    result["outcomes"] = {mode: "".join("01"[verdict.correct(mode)] for verdict in graded) for mode in modes(graded)}
    return result


def _accuracies(graded: Sequence[Graded], confidence: float) -> dict[str, Any]:
    result: dict[str, Any] = {"items": len(graded)}
    for mode in modes(graded):
        correct = sum(verdict.correct(mode) for verdict in graded)
        result[mode] = {"correct": correct, **asdict(wilson(correct, len(graded), confidence))}
    return result
