"""Where problems come from: files of the user's, the tasks' files, data sets of the Hugging Face hub."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.readers import Numbered, detect, form_of, read_items
from mathmill.evaluate.tasks.minif2f import Statement, read_statement
from mathmill.evaluate.tasks.registry import TASKS
from mathmill.evaluate.tasks.task import Task
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import numbered_jsonl


@dataclass(frozen=True)
class Benchmark:
    """Problems under a name. task: whose rules grade the answers, None for problems of the user's.

    shots: whether the task's few-shot prompts ask models that continue pages (or those of `evaluate.page`).
    """

    name: str
    items: list[Item]
    task: Task | None = None
    shots: bool = False


@dataclass(frozen=True)
class Sets:
    """All that one evaluation asks: problems with an answer, and statements to prove."""

    benchmarks: list[Benchmark]
    proofs: dict[str, list[Statement]]


def read_sets(files: Sequence[Path], tasks: Mapping[str, Path | str], config: EvaluateConfig) -> Sets:
    """Every problem of an evaluation, read and checked. tasks: name -> its file, or `datasets:...`.

    UserError names the file, the row and what is wrong with it.
    """
    benchmarks = [read_benchmark(path, config) for path in files]
    proofs: dict[str, list[Statement]] = {}
    for name, source in tasks.items():
        if name in TASKS:
            items = _task_items(name, source, config.limit)
            benchmarks.append(Benchmark(name, items, TASKS[name], shots=True))
        else:
            rows = _rows(source)[: config.limit]
            proofs[name] = [read_statement(row, f"{_where(source)} {number}") for number, row in rows]
    names = [benchmark.name for benchmark in benchmarks]
    if len(set(names)) < len(names):
        raise UserError("evaluate.benchmark: two files (or a file and a task) have the same name; rename one of them")
    return Sets(benchmarks, proofs)


def read_benchmark(path: Path, config: EvaluateConfig) -> Benchmark:
    """The problems of a JSON-lines file, in its order; UserError names the line and what is wrong with it."""
    rows = _rows(path)
    form = form_of(rows, config.reader, str(path))
    return Benchmark(path.stem, read_items(rows[: config.limit], form, _where(path)), TASKS.get(form))


def _task_items(name: str, source: Path | str, limit: int | None) -> list[Item]:
    rows = _rows(source)
    if not rows:
        raise UserError(f"evaluate.task_files.{name} = {source}: no problems in it")
    found = detect(rows[0][1])
    # CMATH's rows cannot be MATH's: a path under the wrong name would be graded by the wrong rules.
    if found is not None and found in TASKS and found != name:
        raise UserError(f"evaluate.task_files.{name} = {source}: its rows are of the form of {found}")
    return read_items(rows[:limit], name, _where(source))


def _rows(source: Path | str) -> Numbered:
    return numbered_jsonl(source) if isinstance(source, Path) else list(enumerate(from_hub(source), start=1))


def _where(source: Path | str) -> str:
    """What the number of a row is put behind in a message."""
    return f"{source}, {'line' if isinstance(source, Path) else 'row'}"


def from_hub(address: str) -> Iterable[Row]:
    """The rows of `datasets:NAME[/CONFIGURATION]:SPLIT`, where NAME is owner/set.

    Reads the library's local cache, or the network where there is one. UserError where the library or the data is not
    there.
    """
    _, name, split = [*address.split(":"), "", ""][:3]
    owner, _, rest = name.partition("/")
    dataset, _, configuration = rest.partition("/")
    if not (owner and dataset and split):
        raise UserError(f"{address}: write datasets:OWNER/SET:SPLIT or datasets:OWNER/SET/CONFIGURATION:SPLIT")
    try:
        import datasets
    except ImportError:
        raise UserError(f"{address} needs the package datasets: pip install datasets") from None
    try:
        rows: Any = datasets.load_dataset(f"{owner}/{dataset}", configuration or None, split=split)
    except Exception as error:  # the library raises of every kind: no network, no such set, no such split
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"{address} could not be read{offline}: {reason[0]}; give a local file instead") from error
    return [dict(row) for row in rows]
