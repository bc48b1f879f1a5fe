"""Drop copies: same URL, same text, nearly the same text; and write what is left (paper section 2.1).

The paper deduplicates by URL and removes near-duplicates; order, method and thresholds are ours. Everything goes
through files partitioned by hash (mathmill.pages.exchange); together in memory are only the pages that have a copy, and
never their texts. The result depends neither on the order of files nor on the number of partitions or processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathmill.pages.config import PagesConfig
from mathmill.pages.copies import Member, Report
from mathmill.pages.exchange import (
    Sketches,
    join,
    newest,
    page_ids,
    place_of,
    rows_of,
    save,
    spread_bands,
    spread_urls,
)
from mathmill.pages.near import Components
from mathmill.pages.shingles import similarity
from mathmill.workflow.engine import EngineConfig, PageGuard, Shard, ShardResult, run_shards
from mathmill.workflow.files import read_parquet
from mathmill.workflow.rows import RowWriter, read_groups
from mathmill.workflow.tables import PAGE

VERSION = "2"  # of the rules: raise it when other pages are dropped
_SMALL = 200_000  # pages; below, starting processes takes longer than the work


@dataclass(frozen=True)
class _Task:
    """What all steps share: the extracted tables by number, the parameters, where to work and with what."""

    tables: list[ShardResult]
    params: PagesConfig
    scratch: Path
    engine: EngineConfig

    def run(self, name: str, function: Any, shards: list[Shard], params: dict[str, Any], suffix: str) -> list[Path]:
        """Run one step; the paths of its outputs."""
        return [result.path for result in self.results(name, function, shards, params, suffix)]

    def results(
        self, name: str, function: Any, shards: list[Shard], params: dict[str, Any], suffix: str
    ) -> list[ShardResult]:
        """The same with the statistics."""
        return run_shards(
            f"copies: {name}",
            function,
            shards,
            self.scratch / name.replace(" ", "_"),
            params=params,
            engine=self.engine,
            version=VERSION,
            suffix=suffix,
        )

    def partitions(self, rows: int) -> int:
        """Into how many files so many rows are dealt."""
        return -(-max(rows, 1) // self.params.near.partition_rows)


def drop_copies(
    extracted: Sequence[ShardResult], params: PagesConfig, scratch: Path, engine: EngineConfig
) -> tuple[dict[str, Path], dict[str, Any]]:
    """For each extracted table (by its key) the file with the rows that stay, and the report on copies.

    Of one URL the newest page stays. Of one text, or nearly one text, the page that `params.survivor` prefers.
    """
    tables = sorted(extracted, key=lambda result: result.shard.key)  # numbers must not follow the order of files
    pages = sum(result.stats["pages"] for result in tables)
    task = _Task(tables, params, scratch, replace(engine, backend="serial") if pages < _SMALL else engine)
    report = Report()
    by_url = _by_url(task, pages, report)
    edges, sketches = _by_text(task, pages, by_url)
    dropped = _survivors(task, Components(edges), sketches, report)
    kept = {}
    for number, table in enumerate(tables):
        rows = page_ids(number, rows_of(number, tuple(by_url)))
        stay = rows[~np.isin(rows, dropped)] & np.int64(0xFFFFFFFF)
        kept[table.shard.key] = scratch / "kept" / f"{table.shard.key}.npy"
        kept[table.shard.key].parent.mkdir(parents=True, exist_ok=True)
        save(kept[table.shard.key], stay)
    return kept, report.json(lambda ids: _urls(task, ids))


def _by_url(task: _Task, pages: int, report: Report) -> list[Path]:
    """One page for each URL: the ids that stay, by partition."""
    count = task.partitions(pages)
    shards = [Shard(table.shard.key, (table.path,)) for table in task.tables]
    dealt = task.run("urls", spread_urls, shards, {"partitions": count}, "")
    parts = [Shard(f"{part:06d}", tuple(folder / f"{part:06d}.npy" for folder in dealt)) for part in range(count)]
    results = task.results("one page a url", newest, parts, {}, ".npy")
    for result in results:
        report.add_urls(result.stats)
    return [result.path for result in results]


def _by_text(task: _Task, pages: int, by_url: list[Path]) -> tuple[NDArray[np.int64], Sketches]:
    """Edges between pages of equal or similar texts, and the sketches of all pages."""
    near = task.params.near
    count = task.partitions(pages * (near.bands + 1 if near.enabled else 1))
    shards = [
        Shard(f"{number:06d}-{table.shard.key}", (table.path, *by_url)) for number, table in enumerate(task.tables)
    ]
    settings: dict[str, Any] = {"partitions": count, "sketch": near.sketch, "bands": near.bands if near.enabled else 0}
    dealt = task.run("bands", spread_bands, shards, settings, "")
    sketches = tuple(folder / "sketch.npy" for folder in dealt)
    parts = [
        Shard(f"{part:06d}", (*(folder / f"{part:06d}.npy" for folder in dealt), *sketches)) for part in range(count)
    ]
    settings = {"threshold": near.threshold, "pivots": near.bucket}
    edges = [np.load(path) for path in task.run("similar pages", join, parts, settings, ".npy")]
    return np.concatenate(edges), Sketches(sketches)


def _survivors(task: _Task, components: Components, sketches: Sketches, report: Report) -> NDArray[np.int64]:
    """Choose one page of each component; the ids of the others, ascending."""
    sign = -1 if task.params.survivor == "longest_text" else 0
    members = _members(task, components.nodes)
    dropped: list[int] = []
    for group in components.groups():
        ranked = sorted(
            (members[page] for page in group.tolist()),
            key=lambda one: (sign * one.length, len(one.key), one.key, one.url),
        )
        ids = np.array([member.page for member in ranked[1:]], dtype=np.int64)
        found = sketches.take(np.full(len(ids), ranked[0].page))
        report.add_group(ranked, similarity(found, sketches.take(ids)).tolist())
        dropped.extend(ids.tolist())
    return np.array(sorted(dropped), dtype=np.int64)


def _members(task: _Task, pages: NDArray[np.int64]) -> dict[int, Member]:
    """What decides who stays, for pages that have a copy."""
    found: dict[int, Member] = {}
    for number, table in enumerate(task.tables):
        ids = pages[(pages >> np.int64(32)) == number]
        if len(ids):
            columns = read_parquet(table.path, columns=["url", "key", "content", "length"])
            rows = columns.take(ids & np.int64(0xFFFFFFFF)).to_pylist()
            found.update({page: Member(page, **row) for page, row in zip(ids.tolist(), rows, strict=True)})
    return found


def _urls(task: _Task, ids: list[int]) -> list[str]:
    """The URLs of a few pages."""
    places = [place_of(page) for page in ids]
    columns = {number: read_parquet(task.tables[number].path, columns=["url"]) for number in {n for n, _ in places}}
    return [columns[number].column("url")[row].as_py() for number, row in places]


def write_shard(shard: Shard, _params: Any, out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Write the surviving pages of one extracted shard; inputs: the extracted table and the rows that stay."""
    import pyarrow.compute as pc

    extracted, kept = shard.inputs
    stay, first, characters = np.load(kept), 0, 0
    with RowWriter(out, PAGE()) as rows:
        for table in read_groups(extracted, PAGE().names):
            here = table.take(stay[(stay >= first) & (stay < first + table.num_rows)] - first)
            first += table.num_rows
            characters += int(pc.sum(pc.utf8_length(here.column("text"))).as_py() or 0)
            rows.extend(here)
    return {"pages": rows.count, "characters": characters}
