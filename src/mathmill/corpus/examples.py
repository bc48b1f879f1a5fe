"""The training set of a round: the seed and its growth against pages drawn from the pool (paper 2.1)."""

import math
from collections.abc import Iterator
from heapq import nsmallest
from pathlib import Path
from typing import Any

from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.discover import GROWTH_FILE
from mathmill.corpus.documents import Document, Examples, draw
from mathmill.corpus.pool import Pool
from mathmill.corpus.shards import KEPT_FILE
from mathmill.corpus.tables import NEGATIVE
from mathmill.workflow.engine import EngineConfig, PageGuard, Shard, run_shards
from mathmill.workflow.files import read_parquet, write_parquet


def examples(
    number: int, scratch: Path, pool: Pool, seed: list[Document], params: CorpusConfig, engine: EngineConfig
) -> Examples:
    """Positives: the seed and all growth so far. Negatives: pages drawn by a hash of their URL and the round."""
    settings = params.classifier
    everything = [*seed, *_grown(number, scratch, pool)]
    positives = nsmallest(settings.max_positives, everything, key=lambda one: (draw(one.id, params.seed), one.id))
    wanted = max(2, round(settings.negatives * len(positives)))
    return Examples(positives, _negatives(number, wanted, scratch, pool, params, engine))


def _grown(number: int, scratch: Path, pool: Pool) -> Iterator[Document]:
    """The seed growth of all rounds before this one, each page once, in the order of URLs."""
    found: dict[str, str] = {}
    for file in pool.files:
        for before in range(1, number):
            table = read_parquet(_growth(scratch, before, file), columns=["id", "text"])
            found.update(zip(table.column("id").to_pylist(), table.column("text").to_pylist(), strict=True))
    return (Document(url, text) for url, text in sorted(found.items()))


def _growth(scratch: Path, number: int, file: Path) -> Path:
    return scratch / f"round_{number}" / "discover" / file.stem / GROWTH_FILE


def _negatives(
    number: int, wanted: int, scratch: Path, pool: Pool, params: CorpusConfig, engine: EngineConfig
) -> list[Document]:
    """The `wanted` pages of lowest draw that are not excluded: every shard gives those below a common limit.

    The limit is set so that there are enough with near certainty; where there are not, it doubles.
    """
    exclude = params.classifier.exclude
    shards = []
    for file in pool.files:
        grown = [_growth(scratch, before, file) for before in range(1, number)] if exclude != "none" else []
        kept = [scratch / f"round_{number - 1}" / "cut" / file.stem] if exclude == "collected" and number > 1 else []
        shards.append(Shard(file.stem, (file, *kept, *grown)))
    share = (wanted + 6 * math.sqrt(wanted) + 6) / pool.pages
    while True:
        results = run_shards(
            f"corpus: negatives of round_{number}",
            negatives_shard,
            shards,
            scratch / f"round_{number}" / "negatives",
            params={"round": number, "seed": params.seed, "limit": min(2**64 - 1, int(share * 2**64))},
            engine=engine,
        )
        rows: list[dict[str, Any]] = [row for result in results for row in read_parquet(result.path).to_pylist()]
        if len(rows) >= wanted or share >= 1:
            rows.sort(key=lambda row: (row["draw"], row["url"]))
            return [Document(row["url"], row["text"]) for row in rows[:wanted]]
        share *= 2


def negatives_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """The pages of one shard whose draw is at most `limit`; inputs: pages, then what is excluded.

    Excluded are the pages of the cut of the round before (a folder) and of tables of seed growth (files).
    """
    excluded: set[str] = set()
    for path in shard.inputs[1:]:
        table = read_parquet(path / KEPT_FILE, columns=["url"]) if path.is_dir() else read_parquet(path, ["id"])
        excluded.update(table.column(0).to_pylist())
    table = read_parquet(shard.inputs[0], columns=["url", "text"])
    rows = []
    for url, text in zip(table.column("url").to_pylist(), table.column("text").to_pylist(), strict=True):
        drawn = draw(f"{params['round']} {url}", params["seed"])
        if drawn <= params["limit"] and url not in excluded:
            rows.append({"draw": drawn, "url": url, "text": text})
    write_parquet(out, rows, NEGATIVE())
    return {"pages": len(rows)}
