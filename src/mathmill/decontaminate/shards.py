"""The shard functions: clean the texts of one file, or the instruction examples of one file."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from mathmill.decontaminate.benchmarks import build_index, strings
from mathmill.decontaminate.code import tree_licence, unfit
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import GramIndex, Hit, tokens
from mathmill.decontaminate.latex import clean_latex
from mathmill.decontaminate.remove import clean, removal_rows
from mathmill.decontaminate.sources import read_corpus, read_texts
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_jsonl, write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

_indexes: dict[str, GramIndex] = {}


def REMOVAL() -> pa.Schema:
    """One row for each training text and benchmark item that share a gram: the gram, and the rule (A, B)."""
    names = ("source", "id", "benchmark", "item", "gram", "rule")
    return pa.schema([pa.field(name, pa.string(), nullable=False) for name in names])


def clean_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Write `clean.parquet` and `removals.parquet` to the folder `out` for one file of one source.

    Inputs of the shard: the file, then the benchmark files.
    """
    settings = DecontaminateConfig(**params["section"])
    index = _index(shard.inputs[1:], settings)
    source = params["source"]
    granularity = settings.granularity.get(source, settings.granularity.get("default", "segment"))
    kept: list[dict[str, Any]] = []
    removals: list[dict[str, str]] = []
    counts: Counter[str] = Counter()
    filtered: Counter[str] = Counter()
    for row in _read(source, shard.inputs[0], settings, filtered):
        counts["texts"] += 1
        result = clean(row["text"], index, granularity, settings.min_chars, settings.commands)
        if result.hits:
            counts["hit"] += 1
            counts["segments"] += result.segments
            removals.extend(removal_rows(source, row["id"], result.hits))
        if result.text is None:
            counts["removed"] += 1
        else:
            kept.append({**row, "text": result.text})
    out.mkdir()
    write_parquet(out / "clean.parquet", kept, TEXT())
    write_parquet(out / "removals.parquet", removals, REMOVAL())
    return {**counts, "filtered": dict(filtered)}


def clean_instruct(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """The same for instruction examples and questions (`clean.jsonl`): one with a hit in any text goes as a whole."""
    settings = DecontaminateConfig(**params["section"])
    index = _index(shard.inputs[1:], settings)
    kept: list[dict[str, Any]] = []
    removals: list[dict[str, str]] = []
    rows = read_jsonl(shard.inputs[0])
    for number, row in enumerate(rows):
        hits = example_hits(row, index, settings.commands)
        if hits:
            removals.extend(removal_rows(params["source"], str(row.get("id", number)), hits))
        else:
            kept.append(row)
    out.mkdir()
    write_jsonl(out / "clean.jsonl", kept)
    write_parquet(out / "removals.parquet", removals, REMOVAL())
    gone = len(rows) - len(kept)
    return {"texts": len(rows), "hit": gone, "removed": gone, "segments": 0}


def example_hits(row: dict[str, Any], index: GramIndex, commands: str) -> list[Hit]:
    """Hits in the texts of one example, at any depth (chat messages are lists of objects)."""
    return [hit for text in strings(row) for hit in index.find(tokens(text, commands))]


def _read(source: str, path: Path, settings: DecontaminateConfig, filtered: Counter[str]) -> Iterator[dict[str, Any]]:
    """The texts of one file of a source as they are compared; what a filter leaves out is counted in `filtered`."""
    latex, code = source in settings.latex, source in settings.code
    inherited = tree_licence(path, settings.licences) if code and path.is_dir() else None
    for row in read_corpus(path) if source == "corpus" else read_texts(source, path, latex, filtered):
        reason = unfit(row["text"], settings, inherited) if code else None
        if reason is not None:
            filtered[reason] += 1
            continue
        if latex:
            row = {**row, "text": clean_latex(row["text"])}
        if row["text"].strip():
            yield row


def _index(files: Sequence[Path], settings: DecontaminateConfig) -> GramIndex:
    """One index a process."""
    states = [(str(file), os.stat(file).st_size, os.stat(file).st_mtime_ns) for file in files]
    slot = json.dumps([asdict(settings), states], sort_keys=True)
    if slot not in _indexes:
        _indexes.clear()
        _indexes[slot] = build_index(files, settings)
    return _indexes[slot]
