"""What the rounds read: the seed corpus; how its documents are drawn, and by which prefixes a page can be marked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl, read_parquet


@dataclass(frozen=True)
class Document:
    """A text with the id by which it is drawn and held out."""

    id: str
    text: str


@dataclass(frozen=True)
class Examples:
    """Documents of both classes: what a classifier is trained on."""

    positives: list[Document]
    negatives: list[Document]


def read_seed(paths: Iterable[Path]) -> list[Document]:
    """The texts of parquet or JSON lines files, or of folders of parquet files; needs a column `text`."""
    found: list[Document] = []
    for path in paths:
        for file in _seed_files(path):
            rows: list[dict[str, Any]]
            if file.suffix == ".jsonl":
                rows = read_jsonl(file)
            else:
                table = read_parquet(file)
                rows = table.select([name for name in ("id", "text") if name in table.column_names]).to_pylist()
            for number, row in enumerate(rows, start=1):
                if not isinstance(row.get("text"), str):
                    raise UserError(f"{file}: row {number} has no column `text`; the seed corpus needs one")
                found.append(Document(str(row.get("id") or f"{file.name}:{number}"), row["text"]))
    if len(found) < 2:
        raise UserError("the seed corpus (corpus.seed_corpus) holds fewer than 2 documents; give it more")
    return found


def _seed_files(path: Path) -> list[Path]:
    """The file, or those in the folder, that hold a seed corpus."""
    files = [path] if path.is_file() else sorted([*path.glob("*.parquet"), *path.glob("*.jsonl")])
    if not files or any(file.suffix not in (".parquet", ".jsonl") for file in files):
        raise UserError(f"{path}: a seed corpus (corpus.seed_corpus) is .parquet or .jsonl files, or a folder of them")
    return files


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
