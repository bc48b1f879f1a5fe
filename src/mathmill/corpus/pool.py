"""All pages of the crawl, as shards; nothing here holds more than one shard's pages."""

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as parquet

from mathmill.workflow.engine import EngineConfig, shard_paths
from mathmill.workflow.errors import UserError

SMALL = 200_000  # pages: below, starting worker processes costs more than a pass over scores or hosts takes


@dataclass(frozen=True)
class Pool:
    """The page files in the order of their manifest, and how many pages they hold together."""

    files: list[Path]
    pages: int

    @staticmethod
    def read(folder: Path) -> "Pool":
        """The pool of a pages folder, by its manifest."""
        files = shard_paths(folder)
        pages = sum(parquet.read_metadata(file).num_rows for file in files)
        if pages == 0:
            raise UserError(f"{folder}: no page in it; there is nothing to collect")
        return Pool(files, pages)

    def light(self, engine: EngineConfig) -> EngineConfig:
        """The engine for passes that take a few milliseconds a thousand pages: this process while the pool is small."""
        return replace(engine, backend="serial") if engine.backend == "pool" and self.pages < SMALL else engine
