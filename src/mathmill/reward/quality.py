"""How good a reward model is on labelled samples that it was not trained on: accuracy, AUC, calibration.

Every figure stands beside its number of samples and what knows nothing: the majority's label, the mean label.
"""

from collections.abc import Sequence
from typing import Any

import numpy

from mathmill.reward.labelling import Judged
from mathmill.reward.model import Scored

BINS = 10
_RESAMPLES = 500
_DIGITS = 6


def auc(values: numpy.ndarray, right: numpy.ndarray) -> float | None:
    """Chance that a right sample has the higher value than a wrong one, ties count half; None without one of both.

    values: (n,) floats; right: (n,) bool.
    """
    positive = int(right.sum())
    negative = len(right) - positive
    if not positive or not negative:
        return None
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    ranks = numpy.cumsum(counts) - (counts - 1) / 2  # the mean rank of equal values
    return float((ranks[inverse][right].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_within(values: numpy.ndarray, right: numpy.ndarray, groups: numpy.ndarray) -> dict[str, Any]:
    """The same over pairs of one group only (outputs of one question, as GRPO compares them), and their number."""
    wins = total = 0.0
    for group in numpy.unique(groups):
        mine = groups == group
        pairs = int(right[mine].sum()) * int((~right[mine]).sum())
        found = auc(values[mine], right[mine])
        if found is not None:
            wins, total = wins + found * pairs, total + pairs
    return {"value": wins / total if total else None, "pairs": int(total)}


def auc_interval(values: numpy.ndarray, right: numpy.ndarray, groups: numpy.ndarray) -> tuple[float, float] | None:
    """95 % bootstrap interval of the AUC over groups (questions), whose outputs are not independent."""
    members = [numpy.flatnonzero(groups == group) for group in numpy.unique(groups)]
    rng = numpy.random.default_rng(0)
    found = []
    for _ in range(_RESAMPLES):
        rows = numpy.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
        if (value := auc(values[rows], right[rows])) is not None:
            found.append(value)
    if not found:
        return None
    low, high = numpy.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def reliability(values: numpy.ndarray, labels: numpy.ndarray) -> list[dict[str, Any]]:
    """Predicted against observed in BINS equal bins of the prediction: mean of both, and n; empty bins are left out."""
    place = numpy.minimum((values * BINS).astype(int), BINS - 1)
    return [
        {
            "from": index / BINS,
            "to": (index + 1) / BINS,
            "n": int(mine.sum()),
            "predicted": float(values[mine].mean()),
            "observed": float(labels[mine].mean()),
        }
        for index in range(BINS)
        if (mine := place == index).any()
    ]


def measures(values: Sequence[float], labels: Sequence[float], groups: Sequence[int]) -> dict[str, Any]:
    """Accuracy at one half, AUC (overall, within a group), Brier score and calibration of predictions in [0, 1].

    labels in [0, 1]; a label from one half on counts as right where a class is needed. Beside them the majority's
    accuracy and the Brier score of the mean label. ece: mean distance of predicted and observed over the bins.
    """
    predicted, target, group = numpy.asarray(values), numpy.asarray(labels), numpy.asarray(groups)
    if not len(predicted):
        return {"n": 0}
    right = target >= 0.5
    bins = reliability(predicted, target)
    return {
        "n": len(predicted),
        "questions": len(numpy.unique(group)),
        "right": int(right.sum()),
        "accuracy": float(((predicted >= 0.5) == right).mean()),
        "majority_accuracy": float(max(right.mean(), 1 - right.mean())),
        "auc": auc(predicted, right),
        "auc_interval": auc_interval(predicted, right, group),
        "auc_within_question": auc_within(predicted, right, group),
        "brier": float(((predicted - target) ** 2).mean()),
        "brier_of_mean": float(target.var()),
        "ece": sum(entry["n"] * abs(entry["predicted"] - entry["observed"]) for entry in bins) / len(predicted),
        "bins": bins,
    }


def outcome_quality(judged: Sequence[Judged], scored: Sequence[Scored]) -> dict[str, Any]:
    """The measures of an outcome model: one value for each solution."""
    values = [one.values[-1] for one in scored]
    return {"solutions": measures(values, [float(one.correct) for one in judged], [one.question for one in judged])}


def process_quality(judged: Sequence[Judged], scored: Sequence[Scored], labels: str) -> dict[str, Any]:
    """The measures of a process model.

    steps: all of them; inner_steps: those whose label comes from completions; solutions: the minimum of the steps
    against the answer (the score of Math-Shepherd), and last_step the value at the end alone.
    """
    rows = [
        (value, label, one.question, place == len(found.values) - 1)
        for one, found in zip(judged, scored, strict=True)
        for place, (value, label) in enumerate(zip(found.values, one.labelled(labels).labels, strict=True))
    ]
    inner = [row for row in rows if not row[3]]
    correct, questions = [float(one.correct) for one in judged], [one.question for one in judged]
    return {
        "steps": measures(*_columns(rows)),
        "inner_steps": measures(*_columns(inner)),
        "solutions": measures([min(one.values) for one in scored], correct, questions),
        "last_step": measures([one.values[-1] for one in scored], correct, questions),
        "labels": agreement(judged),
    }


def agreement(judged: Sequence[Judged]) -> dict[str, Any]:
    """How far hard and soft labels of completed steps say the same, and how often a completion is right."""
    shares = numpy.asarray(
        [right / tries for one in judged for right, tries in zip(one.right[:-1], one.tries[:-1], strict=True)]
    )
    if not len(shares):
        return {"n": 0}
    return {
        "n": len(shares),
        "hard_right": float((shares > 0).mean()),
        "soft_mean": float(shares.mean()),
        "same_class": float(((shares > 0) == (shares >= 0.5)).mean()),
        "all_or_none": float(((shares == 0) | (shares == 1)).mean()),
    }


def _columns(rows: Sequence[tuple[float, float, int, bool]]) -> tuple[list[float], list[float], list[int]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def rounded(value: Any) -> Any:
    """The same with floats of six digits, for a report."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
