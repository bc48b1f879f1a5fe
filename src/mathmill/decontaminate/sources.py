"""Readers for training texts: parquet, JSON lines, folders of text files; and the corpus of the stage before."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl, read_parquet

RESERVED = ("corpus", "instruct", "removals", "common")
_TABLES = (".parquet", ".jsonl")
_LANGUAGES = {
    ".py": "python", ".ipynb": "jupyter", ".js": "javascript", ".ts": "typescript", ".java": "java", ".c": "c",
    ".h": "c", ".cc": "c++", ".cpp": "c++", ".hpp": "c++", ".rs": "rust", ".go": "go", ".jl": "julia", ".r": "r",
    ".m": "matlab", ".hs": "haskell", ".lean": "lean", ".thy": "isabelle", ".v": "coq", ".sage": "sage", ".sh": "shell",
    ".tex": "latex", ".md": "markdown", ".txt": "und",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A named set of texts in files; folder: the text files below it are the texts."""

    name: str
    path: Path


def sources(places: Sequence[Path]) -> list[Source]:
    """The sources among files and folders: a table is a source, a folder of tables several, any other folder one."""
    found: list[Source] = []
    for place in places:
        tables = sorted(path for path in place.iterdir() if path.suffix in _TABLES) if place.is_dir() else [place]
        found.extend(Source(path.stem, path) for path in tables)
        if not tables:
            found.append(Source(place.name, place))
    names = [source.name for source in found]
    for name in names:
        if name in RESERVED or names.count(name) > 1:
            raise UserError(f"decontaminate.text: the source name {name!r} is taken; rename the file or folder")
    return found


def read_texts(source: Source) -> Iterator[dict[str, Any]]:
    """The texts of a source as rows of the schema TEXT."""
    path = source.path
    if path.is_dir():
        yield from _files(source)
    elif path.suffix == ".jsonl":
        yield from _rows(source, read_jsonl(path))
    elif path.suffix == ".parquet":
        yield from _rows(source, read_parquet(path).to_pylist())
    else:
        raise UserError(f"{path}: a source is a .parquet or .jsonl file or a folder (key decontaminate.text)")


def _rows(source: Source, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        if not isinstance(row.get("text"), str):
            raise UserError(f"{source.path}, row {number}: no column `text`")
        meta = row.get("meta")
        yield {
            "id": str(row.get("id") or f"{source.name}-{number}"),
            "text": row["text"],
            "source": source.name,
            "lang": str(row.get("lang") or "und"),
            "meta": meta if isinstance(meta, str) else json.dumps(meta or {}, sort_keys=True, ensure_ascii=False),
        }


def _files(source: Source) -> Iterator[dict[str, Any]]:
    """A tree of text files, such as a checkout, without files of other kinds, hidden folders and undecodable files."""
    for path in sorted(source.path.rglob("*")):
        name = path.relative_to(source.path)
        if (
            path.suffix.lower() not in _LANGUAGES
            or not path.is_file()
            or any(part.startswith(".") for part in name.parts)
        ):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if text.strip():
            yield {
                "id": name.as_posix(),
                "text": text,
                "source": source.name,
                "lang": _LANGUAGES[path.suffix.lower()],
                "meta": "{}",
            }


def read_corpus(path: Path) -> Iterator[dict[str, Any]]:
    """The pages of one shard of the corpus as rows of the schema TEXT; the id is the URL."""
    for row in read_parquet(path).to_pylist():
        meta = {name: row[name] for name in ("host", "offset", "path", "score", "warc")}
        yield {
            "id": row["url"],
            "text": row["text"],
            "source": "corpus",
            "lang": row["lang"],
            "meta": json.dumps(meta, sort_keys=True, ensure_ascii=False),
        }
