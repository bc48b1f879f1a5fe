"""What the rounds read: the seed corpus, the table of all pages, and the annotated prefixes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from mathmill.pages.url import host_and_path, normalise
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import parquet_files, read_jsonl, read_parquet


@dataclass(frozen=True)
class Document:
    """A text with the id by which it is drawn and held out."""

    id: str
    text: str


def read_seed(paths: Iterable[Path]) -> list[Document]:
    """The texts of parquet or JSON lines files, or of folders of parquet files; needs a column `text`."""
    found: list[Document] = []
    for path in paths:
        for file in parquet_files(path) if path.is_dir() else [path]:
            rows: list[dict[str, Any]]
            if file.suffix == ".jsonl":
                rows = read_jsonl(file)
            else:
                table = read_parquet(file)
                rows = table.select([name for name in ("id", "text") if name in table.column_names]).to_pylist()
            for number, row in enumerate(rows):
                if not isinstance(row.get("text"), str):
                    raise UserError(f"{file}: row {number} has no column `text`; the seed corpus needs one")
                found.append(Document(str(row.get("id") or f"{file.name}:{number}"), row["text"]))
    if len(found) < 2:
        raise UserError("the seed corpus (corpus.seed_corpus) holds fewer than 2 documents; give it more")
    return found


def read_annotations(path: Path) -> list[str]:
    """The marked prefixes, `host/path` in the normal form of page URLs, sorted; UserError where an entry is none."""
    import yaml

    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {error}") from None
    prefixes = set()
    for number, row in enumerate(rows or [], start=1):
        value = row.get("prefix") if isinstance(row, dict) else row
        if not isinstance(value, str) or not value.strip():
            raise UserError(f"{path}, entry {number}: expected `prefix: host/path`, found {row!r}")
        prefixes.add(normal_prefix(value, f"{path}, entry {number}"))
    return sorted(prefixes)


def normal_prefix(value: str, place: str) -> str:
    """`https://www.Host.org/path/` as `host.org/path`; `host.org` alone marks the whole host."""
    url = normalise(value if "://" in value else f"http://{value.strip()}")
    if url is None:
        raise UserError(f"{place}: {value!r} is no host/path")
    host, path = host_and_path(url)
    return (host + path).rstrip("/")


def prefixes_of(host: str, path: str) -> Iterator[str]:
    """Every prefix that could mark the page: the host, and the path step by step."""
    steps = path.split("?")[0].strip("/").split("/")
    prefix = host
    yield prefix
    for step in steps if steps != [""] else []:
        prefix = f"{prefix}/{step}"
        yield prefix
    if "?" in path:
        yield host + path


def draw(key: str, seed: int) -> int:
    """A fixed 64-bit number for a text's id: orders and splits documents alike on every machine."""
    return xxhash.xxh3_64_intdigest(key.encode(), seed=seed)


def pages_table(files: Iterable[Path], columns: list[str]) -> pa.Table:
    """Some columns of all page shards, in shard and row order."""
    return pa.concat_tables([read_parquet(file, columns=columns) for file in files])
