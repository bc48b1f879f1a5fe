"""The rounds: train, score, cut, find hosts, grow the seed; until a round finds little that is new (paper section 2.1).

Every round lives in its folder of the scratch space and is finished by its `round.json`, so a killed stage goes on in
the round, and the shard, where it was. All that the rounds know of the whole pool are sums over shards: histograms,
tables of hosts, the lowest hashes.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathmill.corpus.classifier import folded_path, train
from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.cut import BUCKETS, Threshold, bucket_limit, threshold_bin
from mathmill.corpus.discover import candidates, discover_shard
from mathmill.corpus.documents import Document
from mathmill.corpus.examples import examples
from mathmill.corpus.hosts import flagged, merge_hosts
from mathmill.corpus.pool import Pool
from mathmill.corpus.shards import HOSTS_FILE, cut_shard, histogram_shard, score_shard
from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, run_shards
from mathmill.workflow.files import read_json, read_parquet, write_json, write_parquet
from mathmill.workflow.tables import HOST

CODE_VERSION = "2"  # of scoring: raise it when the code gives other scores for the same model


@dataclass(frozen=True)
class Context:
    """What all rounds share."""

    pool: Pool
    seed: list[Document]
    marked: list[str]
    params: CorpusConfig
    scratch: Path
    engine: EngineConfig

    def shards(self, *inputs: Path) -> list[Shard]:
        """One shard for each page file: that file, and the file of its name in each of some folders."""
        return [
            Shard(file.stem, (file, *(_beside(folder, file.stem) for folder in inputs))) for file in self.pool.files
        ]


def _beside(folder: Path, name: str) -> Path:
    """The output of a shard: a file in the folder, a folder where a pass writes several."""
    if folder.is_file():
        return folder
    file = folder / f"{name}.parquet"
    return file if file.exists() else folder / name


def run_rounds(context: Context) -> list[dict[str, Any]]:
    """All rounds; returns the content of their round.json. The last one's cut is the corpus."""
    budgets(context.params, 1)
    done: list[dict[str, Any]] = []
    for number in range(1, context.params.rounds + 1):
        folder = context.scratch / f"round_{number}"
        finished = folder / "round.json"
        done.append(read_json(finished) if finished.exists() else run_round(number, folder, context))
        if number > 1 and done[-1][f"overlap_{context.params.overlap_unit}"] >= context.params.stop_overlap:
            break
    return done


def run_round(number: int, folder: Path, context: Context) -> dict[str, Any]:
    """One round: everything that it finds is written to `folder`, round.json last."""
    params = context.params
    trained = _classifier(number, folder, context)
    _score(folder, context)
    pages, tokens = _histogram(folder, context)
    budget = budgets(params, number, int(tokens.sum()))
    threshold = _threshold(folder, tokens, budget, context)
    cut = _cut(number, folder, threshold, context)
    hosts = merge_hosts(read_parquet(result.path / HOSTS_FILE) for result in cut)
    over = flagged(hosts, params.host_share)
    write_parquet(folder / "hosts.parquet", hosts, HOST())
    write_parquet(folder / "flagged.parquet", over, HOST())
    found = _discover(folder, context)
    listed = candidates([result.path for result in found], params.samples)
    write_json(folder / "candidates.json", listed)
    write_json(folder / "histogram.json", {"bins": params.bins, "pages": _sparse(pages), "tokens": _sparse(tokens)})
    report = {
        "round": number,
        "classifier": trained,
        "budget_tokens": budget,
        "threshold": {**asdict(threshold), "score": threshold.score},
        **{name: sum(result.stats[name] for result in cut) for name in ("pages", "tokens")},
        "hosts": int(np.count_nonzero(hosts.column("kept").to_numpy())),
        "hosts_flagged": over.num_rows,
        "seed_growth": sum(result.stats["growth"] for result in found),
        "unmatched": sorted(set(context.marked).difference(*(result.stats["matched"] for result in found))),
        **_overlap(number, cut),
    }
    write_json(folder / "round.json", report)
    return report


def budgets(params: CorpusConfig, number: int, total: int = 0) -> int:
    """The token budget of a round, from whichever of the two keys is given."""
    given = params.budget_tokens or params.budget_share or []
    value = given[min(number, len(given)) - 1]
    return int(value) if params.budget_tokens else round(value * total)


def _classifier(number: int, folder: Path, context: Context) -> dict[str, Any]:
    """Train the round's classifier, unless a run that was killed later has done so."""
    done = folder / "classifier.json"
    model = folder / "classifier.bin"
    if done.exists() and model.exists() and folded_path(model).exists():
        return dict(read_json(done))
    light = context.pool.light(context.engine)
    found = examples(number, context.scratch, context.pool, context.seed, context.params, light)
    settings = context.params.classifier
    report = train(found, settings, context.params.seed, model, folder / "rows.txt")
    write_json(done, report)
    return report


def _score(folder: Path, context: Context) -> None:
    """Score and tokens of every page."""
    model = folded_path(folder / "classifier.bin")
    run_shards(
        f"corpus: score {folder.name}",
        score_shard,
        [Shard(file.stem, (file, model)) for file in context.pool.files],
        folder / "scores",
        params={"classifier": asdict(context.params.classifier)},
        engine=context.engine,
        version=CODE_VERSION,
    )


def _histogram(folder: Path, context: Context, place: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pages, tokens) by bin of score, or by bucket of URL inside one bin, summed over the shards."""
    size = context.params.bins if place is None else BUCKETS
    pages, tokens = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for result in run_shards(
        f"corpus: histogram of {folder.name}",
        histogram_shard,
        [Shard(file.stem, (folder / "scores" / f"{file.stem}.parquet",)) for file in context.pool.files],
        folder / ("histogram" if place is None else "tied"),
        params={"bins": context.params.bins, "bin": place},
        engine=context.pool.light(context.engine),
    ):
        table = read_parquet(result.path)
        places = table.column("bin").to_numpy()
        pages[places] += table.column("pages").to_numpy()
        tokens[places] += table.column("tokens").to_numpy()
    return pages, tokens


def _threshold(folder: Path, tokens: NDArray[np.int64], budget: int, context: Context) -> Threshold:
    place, left = threshold_bin(tokens, budget)
    if place < 0:
        return Threshold(-1, 0, context.params.bins)
    _, tied = _histogram(folder, context, place)
    return Threshold(place, bucket_limit(tied, left), context.params.bins)


def _cut(number: int, folder: Path, threshold: Threshold, context: Context) -> list[ShardResult]:
    before = [folder.parent / f"round_{number - 1}" / "cut"] if number > 1 else []
    return run_shards(
        f"corpus: cut {folder.name}",
        cut_shard,
        context.shards(folder / "scores", *before),
        folder / "cut",
        params={"threshold": asdict(threshold)},
        engine=context.pool.light(context.engine),
        suffix="",
    )


def _discover(folder: Path, context: Context) -> list[ShardResult]:
    params = context.params
    return run_shards(
        f"corpus: hosts of {folder.name}",
        discover_shard,
        context.shards(folder / "scores", folder / "cut", folder / "flagged.parquet"),
        folder / "discover",
        params={
            "marked": context.marked,
            "depth": params.prefix_depth,
            "samples": params.samples,
            "chars": params.sample_chars,
        },
        engine=context.pool.light(context.engine),
        suffix="",
    )


def _overlap(number: int, cut: list[ShardResult]) -> dict[str, float | None]:
    """The share of this round's pages, and of their tokens, that the round before had collected already."""
    if number == 1:
        return {"overlap_pages": None, "overlap_tokens": None}
    found: dict[str, float | None] = {}
    for unit in ("pages", "tokens"):
        total = sum(result.stats[unit] for result in cut)
        found[f"overlap_{unit}"] = sum(result.stats[f"{unit}_again"] for result in cut) / total if total else 1.0
    return found


def _sparse(total: NDArray[np.int64]) -> dict[str, int]:
    """Bins that are not empty: bin -> count."""
    return {str(index): int(total[index]) for index in np.flatnonzero(total)}
