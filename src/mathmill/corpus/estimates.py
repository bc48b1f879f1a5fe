"""Recall and precision from hand labels, where there is no ground truth (the paper is silent)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl

KIND = "mathmill labels 1"


def identity(report: dict[str, Any]) -> dict[str, Any]:
    """What tells a round's cut from that of another run: labels of one say nothing about the other."""
    return {"pages": report["pages"], "tokens": report["tokens"], "threshold": report["threshold"]["score"]}


@dataclass(frozen=True)
class Band:
    """A band of the file: its sizes and its labels."""

    name: str
    kept: bool
    pages: int
    labelled: int
    positive: int


@dataclass(frozen=True)
class Labels:
    """A file of labels: the round and cut that it was drawn from, its bands."""

    round: int
    corpus: dict[str, Any]
    bands: list[Band]


def read_sample(path: Path) -> list[dict[str, Any]]:
    """The lines of a drawn sample, its head first; UserError where the file is none."""
    rows = read_jsonl(path)
    if not rows or rows[0].get("kind") != KIND:
        raise UserError(f"{path}: no file of `python -m mathmill.corpus sample` (its first line says {KIND})")
    return rows


def read_labels(path: Path) -> Labels:
    """The bands with their counts of labels; UserError where the file is none, or a label is neither true nor false."""
    rows = read_sample(path)
    head = rows[0]
    counts = [[0, 0] for _ in head["bands"]]
    for number, row in enumerate(rows[1:], start=2):
        if row.get("label") is None:
            continue
        if not isinstance(row["label"], bool) or not 0 <= row.get("band", -1) < len(counts):
            raise UserError(f"{path}, line {number}: `label` is true, false or null, and `band` stays as it was drawn")
        counts[row["band"]][0] += 1
        counts[row["band"]][1] += row["label"]
    bands = [
        Band(band["name"], band["kept"], band["pages"], *found)
        for band, found in zip(head["bands"], counts, strict=True)
    ]
    if bare := [band.name for band in bands if not band.labelled]:
        raise UserError(
            f"{path}: no page is labelled yet in: {'; '.join(bare)}. Label at least one in each, better ten"
        )
    return Labels(head["round"], head["corpus"], bands)


def estimate(bands: Sequence[Band], confidence: float = 0.95, draws: int = 20_000, seed: int = 0) -> dict[str, Any]:
    """{precision, recall, positives: {value, low, high}} of the round's cut over pages.

    A band of N pages of which n were labelled and k belong holds N k / n pages of the domain. Intervals: in each band
    the share among the pages that nobody looked at is drawn from its posterior under Jeffreys' prior (Beta of k + 1/2
    and n - k + 1/2), and precision and recall of each draw are ranked. So a band in which nothing was found still
    widens the interval of recall by what it may hide; where every page was labelled nothing is left to doubt.
    """
    rng = np.random.default_rng(seed)
    drawn: dict[bool, Any] = {True: np.zeros(draws), False: np.zeros(draws)}
    point = {True: 0.0, False: 0.0}
    for band in bands:
        share = rng.beta(band.positive + 0.5, band.labelled - band.positive + 0.5, draws)
        drawn[band.kept] = drawn[band.kept] + band.positive + (band.pages - band.labelled) * share
        point[band.kept] += band.pages * band.positive / band.labelled
    collected = sum(band.pages for band in bands if band.kept)

    def interval(value: float, values: Any) -> dict[str, float]:
        low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
        # A posterior of nothing found lies above zero: the interval is opened to the estimate itself.
        return {"value": value, "low": min(float(low), value), "high": max(float(high), value)}

    both = point[True] + point[False]
    return {
        "precision": interval(point[True] / collected if collected else 0.0, drawn[True] / max(1, collected)),
        "recall": interval(point[True] / both if both else 0.0, drawn[True] / (drawn[True] + drawn[False])),
        "positives": interval(both, drawn[True] + drawn[False]),
    }
