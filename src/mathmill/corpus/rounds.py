"""The rounds: train, score, cut, find hosts, grow the seed; until a round finds little that is new (paper section 2.1).

Every round lives in its folder of the scratch space and is finished by its `round.json`, so a killed stage goes on in
the round, and the shard, where it was.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mathmill.corpus.classifier import Examples, train
from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.cut import Threshold, bin_of, hash_limit, histogram, threshold_bin
from mathmill.corpus.documents import Document, draw, pages_table
from mathmill.corpus.hosts import candidates, flagged, growth, host_table
from mathmill.corpus.shards import score_shard
from mathmill.workflow.engine import EngineConfig, Shard, run_shards, shard_paths
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, read_parquet, write_json, write_parquet
from mathmill.workflow.tables import HOST, TEXT

CODE_VERSION = "1"  # of scoring: raise it when the code gives other scores for the same model


def KEPT() -> pa.Schema:
    """One row a collected page of a round: url, score, tokens."""
    return pa.schema(
        [
            pa.field("url", pa.string(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("tokens", pa.int64(), nullable=False),
        ]
    )


@dataclass(frozen=True)
class Pool:
    """All pages without their texts: shard files, and (url, host, path) in shard and row order."""

    files: list[Path]
    rows: list[tuple[str, str, str]]

    @staticmethod
    def read(folder: Path) -> "Pool":
        """The pool of a pages folder, by its manifest."""
        files = shard_paths(folder)
        table = pages_table(files, ["url", "host", "path"])
        if table.num_rows == 0:
            raise UserError(f"{folder}: no page in it; there is nothing to collect")
        return Pool(files, list(zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)))

    def documents(self, wanted: list[int]) -> list[Document]:
        """The texts of some pages, in the pool's order; read shard by shard."""
        found: list[Document] = []
        chosen, first = np.array(sorted(wanted), dtype=np.int64), 0
        for file in self.files:
            table = read_parquet(file, columns=["url", "text"])
            here = chosen[(chosen >= first) & (chosen < first + table.num_rows)] - first
            part = table.take(pa.array(here))
            found.extend(map(Document, part.column("url").to_pylist(), part.column("text").to_pylist()))
            first += table.num_rows
        return found


@dataclass(frozen=True)
class Context:
    """What all rounds share."""

    pool: Pool
    seed: list[Document]
    marked: list[str]
    params: CorpusConfig
    scratch: Path
    engine: EngineConfig
    threads: int


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
    params, pool = context.params, context.pool
    trained = _classifier(number, folder, context)
    scores, tokens = _scores(folder, context)
    total = histogram(scores, tokens, params.bins)
    budget = budgets(params, number, int(tokens.sum()))
    threshold = _threshold(total, budget, scores, tokens, context)
    kept = threshold.keeps(scores, [url for url, _, _ in pool.rows])
    hosts = host_table([host for _, host, _ in pool.rows], kept)
    over = flagged(hosts, params.host_share)
    grown = growth(pool.rows, kept, over, context.marked)
    write_json(folder / "histogram.json", {"bins": params.bins, "tokens": _sparse(total)})
    write_parquet(folder / "hosts.parquet", hosts, HOST())
    write_json(folder / "candidates.json", candidates(pool.rows, kept, over, params.prefix_depth, params.samples))
    write_parquet(folder / "seed_growth.parquet", _growth_rows(pool, grown), TEXT())
    rows = [
        {"url": pool.rows[index][0], "score": scores[index], "tokens": tokens[index]} for index in np.flatnonzero(kept)
    ]
    write_parquet(folder / "kept.parquet", rows, KEPT())
    report = {
        "round": number,
        "classifier": trained,
        "budget_tokens": budget,
        "threshold": {**asdict(threshold), "score": threshold.score},
        "pages": len(rows),
        "tokens": int(tokens[kept].sum()),
        "hosts": len({pool.rows[index][1] for index in np.flatnonzero(kept)}),
        "hosts_flagged": len(over),
        "seed_growth": len(grown),
        **_overlap(number, rows, context),
    }
    write_json(folder / "round.json", report)
    return report


def budgets(params: CorpusConfig, number: int, total: int = 0) -> int:
    """The token budget of a round, from whichever of the two keys is given."""
    given = [values for values in (params.budget_tokens, params.budget_share) if values]
    if len(given) != 1:
        raise UserError("set exactly one of corpus.budget_tokens and corpus.budget_share (a list, one value a round)")
    value = given[0][min(number, len(given[0])) - 1]
    return int(value) if params.budget_tokens else round(value * total)


def _classifier(number: int, folder: Path, context: Context) -> dict[str, Any]:
    """Train the round's classifier, unless a run that was killed later has done so."""
    done = folder / "classifier.json"
    if done.exists() and (folder / "classifier.bin").exists():
        return dict(read_json(done))
    examples = _examples(number, context)
    settings = context.params.classifier
    report = train(
        examples, settings, context.params.seed, context.threads, folder / "classifier.bin", folder / "rows.txt"
    )
    write_json(done, report)
    return report


def _examples(number: int, context: Context) -> Examples:
    """Positives: the seed and all growth so far. Negatives: pages drawn by a hash of their URL and the round."""
    settings, seed = context.params.classifier, context.params.seed
    grown: dict[str, str] = {}
    collected: set[str] = set()
    for before in range(1, number):
        table = read_parquet(context.scratch / f"round_{before}" / "seed_growth.parquet", columns=["id", "text"])
        grown.update(zip(table.column("id").to_pylist(), table.column("text").to_pylist(), strict=True))
    if number > 1 and settings.exclude == "collected":
        kept = read_parquet(context.scratch / f"round_{number - 1}" / "kept.parquet", columns=["url"])
        collected = set(kept.column("url").to_pylist())
    positives = context.seed + [Document(url, text) for url, text in sorted(grown.items())]
    positives = sorted(positives, key=lambda one: (draw(one.id, seed), one.id))[: settings.max_positives]
    excluded = set() if settings.exclude == "none" else set(grown) | collected
    pool = [index for index, (url, _, _) in enumerate(context.pool.rows) if url not in excluded]
    pool.sort(key=lambda index: (draw(f"{number} {context.pool.rows[index][0]}", seed), index))
    negatives = context.pool.documents(pool[: max(2, round(settings.negatives * len(positives)))])
    return Examples(positives, negatives)


def _scores(folder: Path, context: Context) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Score and tokens of every page, in the pool's order."""
    model = folder / "classifier.bin"
    results = run_shards(
        f"corpus: score {folder.name}",
        score_shard,
        [Shard(file.stem, (file, model)) for file in context.pool.files],
        folder / "scores",
        params={"classifier": asdict(context.params.classifier)},
        engine=context.engine,
        version=CODE_VERSION,
    )
    table = pa.concat_tables([read_parquet(result.path, columns=["score", "tokens"]) for result in results])
    return table.column("score").to_numpy(), table.column("tokens").to_numpy()


def _threshold(
    total: NDArray[np.int64], budget: int, scores: NDArray[np.float64], tokens: NDArray[np.int64], context: Context
) -> Threshold:
    place, left = threshold_bin(total, budget)
    tied = np.flatnonzero(bin_of(scores, context.params.bins) == place)
    return Threshold(
        place,
        hash_limit(((context.pool.rows[index][0], int(tokens[index])) for index in tied), left),
        context.params.bins,
    )


def _growth_rows(pool: Pool, grown: list[int]) -> list[dict[str, Any]]:
    return [
        {"id": document.id, "text": document.text, "source": "seed_growth", "lang": "und", "meta": "{}"}
        for document in pool.documents(grown)
    ]


def _overlap(number: int, rows: list[dict[str, Any]], context: Context) -> dict[str, float | None]:
    """The share of this round's pages, and of their tokens, that the round before had collected already."""
    if number == 1:
        return {"overlap_pages": None, "overlap_tokens": None}
    table = read_parquet(context.scratch / f"round_{number - 1}" / "kept.parquet", columns=["url"])
    before = set(table.column("url").to_pylist())
    again = [row for row in rows if row["url"] in before]
    tokens = sum(row["tokens"] for row in rows)
    return {
        "overlap_pages": len(again) / len(rows) if rows else 1.0,
        "overlap_tokens": sum(row["tokens"] for row in again) / tokens if tokens else 1.0,
    }


def _sparse(total: NDArray[np.int64]) -> dict[str, int]:
    """Bins that are not empty: bin -> tokens."""
    return {str(index): int(total[index]) for index in np.flatnonzero(total)}
