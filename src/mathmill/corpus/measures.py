"""How good the scores of a classifier are: AUC, precision and recall, spread, calibration."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Scores = np.ndarray[Any, Any]


def measures(positive: Scores, negative: Scores) -> dict[str, float]:
    """AUC, and precision and recall at 0.5, of scores of both classes; spread: 90th minus 10th percentile of all."""
    scores = np.concatenate([positive, negative])
    true, false = int((positive >= 0.5).sum()), int((negative >= 0.5).sum())
    low, high = np.percentile(scores, [10, 90])
    return {
        "auc": auc(positive, negative),
        "precision": true / (true + false) if true + false else 0.0,
        "recall": true / len(positive),
        "spread": float(high - low),
        "held_out_positives": len(positive),
        "held_out_negatives": len(negative),
    }


def auc(positive: Sequence[float] | Scores, negative: Sequence[float] | Scores) -> float:
    """Chance that a positive scores above a negative (ties count half), by ranks (Mann-Whitney)."""
    yes, no = np.asarray(positive, dtype=float), np.sort(np.asarray(negative, dtype=float))
    below = np.searchsorted(no, yes, side="left")
    up_to = np.searchsorted(no, yes, side="right")
    return float((below + up_to).sum() / (2 * len(yes) * len(no)))


def calibration(positive: Scores, negative: Scores, bins: int) -> list[dict[str, float]]:
    """For each bin of score that is not empty: its mean score, the documents in it, and how many are positive.

    A calibrated classifier has as large a share of positives in a bin as its mean score says.
    """
    scores = np.concatenate([positive, negative])
    label = np.concatenate([np.ones(len(positive), dtype=bool), np.zeros(len(negative), dtype=bool)])
    places = np.minimum((scores * bins).astype(np.int64), bins - 1)
    return [
        {
            "low": place / bins,
            "high": (place + 1) / bins,
            "score": float(scores[places == place].mean()),
            "documents": int((places == place).sum()),
            "positives": int(label[places == place].sum()),
        }
        for place in map(int, np.unique(places))
    ]
