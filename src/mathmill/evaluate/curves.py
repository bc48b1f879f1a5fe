"""Pass@K and Maj@K over several completions of each problem (paper 5.2.2, Figure 7)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from mathmill.evaluate.grade import Graded
from mathmill.evaluate.stats import maj_at_k, mean_interval, pass_at_k
from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import GoldError, canonical, same_answer

_MERGED = 12  # the most frequent formulas of a problem whose equality is asked of algebra


def summarise_samples(
    samples: Sequence[Sequence[Graded]], config: VerifierConfig, confidence: float, seed: int, mode: str | None = None
) -> dict[str, Any]:
    """Pass@K and Maj@K for K = 1, 2, 4 ... n (Pass@1 is the mean over completions), with bootstrap intervals.

    per_problem holds what a paired comparison of two models needs: how many completions are right, and the credit of
    the vote at each K.
    """
    mode = mode or config.mode
    n = len(samples[0])
    sizes = sorted({2**power for power in range(n.bit_length()) if 2**power <= n} | {n})
    ballots = [votes([one.extracted for one in group], config) for group in samples]
    right = [[one.correct(mode) for one in group] for group in samples]
    curves: dict[str, Any] = {"n": n, "items": len(samples), "mode": mode, "pass_at": {}, "maj_at": {}}
    credits: dict[str, list[float]] = {}
    for k in sizes:
        passes = [pass_at_k(n, sum(group), k) for group in right]
        majorities = [maj_at_k(v, r, k, seed=seed + i) for i, (v, r) in enumerate(zip(ballots, right, strict=True))]
        curves["pass_at"][str(k)] = asdict(mean_interval(passes, confidence, seed))
        curves["maj_at"][str(k)] = asdict(mean_interval(majorities, confidence, seed))
        credits[str(k)] = majorities
    curves["mixed"] = sum(1 for group in right if 0 < sum(group) < n) / len(samples)
    curves["truncated"] = sum(not one.completion.finished for group in samples for one in group) / (n * len(samples))
    curves["per_problem"] = {"correct": [sum(group) for group in right], "maj_at": credits}
    return curves


def votes(answers: Sequence[str | None], config: VerifierConfig | None = None) -> list[str | None]:
    """One key for each answer, equal where the verifier takes two answers for equal; None has no vote.

    Numbers and lists have an exact key. Formulas that are spelled differently (x+1 and 1+x) are compared by the
    verifier; of more than a dozen different ones in a group the rarer count as they are spelled.
    """
    keys = [canonical(answer, config) for answer in answers]
    written: dict[str, str] = {}
    for key, answer in zip(keys, answers, strict=True):
        if key is not None and answer is not None:
            written.setdefault(key, answer)
    counts = Counter(key for key in keys if key is not None and not _is_number(key))
    # Among equals the alphabet decides, so that the order of the samples does not.
    formulas = sorted(counts, key=lambda key: (-counts[key], key))[:_MERGED]
    first: dict[str, str] = {}
    for place, key in enumerate(formulas):
        known = [earlier for earlier in formulas[:place] if earlier not in first]
        same = next((earlier for earlier in known if _same(written[earlier], written[key], config)), None)
        if same is not None:
            first[key] = same
    return [None if key is None else first.get(key, key) for key in keys]


def _is_number(key: str) -> bool:
    try:
        Fraction(key)
    except (ValueError, ZeroDivisionError):
        return False
    return True


def _same(left: str, right: str, config: VerifierConfig | None) -> bool:
    """Whether the verifier takes either for the other."""
    for answer, gold in ((left, right), (right, left)):
        try:
            if same_answer(answer, gold, config=config):
                return True
        except GoldError:  # an answer that no gold could be: it equals itself only
            continue
    return False
