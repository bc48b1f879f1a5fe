"""The corpus by round (paper 2.1), measured against the ground truth where there is one, else by labels of a person."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mathmill.corpus.cut import bin_of, edge
from mathmill.corpus.estimates import estimate, identity, read_labels
from mathmill.report.facts import Fact, Sources
from mathmill.report.truth import Truth, decontamination, read_truth, score
from mathmill.workflow.engine import shard_paths
from mathmill.workflow.files import parquet_files, read_json, read_parquet

COARSE = 48  # bins of the figures: one unit of log odds each
COUNTS = ("pages", "tokens", "hosts", "hosts_flagged", "seed_growth", "overlap_pages", "overlap_tokens")
HELD_OUT = {"auc": "held_out_auc", "precision": "held_out_precision", "recall": "held_out_recall"}
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Round:
    """One round: what it kept, and how well; recall by language and by genre where there is a ground truth.

    calibration: name -> (mean score, share that belongs) of bins of score. scores: (lower edge in log odds, pages) of
    all pages; threshold: the cut in the same unit.
    """

    number: int
    facts: dict[str, Fact]
    by_lang: dict[str, Fact]
    by_genre: dict[str, Fact]
    calibration: dict[str, Points]
    scores: Points
    threshold: float


@dataclass(frozen=True)
class Labelled:
    """Precision and recall of a round by hand labels, with intervals, and the bands behind them.

    stale: the labels were drawn from another run's cut.
    """

    round: int
    facts: dict[str, Fact]
    bands: list[tuple[str, int, int, int]]
    stale: bool


@dataclass(frozen=True)
class Corpus:
    """The rounds in order, the pages of the final corpus, what decontamination did.

    has_truth: the pages are those of the microworld; without, `final` has no recall, and nothing was planted.
    """

    rounds: list[Round]
    final: dict[str, Fact]
    decontamination: dict[str, Fact]
    planted: dict[str, tuple[Fact, Fact]]
    crawl: dict[str, Fact]
    has_truth: bool = True
    labelled: Labelled | None = None
    samples: list[dict[str, str]] = field(default_factory=list)


def read_corpus(sources: Sources, pages: int, characters: int, confidence: float = 0.95) -> Corpus:
    """Everything about the corpus that the report shows."""
    folder = sources.path("rounds")
    numbers = sorted(int(path.name.removeprefix("round_")) for path in folder.glob("round_*"))
    kept = {number: kept_urls(folder / f"round_{number}") for number in numbers}
    final: set[str] = set()
    samples: list[dict[str, str]] = []
    for file in parquet_files(folder / "final"):
        rows = read_parquet(file, ["url", "lang", "text"]).to_pylist()
        final.update(row["url"] for row in rows)
        samples.extend({key: row[key] for key in ("url", "lang", "text")} for row in rows)
    truth = _truth(sources, final.union(*kept.values()))
    rounds = [_round(sources, truth, number, kept[number]) for number in numbers]
    facts = {"pages": sources.fact("rounds", len(final), inside="final")}
    clean: dict[str, Fact] = {}
    planted: dict[str, tuple[Fact, Fact]] = {}
    if truth is not None:
        precision, recall = score(final, truth)
        facts["precision"] = sources.fact("rounds", precision, inside="final")
        facts["recall"] = sources.fact("rounds", recall, inside="final")
        facts["crawled"] = sources.fact("truth", len(truth.is_math))
        facts["mathematics"] = sources.fact("truth", len(truth.mathematics))
        if sources.has("clean") and sources.has("removals"):
            clean, planted = decontamination(sources, truth, final)
    return Corpus(
        rounds,
        facts,
        clean,
        planted,
        _crawl(sources),
        truth is not None,
        _labelled(sources, confidence),
        _choose(samples, pages, characters),
    )


def kept_urls(folder: Path) -> set[str]:
    """The addresses that a round collected."""
    files = [path / "kept.parquet" for path in shard_paths(folder / "cut")]
    return {url for file in files for url in read_parquet(file, ["url"]).column("url").to_pylist()}


def _truth(sources: Sources, urls: set[str]) -> Truth | None:
    """The ground truth if it is about these pages; the microworld is made also where the crawl is the user's own."""
    truth = read_truth(sources.path("truth")) if sources.has("truth") else None
    return truth if truth is not None and truth.knows(urls) else None


def _round(sources: Sources, truth: Truth | None, number: int, kept: set[str]) -> Round:
    folder = sources.path("rounds") / f"round_{number}"
    summary = read_json(folder / "round.json")
    inside = f"round_{number}/round.json"
    facts = {
        name: sources.fact("rounds", summary[name], inside=inside) for name in COUNTS if summary.get(name) is not None
    }
    classifier = summary["classifier"]
    facts |= {name: sources.fact("rounds", classifier[key], inside=inside) for key, name in HELD_OUT.items()}
    rows = [(row["score"], row["positives"] / row["documents"]) for row in classifier["calibration"]]
    calibration: dict[str, Points] = {"held-out documents": rows}
    by_lang: dict[str, Fact] = {}
    by_genre: dict[str, Fact] = {}
    if truth is not None:
        inside = f"round_{number}/cut"
        precision, recall = score(kept, truth)
        facts["precision"] = sources.fact("rounds", precision, inside=inside)
        facts["recall"] = sources.fact("rounds", recall, inside=inside)
        by_lang = _recall_by(sources, truth, truth.lang, kept, inside)
        by_genre = _recall_by(sources, truth, truth.genre, kept, inside)
        calibration["all pages"] = _pool_calibration(folder, truth, len(rows))
    return Round(number, facts, by_lang, by_genre, calibration, _scores(folder), _odds(summary["threshold"]["score"]))


def _recall_by(sources: Sources, truth: Truth, label: dict[str, str], kept: set[str], inside: str) -> dict[str, Fact]:
    found = truth.originals(kept) & truth.mathematics
    total = Counter(label[url] for url in truth.mathematics)
    right = Counter(label[url] for url in found)
    return {name: sources.fact("rounds", right[name] / count, inside=inside) for name, count in sorted(total.items())}


def _pool_calibration(folder: Path, truth: Truth, bins: int) -> Points:
    """(mean score, share of mathematics) of all pages of the crawl by bin of score."""
    bins = max(10, bins)
    total = np.zeros((3, bins))
    for file in shard_paths(folder / "scores"):
        table = read_parquet(file, ["url", "score"])
        scores = table.column("score").to_numpy()
        right = np.array([truth.is_math.get(url, False) for url in table.column("url").to_pylist()], dtype=float)
        places = np.minimum((scores * bins).astype(int), bins - 1)
        for row, weight in enumerate((np.ones_like(scores), scores, right)):
            np.add.at(total[row], places, weight)
    filled = np.flatnonzero(total[0])
    return [(float(total[1][n] / total[0][n]), float(total[2][n] / total[0][n])) for n in filled]


def _scores(folder: Path) -> Points:
    """(lower edge in log odds, pages) of all pages, in bins one unit wide."""
    stored = read_json(folder / "histogram.json")
    coarse = np.zeros(COARSE)
    for place, pages in stored["pages"].items():
        coarse[int(place) * COARSE // stored["bins"]] += pages
    return [(float(n - COARSE // 2), float(coarse[n])) for n in np.flatnonzero(coarse)]


def _odds(score_: float) -> float:
    """The log odds of a threshold, to the accuracy of the figures."""
    fine = 100 * COARSE
    place = int(bin_of(np.array([score_]), fine)[0])
    return place / 100 - COARSE / 2 if edge(place, fine) > 0 else -COARSE / 2


def _labelled(sources: Sources, confidence: float) -> Labelled | None:
    if not sources.has("labels"):
        return None
    labels = read_labels(sources.path("labels"))
    summary = sources.path("rounds") / f"round_{labels.round}" / "round.json"
    stale = not summary.exists() or identity(read_json(summary)) != labels.corpus
    found = estimate(labels.bands, confidence)
    facts = {name: sources.interval("labels", found[name]) for name in ("precision", "recall", "positives")}
    bands = [(band.name, band.pages, band.labelled, band.positive) for band in labels.bands]
    return Labelled(labels.round, facts, bands, stale)


def _crawl(sources: Sources) -> dict[str, Fact]:
    """What extraction made of the crawl: responses, pages left, and what was dropped or set aside, by reason."""
    if not sources.has("pages"):
        return {}
    report: dict[str, Any] = sources.json("pages")
    found = {name: report[name] for name in ("files", "responses", "extracted", "pages") if name in report}
    for group, words in (("dropped", "dropped: "), ("copies", "copies: ")):
        found |= {words + name.replace("_", " "): count for name, count in sorted(report.get(group, {}).items())}
    return {name: sources.fact("pages", count) for name, count in found.items()}


def _choose(pages: list[dict[str, str]], count: int, characters: int) -> list[dict[str, str]]:
    """Pages for the reader's eye: spread over the corpus in the order of urls, languages in turn."""
    if not pages or not count:
        return []
    by_lang: dict[str, list[dict[str, str]]] = {}
    for page in sorted(pages, key=lambda row: row["url"]):
        by_lang.setdefault(page["lang"], []).append(page)
    langs = sorted(by_lang, key=lambda lang: (-len(by_lang[lang]), lang))[:2]
    chosen = []
    for number in range(min(count, len(pages))):
        pool = by_lang[langs[number % len(langs)]]
        chosen.append(pool[(2 * number + 1) * len(pool) // (2 * count)])
    return [
        {**page, "text": page["text"][:characters] + ("..." if len(page["text"]) > characters else "")}
        for page in chosen
    ]
