"""Drop copies: same URL, same text, nearly the same text; and write what is left (paper section 2.1).

The paper deduplicates by URL and removes near-duplicates; order, method and thresholds are ours. Only keys, hashes and
signatures of all pages are held together in memory, never their texts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mathmill.pages.config import PagesConfig
from mathmill.pages.near import components
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_parquet, write_parquet
from mathmill.workflow.tables import PAGE


def SURVIVORS() -> pa.Schema:
    """One row a page that stays: the stem of its shard's file and its row there."""
    return pa.schema([pa.field("shard", pa.string(), nullable=False), pa.field("row", pa.int64(), nullable=False)])


@dataclass(frozen=True)
class Copies:
    """How many pages each rule dropped."""

    same_url: int
    same_text: int
    near: int


def survivors(extracted: list[Path], params: PagesConfig) -> tuple[pa.Table, Copies]:
    """The pages that stay, in shard and row order, and the counts of those that go.

    Of one URL the newest copy stays (ties: the first in crawl order). Of one text, or nearly one text, the copy that
    `params.survivor` prefers.
    """
    table = _keys(extracted)
    if table.num_rows == 0:
        return pa.Table.from_pylist([], schema=SURVIVORS()), Copies(0, 0, 0)
    everything = np.arange(table.num_rows)
    keys = table.column("key").to_pylist()
    dates = table.column("date").to_pylist()
    newest = sorted(everything, key=lambda row: dates[row], reverse=True)  # sorted() is stable: crawl order in ties
    by_url = _first_of_each(newest, keys)
    lengths = table.column("length").to_pylist()
    sign = -1 if params.survivor == "longest_text" else 0
    urls = table.column("url").to_pylist()
    order = sorted(by_url, key=lambda row: (sign * lengths[row], len(keys[row]), keys[row], urls[row]))
    by_text = _first_of_each(order, table.column("content").to_pylist())
    kept = np.array(by_text, dtype=np.int64)
    if params.near.enabled:
        kept = kept[_firsts(table, kept, params)]
    copies = Copies(table.num_rows - len(by_url), len(by_url) - len(by_text), len(by_text) - len(kept))
    rows = table.take(pa.array(np.sort(kept)))
    return rows.select(["shard", "row"]).cast(SURVIVORS()), copies


def _keys(extracted: list[Path]) -> pa.Table:
    """Everything about all pages that decides who stays; no text."""
    import pyarrow.compute as pc

    tables = []
    for path in extracted:
        table = read_parquet(path, columns=["url", "key", "date", "content", "signature", "text"])
        table = table.append_column("length", pc.utf8_length(table.column("text"))).drop_columns(["text"])
        table = table.append_column("shard", pa.array([path.stem] * table.num_rows, type=pa.string()))
        tables.append(table.append_column("row", pa.array(range(table.num_rows), type=pa.int64())))
    return pa.concat_tables(tables)


def _first_of_each(order: list[int], keys: list[Any]) -> list[int]:
    seen: set[Any] = set()
    return [row for row in order if not (keys[row] in seen or seen.add(keys[row]))]  # type: ignore[func-returns-value]


def _firsts(table: pa.Table, order: NDArray[np.int64], params: PagesConfig) -> NDArray[np.bool_]:
    """Which places of `order` are the first of their component."""
    raw = table.column("signature").take(pa.array(order)).to_pylist()
    signatures = np.frombuffer(b"".join(raw), dtype=np.uint32).reshape(len(order), -1)
    found = components(signatures, params.near.bands, params.near.threshold)
    return found == np.arange(len(order))


def write_shard(shard: Shard, _params: Any, out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Write the surviving pages of one extracted shard; inputs: the extracted table and the table of survivors."""
    import pyarrow.compute as pc

    extracted, kept = shard.inputs
    chosen = read_parquet(kept)
    rows = chosen.filter(pc.equal(chosen.column("shard"), extracted.stem)).column("row")
    table = read_parquet(extracted, columns=PAGE().names).take(rows)
    write_parquet(out, table, PAGE())
    return {"pages": table.num_rows, "characters": int(pc.sum(pc.utf8_length(table.column("text"))).as_py() or 0)}
