"""The benchmarks that training texts are compared with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import GramIndex, tokens
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl

_CALCULATOR = re.compile(r"<<[^<>]*>>|^#### ", re.MULTILINE)


@dataclass(frozen=True)
class Item:
    """One text of a benchmark item: its question, solution or answer."""

    benchmark: str
    item: str
    text: str


def benchmark_files(places: Sequence[Path]) -> list[Path]:
    """The JSON lines files among files and folders, sorted inside a folder."""
    found: list[Path] = []
    for place in places:
        found.extend(sorted(place.glob("*.jsonl")) if place.is_dir() else [place])
        if passed := _passed_over(place):
            raise UserError(
                f"{place}: only its .jsonl files are read, and {passed[0].relative_to(place)} is none; unpack or "
                "convert it, name it by itself, or move it away (key decontaminate.benchmarks)"
            )
    if not found:
        raise UserError(f"no .jsonl file in {', '.join(map(str, places))} (key decontaminate.benchmarks)")
    return found


def _passed_over(folder: Path) -> list[Path]:
    """What looks like a benchmark in a folder and is no JSON lines file directly in it."""
    data = (".jsonl.gz", ".jsonl.zst", ".json", ".parquet", ".csv")
    deeper = (path for path in folder.glob("*/**/*") if path.name.endswith((*data, ".jsonl")))
    return sorted([*(path for path in folder.glob("*") if path.name.endswith(data)), *deeper])


def read_items(file: Path, fields: Sequence[str]) -> Iterator[Item]:
    """The texts of one benchmark; named after the file. UserError where no item has any of the fields."""
    rows = read_jsonl(file)
    if not rows:
        raise UserError(f"{file}: no item in it, so nothing would be compared with it (key decontaminate.benchmarks)")
    if not any(name in row for row in rows for name in fields):
        raise UserError(
            f"{file}: no item has one of the fields {', '.join(fields)} (it has {', '.join(sorted(rows[0]))}); "
            "name the fields with questions and answers in decontaminate.fields"
        )
    for number, row in enumerate(rows):
        for name in fields:
            for text in strings(row.get(name)):
                for form in forms(text):
                    yield Item(file.stem, str(row.get("id", number)), form)


def forms(text: str) -> list[str]:
    """The forms in which a benchmark's text is met: as it stands, and without marks that only its file has.

    GSM8K writes a calculator's work into its answers, `48/2 = <<48/2=24>>24`, and the result after `####`.
    """
    bare = _CALCULATOR.sub("", text)
    return [text] if bare == text else [text, bare]


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, at any depth (chat messages are lists of objects); a number is a text too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def build_index(files: Sequence[Path], params: DecontaminateConfig) -> GramIndex:
    """The grams of all benchmarks."""
    triples = [triple for file in files for triple in read_tokens(file, params)]
    return GramIndex.build(triples, params.gram, params.shortest, params.common, params.ignored)


def read_tokens(file: Path, params: DecontaminateConfig) -> list[tuple[str, str, list[str]]]:
    """Benchmark, item and tokens of each text of a file.

    UserError where no text is long enough for any rule: then `fields` names the labels of the items, not their words.
    """
    items = read_items(file, params.fields)
    found = [(item.benchmark, item.item, tokens(item.text, params.commands)) for item in items]
    if found and all(len(words) < params.shortest for _, _, words in found):
        raise UserError(
            f"{file}: no text of {params.shortest} grams or more in the fields {', '.join(params.fields)} (it has "
            f"{', '.join(sorted(read_jsonl(file)[0]))}); name the fields with questions in decontaminate.fields"
        )
    return found


def uncovered(files: Sequence[Path], params: DecontaminateConfig, index: GramIndex) -> dict[str, int]:
    """For each benchmark, how many items no rule covers: all texts too short, or made of common grams alone."""
    covered = {(owner.benchmark, owner.item) for owners in index.owners.values() for owner in owners}
    counts: dict[str, int] = {}
    for file in files:
        items = {(item.benchmark, item.item) for item in read_items(file, params.fields)}
        counts[file.stem] = len(items - covered)
    return counts
