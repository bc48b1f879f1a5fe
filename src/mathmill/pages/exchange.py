"""The exchanges of deduplication: rows about pages, dealt to partitions by hash, each partition worked on by itself.

Pages that may be copies of each other get equal keys, and equal keys come to one partition, so that no process ever
holds more than one partition (section 2.1 of the paper names 40 billion pages). Two exchanges: by normal URL, then by
the bands of MinHash and the hash of the text. All functions here are shard functions of the engine; the number of
partitions changes no result.

A page's id is the number of its shard (by the shards' names, not by their order) in the high half, its row in the low.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from mathmill.pages.near import similar_pairs
from mathmill.pages.shingles import mix, similarity
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_parquet

URL_ROW = np.dtype([("key", "<u8"), ("date", "<i8"), ("url", "<u8"), ("content", "<u8"), ("row", "<u4")])
BAND_ROW = np.dtype([("key", "<u8"), ("order", "<u8"), ("row", "<u4")])
_LARGEST = 20  # groups of one URL that a partition names


def page_ids(shard: int, rows: NDArray[Any]) -> NDArray[np.int64]:
    """The ids of pages of one shard."""
    return (np.int64(shard) << np.int64(32)) | rows.astype(np.int64)


def place_of(page: int) -> tuple[int, int]:
    """Shard and row of a page's id."""
    return int(page) >> 32, int(page) & 0xFFFFFFFF


def spread_urls(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Deal the pages of one extracted table by the hash of their normal URL: `NNNNNN.npy` in the folder `out`."""
    table = read_parquet(shard.inputs[0], columns=["url", "key", "date", "content"])
    rows = np.zeros(table.num_rows, dtype=URL_ROW)
    rows["key"] = _hashes(table.column("key").to_pylist())
    rows["url"] = _hashes(table.column("url").to_pylist())
    rows["date"] = [_date(text) for text in table.column("date").to_pylist()]
    rows["content"] = table.column("content").to_numpy()
    rows["row"] = np.arange(table.num_rows)
    _deal(rows, params["partitions"], out)
    return {"pages": table.num_rows}


def newest(shard: Shard, _params: Any, out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Of the pages of one URL keep the newest: the ids that stay, ascending (`out`, .npy).

    Inputs: one partition's file of each extracted table. Ties go by the URL as it was met and by the text, both as
    hashes, so that the order of files decides nothing.
    """
    rows, ids = _gather(shard.inputs)
    order = np.lexsort((ids, rows["content"], rows["url"], -rows["date"], rows["key"]))
    keys = rows["key"][order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, dtype=int)
    kept = ids[order][first]
    sizes = np.diff(np.append(first, len(keys)))
    save(out, np.sort(kept))
    found, counts = np.unique(sizes[sizes > 1], return_counts=True)
    several = sorted(np.flatnonzero(sizes > 1).tolist(), key=lambda group: (-sizes[group], group))
    return {
        "copies": len(keys) - len(first),
        "sizes": {str(size): int(count) for size, count in zip(found, counts, strict=True)},
        "largest": [[int(sizes[group]), int(keys[first[group]]), int(kept[group])] for group in several[:_LARGEST]],
    }


def spread_bands(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Deal the bands of one table's pages that are the only ones of their URL: `NNNNNN.npy`, and `sketch.npy`.

    Inputs: the extracted table, then the ids that stay of every partition of URLs. The shard's key starts with the
    number of the table. The hash of the text is one more band, so that equal texts always meet.
    """
    table = read_parquet(shard.inputs[0], columns=["key", "content", "bands", "sketch"])
    number = int(shard.key.split("-")[0])
    kept = rows_of(number, shard.inputs[1:])
    width = params["bands"]
    bands = np.frombuffer(b"".join(table.column("bands").to_pylist()), dtype="<u8").reshape(table.num_rows, width)
    content = mix(table.column("content").to_numpy()[kept])
    rows = np.zeros((len(kept), width + 1), dtype=BAND_ROW)
    rows["key"] = np.concatenate([bands[kept], content[:, None]], axis=1)
    order = np.array(_hashes(table.column("key").to_pylist()), dtype=np.uint64)
    rows["order"] = order[kept][:, None]
    rows["row"] = kept[:, None]
    _deal(rows.reshape(-1), params["partitions"], out)
    sketches = np.frombuffer(b"".join(table.column("sketch").to_pylist()), dtype="<u4")
    save(out / "sketch.npy", sketches.reshape(table.num_rows, params["sketch"]))
    return {"pages": len(kept)}


def join(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Compare the pages that share a band in one partition: edges between similar pages, shape (edges, 2) (.npy).

    Inputs: one partition's file of each table, then the sketches of each, which stay on disk (memory-mapped).
    """
    half = len(shard.inputs) // 2
    rows, ids = _gather(shard.inputs[:half])
    sketches = Sketches(shard.inputs[half:])

    def alike(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        return similarity(sketches.take(left), sketches.take(right)) >= params["threshold"]

    save(out, similar_pairs(rows["key"], rows["order"], ids, params["pivots"], alike))
    return {}


class Sketches:
    """The sketches of all pages, read from disk where they are wanted."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        """files: `sketch.npy` of each shard, by number."""
        self.tables = [load(file) for file in files]

    def take(self, ids: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The sketches of pages, shape (pages, size)."""
        shards, rows = ids >> np.int64(32), ids & np.int64(0xFFFFFFFF)
        found = np.zeros((len(ids), self.tables[0].shape[1]), dtype=np.uint32)
        for number in np.unique(shards).tolist():
            here = shards == number
            found[here] = self.tables[number][rows[here]]
        return found


def rows_of(number: int, files: tuple[Path, ...]) -> NDArray[np.int64]:
    """The rows of shard `number` among the ids of sorted files, ascending; of each file only that part is read."""
    parts = []
    for file in files:
        ids = load(file)
        low, high = np.searchsorted(ids, [number << 32, (number + 1) << 32])
        parts.append(np.asarray(ids[low:high]) & np.int64(0xFFFFFFFF))
    return np.sort(np.concatenate(parts))


def _hashes(texts: list[str]) -> list[int]:
    return [xxhash.xxh3_64_intdigest(text.encode()) for text in texts]


def _date(text: str) -> int:
    """A WARC-Date as a number that grows with time; a date that is none is the oldest."""
    digits = "".join(char for char in text if char.isascii() and char.isdigit())[:14]
    return int(digits.ljust(14, "0")) if digits else 0


def _deal(rows: NDArray[Any], partitions: int, out: Path) -> None:
    """Write the rows of each partition to its file; a key's high half says where it goes."""
    out.mkdir()
    part = ((rows["key"] >> np.uint64(32)) * np.uint64(partitions)) >> np.uint64(32)
    order = np.argsort(part, kind="stable")
    cuts = np.searchsorted(part[order], np.arange(1, partitions, dtype=np.uint64))
    for number, rows_here in enumerate(np.split(rows[order], cuts)):
        save(out / f"{number:06d}.npy", rows_here)


def _gather(files: tuple[Path, ...]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The rows of one partition from all shards, and the ids of their pages."""
    tables = [np.load(file) for file in files]
    ids = [page_ids(number, table["row"]) for number, table in enumerate(tables)]
    return np.concatenate(tables), np.concatenate(ids)


def save(path: Path, array: NDArray[Any]) -> None:
    """Write an array as .npy, whatever the name of the file."""
    with open(path, "wb") as handle:
        np.save(handle, array, allow_pickle=False)


def load(path: Path) -> NDArray[Any]:
    """The array of a .npy file, left on disk until it is read (a small one may be empty, which cannot be mapped)."""
    array: NDArray[Any] = np.load(path, mmap_mode="r" if path.stat().st_size > 4096 else None)
    return array
