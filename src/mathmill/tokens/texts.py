"""The clean texts of every source, streamed from their parquet shards."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as parquet
import xxhash

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import parquet_files

INSTRUCT = "instruct"  # the instruction set: the tokenizer may learn from it, no mixture holds it


def sources(clean: Path) -> dict[str, list[Path]]:
    """Source -> its parquet files, both sorted; a folder without any source raises UserError."""
    found = {folder.name: parquet_files(folder) for folder in sorted(Path(clean).iterdir()) if folder.is_dir()}
    if not found:
        raise UserError(f"{clean}: no folder with a source's texts in it")
    return found


def documents(file: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of one parquet file, in its order, a batch of rows in memory at a time."""
    for batch in parquet.ParquetFile(file).iter_batches(batch_size=1024, columns=["id", "text"]):
        yield from zip(batch.column("id").to_pylist(), batch.column("text").to_pylist(), strict=True)


def chance(*parts: object) -> float:
    """A number in [0, 1) that is a function of its arguments."""
    return xxhash.xxh3_64_intdigest("\0".join(map(str, parts)).encode()) / 2**64


def is_heldout(source: str, id: str, share: float) -> bool:
    """Whether a document is kept from training; the same for every seed, so that runs stay comparable."""
    return chance("heldout", source, id) < share
