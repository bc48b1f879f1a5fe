"""Readers for training texts: parquet, JSON lines, folders of programs, papers or texts; and the corpus before.

Texts are read one at a time (a parquet file a batch of rows at a time), so memory does not grow with a file.
"""

import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.decontaminate.papers import read_papers
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import parse_jsonl, unreadable

RESERVED = ("corpus", "instruct", "removals", "common")
TEXT_COLUMNS = ("text", "content", "code")  # as web corpora, The Stack and GitHub dumps name it
ID_COLUMNS = ("id", "url", "path", "max_stars_repo_path", "hexsha")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TABLES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")
_ROWS = 256
_LANGUAGES = {
    ".py": "python", ".ipynb": "jupyter", ".js": "javascript", ".ts": "typescript", ".java": "java", ".c": "c",
    ".h": "c", ".cc": "c++", ".cpp": "c++", ".hpp": "c++", ".rs": "rust", ".go": "go", ".jl": "julia", ".r": "r",
    ".m": "matlab", ".hs": "haskell", ".lean": "lean", ".thy": "isabelle", ".v": "coq", ".sage": "sage", ".sh": "shell",
    ".tex": "latex", ".md": "markdown", ".txt": "und", ".rst": "und",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A named set of texts: tables, each of which is a shard, or one folder of text files."""

    name: str
    files: tuple[Path, ...]


def is_table(path: Path) -> bool:
    """Whether a file is parquet or JSON lines, plain or compressed."""
    return path.is_file() and path.name.endswith(_TABLES)


def stem(path: Path) -> str:
    """A file's name without the ending that says how to read it; a folder's name as it is."""
    ending = next((ending for ending in _TABLES if path.name.endswith(ending)), "") if not path.is_dir() else ""
    return path.name.removesuffix(ending)


def sources(places: Sequence[Path]) -> list[Source]:
    """The sources among files and folders.

    A table is a source. In a folder every table is one, and so is every folder of tables in it, named after it (its
    tables are its shards). A folder without either is one source of text files.
    """
    found: list[Source] = []
    for place in places:
        if not place.is_dir():
            found.append(Source(stem(place), (place,)))
            continue
        inside = sorted(place.iterdir())
        own = [Source(stem(path), (path,)) for path in inside if is_table(path)]
        below = {path: tuple(sorted(filter(is_table, path.iterdir()))) for path in inside if path.is_dir()}
        own += [Source(path.name, tables) for path, tables in below.items() if tables]
        found.extend(own or [Source(place.name, (place,))])
    names = [source.name for source in found]
    for name in [*names, *(stem(file) for source in found for file in source.files)]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise UserError(
                f"decontaminate.text: {name!r} becomes the name of an artifact; rename the file or folder to ASCII "
                "letters, digits and ._-"
            )
    for name in names:
        if name in RESERVED or names.count(name) > 1:
            raise UserError(f"decontaminate.text: the source name {name!r} is taken; rename the file or folder")
    return found


def read_texts(
    name: str, path: Path, latex: bool = False, passed: Counter[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The texts of one table or folder of the source `name` as rows of the schema TEXT.

    latex: of a folder read papers, each from its main file with what it inputs; otherwise every text file. passed:
    counts what is passed over, by reason.
    """
    if path.is_dir():
        yield from _papers(name, path) if latex else _files(name, path, Counter() if passed is None else passed)
    elif path.name.endswith(_TABLES):
        yield from _rows(name, path, _parquet(path) if path.suffix == ".parquet" else _json_lines(path))
    else:
        ends = ", ".join(_TABLES)
        raise UserError(f"{path}: a source is a {ends} file or a folder (key decontaminate.text)")


def _rows(name: str, path: Path, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        text = next((row[column] for column in TEXT_COLUMNS if isinstance(row.get(column), str)), None)
        if text is None:
            raise UserError(f"{path}, row {number}: no column `text` (nor {', '.join(TEXT_COLUMNS[1:])})")
        meta = row.get("meta")
        known = next((row[column] for column in ID_COLUMNS if row.get(column)), None)
        yield {
            "id": _whole(str(known if known is not None else f"{stem(path)}-{number}")),
            "text": _whole(text),
            "source": name,
            "lang": str(row.get("lang") or row.get("language") or "und"),
            "meta": meta if isinstance(meta, str) else json.dumps(meta or {}, sort_keys=True, ensure_ascii=False),
        }


def _whole(text: str) -> str:
    r"""The text without halves of surrogate pairs, which JSON can escape (`\ud800`) and no file can hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            wanted = (*TEXT_COLUMNS, *ID_COLUMNS, "lang", "language", "meta")
            columns = [column for column in wanted if column in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False):
                yield from batch.to_pylist()
    except OSError as error:
        raise unreadable(path, error) from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: not a parquet file: {error}") from None


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines, plain or compressed; UserError with the line where one is none."""
    try:
        with _opened(path) as handle:
            yield from (row for _, row in parse_jsonl(handle, path))
    except OSError as error:
        raise unreadable(path, error) from None
    except (EOFError, zlib.error) as error:
        raise UserError(f"{path}: damaged or cut off: {error}") from None


def _opened(path: Path) -> io.BufferedIOBase:
    import gzip

    import pyarrow as pa

    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".zst":
        stream = pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
        return io.BufferedReader(stream, 1 << 20)
    return open(path, "rb")


def _files(name: str, folder: Path, passed: Counter[str]) -> Iterator[dict[str, Any]]:
    """A tree of text files, such as a checkout, without files of other kinds, hidden folders and undecodable files."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        lang = _LANGUAGES.get(path.suffix.lower())
        if lang is None or not path.is_file() or any(part.startswith(".") for part in place.parts):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            passed["not UTF-8"] += 1
            continue
        if text.strip():
            yield {"id": place.as_posix(), "text": text, "source": name, "lang": lang, "meta": "{}"}


def _papers(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    for place, text in read_papers(folder):
        yield {"id": place, "text": text, "source": name, "lang": "latex", "meta": "{}"}


def read_corpus(path: Path) -> Iterator[dict[str, Any]]:
    """The pages of one shard of the corpus as rows of the schema TEXT; the id is the URL."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
            for row in batch.to_pylist():
                place = {name: row[name] for name in ("host", "offset", "path", "score", "warc")}
                meta = json.dumps(place, sort_keys=True, ensure_ascii=False)
                yield {"id": row["url"], "text": row["text"], "source": "corpus", "lang": row["lang"], "meta": meta}
