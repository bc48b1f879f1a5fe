"""Intervals over seeds: the same seed with and without, so only the difference varies."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """After minus before, by seed; low and high: the t interval of their mean (None with fewer than two seeds)."""

    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None


def t_interval(values: list[float], confidence: float) -> tuple[float, float] | None:
    """Student's interval of the mean with n - 1 degrees of freedom; None with fewer than two values."""
    from scipy.stats import t

    if len(values) < 2:
        return None
    spread = float(t.ppf(0.5 + confidence / 2, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    mean = statistics.fmean(values)
    return mean - spread, mean + spread


def paired(before: Mapping[int, float], after: Mapping[int, float], confidence: float = 0.95) -> Difference | None:
    """The difference over the seeds that both have; None where there is none.

    The interval takes the differences as draws of one normal distribution: it covers the luck of initial weights and of
    the order of documents, not the choice of problems, which every seed shares.
    """
    seeds = tuple(sorted(set(before) & set(after)))
    if not seeds:
        return None
    found = [after[seed] - before[seed] for seed in seeds]
    low, high = t_interval(found, confidence) or (None, None)
    return Difference(seeds, tuple(found), statistics.fmean(found), low, high)
