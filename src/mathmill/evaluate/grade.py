"""Verdicts on completions, and their summary by family, language and difficulty."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mathmill.evaluate.readers import Item
from mathmill.evaluate.stats import maj_at_k, mean_interval, pass_at_k, wilson
from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import canonical, verify
from mathmill.rl.rollout import Completion

MODES = ("strict", "lenient")
_GROUPS: dict[str, Callable[[Item], str]] = {
    "by_family": lambda item: item.family,
    "by_lang": lambda item: item.lang,
    "by_difficulty": lambda item: str(item.difficulty),
}


@dataclass(frozen=True)
class Graded:
    """One completion and whether it is right under both extractions. where: the lenient extraction's rule."""

    completion: Completion
    strict: bool
    lenient: bool
    extracted: str | None
    where: str

    def correct(self, mode: str) -> bool:
        """The verdict under one of MODES."""
        return self.strict if mode == "strict" else self.lenient


def grade(item: Item, completion: Completion, config: VerifierConfig) -> Graded:
    """Check one completion strictly and leniently."""
    lenient = verify(completion.text, item.answer, mode="lenient", config=config)
    # A box that was found leniently is the same box strictly; anything else does not count strictly.
    strict = lenient.where == "boxed" and lenient.correct
    return Graded(completion, strict, lenient.correct, lenient.extracted, lenient.where)


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
    result["outcomes"] = {mode: "".join("01"[verdict.correct(mode)] for verdict in graded) for mode in MODES}
    return result


def _accuracies(graded: Sequence[Graded], confidence: float) -> dict[str, Any]:
    result: dict[str, Any] = {"items": len(graded)}
    for mode in MODES:
        correct = sum(verdict.correct(mode) for verdict in graded)
        result[mode] = {"correct": correct, **asdict(wilson(correct, len(graded), confidence))}
    return result


def summarise_samples(
    samples: Sequence[Sequence[Graded]], config: VerifierConfig, confidence: float, seed: int
) -> dict[str, Any]:
    """Pass@K and Maj@K for K = 1, 2, 4 ... n (Pass@1 is the mean over completions), with bootstrap intervals."""
    n = len(samples[0])
    sizes = sorted({2**power for power in range(n.bit_length()) if 2**power <= n} | {n})
    votes = [[canonical(one.extracted, config) for one in group] for group in samples]
    right = [[one.correct(config.mode) for one in group] for group in samples]
    curves: dict[str, Any] = {"n": n, "items": len(samples), "mode": config.mode, "pass_at": {}, "maj_at": {}}
    for k in sizes:
        passes = [pass_at_k(n, sum(group), k) for group in right]
        majorities = [maj_at_k(v, r, k, seed=seed + i) for i, (v, r) in enumerate(zip(votes, right, strict=True))]
        curves["pass_at"][str(k)] = asdict(mean_interval(passes, confidence, seed))
        curves["maj_at"][str(k)] = asdict(mean_interval(majorities, confidence, seed))
    curves["pass_1"] = curves["pass_at"]["1"]
    curves["mixed"] = sum(1 for group in right if 0 < sum(group) < n) / len(samples)
    curves["truncated"] = sum(not one.completion.finished for group in samples for one in group) / (n * len(samples))
    return curves
