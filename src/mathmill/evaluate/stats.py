"""The statistics of evaluation: intervals, unbiased Pass@K and Maj@K, and paired comparisons of two models."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A share in [0, 1] (or a difference of two in [-1, 1]) and the ends of its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Model B minus model A on the same problems.

    difference: of the accuracies, with its interval; wins: problems that only B solves; losses: only A; p_value: exact
    McNemar test (two-sided binomial test of wins against losses).
    """

    difference: Interval
    wins: int
    losses: int
    items: int
    p_value: float


def wilson(correct: int, items: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share. ValueError where there are no items or more correct than items."""
    if items <= 0 or not 0 <= correct <= items:
        raise ValueError(f"{correct} of {items} is no share")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / items
    centre = share + z * z / (2 * items)
    spread = z * math.sqrt(share * (1 - share) / items + z * z / (4 * items * items))
    scale = 1 + z * z / items
    # At 0 and at 1 the end is exact, which rounding would miss by a hair.
    low = 0.0 if correct == 0 else (centre - spread) / scale
    high = 1.0 if correct == items else (centre + spread) / scale
    return Interval(share, low, high)


def mean_interval(values: Sequence[float], confidence: float = 0.95, seed: int = 0, resamples: int = 2000) -> Interval:
    """Mean of one value per problem with its percentile bootstrap interval over the problems."""
    if not len(values):
        raise ValueError("no values")
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = np.array([array[rng.integers(0, len(array), len(array))].mean() for _ in range(resamples)])
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Chance that at least one of k completions, drawn without replacement from `samples`, is correct.

    The unbiased estimator of Chen et al. 2021: 1 - C(n-c, k) / C(n, k).
    """
    if not 1 <= k <= samples or not 0 <= correct <= samples:
        raise ValueError(f"no Pass@{k} from {correct} correct of {samples}")
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod((samples - correct - i) / (samples - i) for i in range(k))


def vote(answers: Sequence[Hashable | None], correct: Sequence[bool]) -> float:
    """Credit of a majority vote: 1 where the most frequent answer is correct; a tie shares it among its winners.

    answers: one key per completion, equal keys are equal answers; None (no answer) has no vote. correct: one each.
    """
    counts = Counter(answer for answer in answers if answer is not None)
    if not counts:
        return 0.0
    top = max(counts.values())
    winners = {answer for answer, count in counts.items() if count == top}
    right = {answer for answer, good in zip(answers, correct, strict=True) if good}
    return len(winners & right) / len(winners)


def maj_at_k(
    answers: Sequence[Hashable | None], correct: Sequence[bool], k: int, seed: int = 0, draws: int = 64
) -> float:
    """Expected credit of a vote among k completions, drawn without replacement.

    Exact for k = 1 and k = n, else the mean over `draws` random subsets.
    """
    n = len(answers)
    if not 1 <= k <= n:
        raise ValueError(f"no Maj@{k} from {n} completions")
    if k == n:
        return vote(answers, correct)
    if k == 1:
        return sum(correct) / n
    rng = np.random.default_rng(seed)
    total = 0.0
    for _ in range(draws):
        chosen = rng.choice(n, size=k, replace=False)
        total += vote([answers[i] for i in chosen], [correct[i] for i in chosen])
    return total / draws


def paired(
    before: Sequence[bool], after: Sequence[bool], confidence: float = 0.95, seed: int = 0, resamples: int = 20_000
) -> Paired:
    """Compare two models on the same problems in the same order: paired bootstrap interval and exact McNemar test.

    A resample of problems changes only how many of them are wins, losses and ties, so it is one multinomial draw.
    """
    if len(before) != len(after) or not len(before):
        raise ValueError(f"paired comparison of {len(before)} and {len(after)} outcomes")
    items = len(before)
    wins = sum(1 for a, b in zip(before, after, strict=True) if b and not a)
    losses = sum(1 for a, b in zip(before, after, strict=True) if a and not b)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(items, [wins / items, losses / items, (items - wins - losses) / items], size=resamples)
    differences = (draws[:, 0] - draws[:, 1]) / items
    low, high = np.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Paired(
        Interval((wins - losses) / items, float(low), float(high)), wins, losses, items, mcnemar(wins, losses)
    )


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided exact p-value that wins and losses are equally likely."""
    total, small = wins + losses, min(wins, losses)
    if total == 0:
        return 1.0
    # logarithms, because C(n, k) overflows a float from about a thousand discordant problems on
    log_half = total * math.log(2)
    tail = sum(
        math.exp(math.lgamma(total + 1) - math.lgamma(i + 1) - math.lgamma(total - i + 1) - log_half)
        for i in range(small + 1)
    )
    return min(1.0, 2 * tail)
