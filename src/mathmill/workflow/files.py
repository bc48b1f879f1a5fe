"""Read and write artifacts: atomically, and with the same bytes for the same content.

Every writer puts the file beside its place and renames it, so a reader never sees half a file, and a killed stage
leaves none. Nothing here depends on the time, the machine or the order of a dictionary.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.workflow.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 1 << 20
_ROW_GROUP = 8192
# How files begin that are no text.
_MAGIC = {b"\x1f\x8b": "gzip", b"PAR1": "parquet", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; when the block ends well, it is renamed to `path` (a file replaces a file)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        if beside.exists():
            beside.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, making the folders above it."""
    with replacing(path) as beside, open(beside, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` atomically, making the folders above it."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON: sorted keys, two spaces, a newline at the end; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; UserError for one that is missing, cannot be read or is in another encoding."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8: {error}") from None


def read_json(path: Path) -> Any:
    """The value of a JSON file; a file that is missing or is not JSON raises UserError with the line."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not JSON: {error}") from None


def unreadable(path: Path, error: OSError) -> UserError:
    """The error for a file that the system does not hand out: it is missing, a folder, not allowed, damaged."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path}: no such file")
    return UserError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one JSON object a line (sorted keys); returns the number of rows."""
    count = 0
    with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="\n") as handle:
        for row in rows:
            handle.write(json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
        handle.flush()
        os.fsync(handle.fileno())
    return count


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file; empty lines are skipped, a bad line raises UserError with its number."""
    return [row for _, row in numbered_jsonl(path)]


def numbered_jsonl(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The same with the number of each row's line, from 1."""
    try:
        # Split on newlines alone: str.splitlines would also cut at U+2028 and the like inside a string.
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise unreadable(path, error) from None
    return list(parse_jsonl(lines, path))


def parse_jsonl(lines: Iterable[bytes], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of its line from 1, row) of JSON lines; empty lines are skipped, a bad one raises UserError."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        kind = next((kind for magic, kind in _MAGIC.items() if number == 1 and line.startswith(magic)), None)
        if kind is not None:
            raise UserError(f"{path}: holds {kind} data, not JSON lines; convert it, or give it the ending of its kind")
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path}, line {number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise UserError(f"{path}, line {number}: expected an object, found {type(row).__name__}")
        yield number, row


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A field of a row that holds a text or a number, as text.

    KeyError where there is none; ValueError for null, a truth value, a list: `str` would make texts of them that
    nobody wrote.
    """
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name}: {json.dumps(value, ensure_ascii=False)[:60]} is no text and no number")
    return str(value)


def write_parquet(path: Path, rows: "Sequence[Mapping[str, Any]] | pa.Table", schema: "pa.Schema") -> None:
    """Write `rows` (in their order) under `schema` with fixed writer settings, so equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows), schema=schema)
    if table.column_names != schema.names:
        table = table.select(schema.names)
    # The chunks of a table decide where pages are cut; one chunk a column makes the bytes a function of the content.
    table = table.cast(schema).combine_chunks().replace_schema_metadata(None)
    with replacing(path) as beside:
        parquet.write_table(
            table, beside, compression="zstd", version="2.6", row_group_size=_ROW_GROUP, store_schema=False
        )


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """The table of a parquet file (or those `columns` of it); a missing or broken file raises UserError."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        # By path and without read-ahead: threads of pyarrow that hold a Python file when the process ends abort it
        # ("terminate called without an active exception", one exit in eight).
        with parquet.ParquetFile(os.fspath(path), pre_buffer=False) as file:
            return file.read(columns=None if columns is None else list(columns))
    except OSError as error:
        raise unreadable(path, error) from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: not a parquet file: {error}") from None


def parquet_files(folder: Path) -> list[Path]:
    """The parquet files directly under `folder`, sorted by name; none at all raises UserError."""
    found = sorted(Path(folder).glob("*.parquet"))
    if not found:
        raise UserError(f"{folder}: no parquet file in it")
    return found


def publish(source: Path, destination: Path) -> None:
    """Make `destination` (a file or a folder) a copy of `source`, replacing what was there as a whole.

    The source stays: a stage that is killed between publishing and its end still finds its scratch folder complete.
    """
    source, destination = Path(source), Path(destination)
    if not source.is_dir():
        with replacing(destination) as beside:
            shutil.copyfile(source, beside)
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    beside = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    before = destination.with_name(f".{destination.name}.{os.getpid()}.old")
    remove(beside)
    # copyfile, not copy2: modes and times of a scratch file mean nothing in an artifact.
    # Half-written files of a run that was killed (see `replacing`) are no part of it.
    shutil.copytree(source, beside, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".*.tmp"))
    if destination.exists():
        os.replace(destination, before)
    os.replace(beside, destination)
    remove(before)


def remove(path: Path) -> None:
    """Delete a file or a folder; nothing happens where there is none."""
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """MD5 of a file or a folder: the value that DVC writes into dvc.lock (a folder's ends in `.dir`).

    `__pycache__` folders do not count, as in .dvcignore. A missing path raises UserError.
    """
    path = Path(path)
    if path.is_file():
        return _file_md5(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder")
    entries = [
        {"md5": _file_md5(file), "relpath": file.relative_to(path).as_posix()}
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    entries.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode("utf-8")).hexdigest() + ".dir"


def _file_md5(path: Path) -> str:
    hasher = hashlib.md5()
    with open(path, "rb") as handle:
        while chunk := handle.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
