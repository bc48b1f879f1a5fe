"""Tables that are written and read group by group, so that memory does not grow with the length of a shard."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mathmill.workflow.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_BYTES = 4 << 20  # of text and binary values, before compression
GROUP_ROWS = 2048


class RowWriter:
    """Rows to a parquet file: `with RowWriter(path, schema) as rows: rows.append({...})`.

    A group of rows is written as soon as it holds GROUP_BYTES or GROUP_ROWS, so the bytes of the file are a function of
    the rows alone. The file appears when the block ends well. `count`: rows so far.
    """

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        self.count = 0
        self._schema = schema
        self._path = path
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._held = ExitStack()

    def __enter__(self) -> "RowWriter":
        import pyarrow.parquet as parquet

        beside = self._held.enter_context(replacing(self._path))
        self._file = self._held.enter_context(
            parquet.ParquetWriter(beside, self._schema, compression="zstd", version="2.6", store_schema=False)
        )
        return self

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one row."""
        self._rows.append(row)
        self._bytes += sum(len(value) for value in row.values() if isinstance(value, (str, bytes)))
        self.count += 1
        if self._bytes >= GROUP_BYTES or len(self._rows) >= GROUP_ROWS:
            self._flush()

    def extend(self, table: "pa.Table") -> None:
        """Add the rows of a table."""
        for batch in table.select(self._schema.names).to_batches(max_chunksize=256):
            for row in batch.to_pylist():
                self.append(row)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._held.__exit__(kind, error, trace)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0


def read_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator["pa.Table"]:
    """The table of a parquet file, one row group at a time (small ones where a RowWriter wrote them)."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(os.fspath(path), pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=None if columns is None else list(columns))
