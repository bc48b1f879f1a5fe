"""Numbers that know the file they come from. The report prints no other kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json

PAPER = "arXiv:2402.03300"


@dataclass(frozen=True)
class Fact:
    """A number, the file (or the paper's table) that it comes from, and its interval where it has one."""

    value: float
    source: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError(f"the number {self.value} has no source")

    @property
    def ends(self) -> tuple[float, float]:
        """The interval; the number itself twice where there is none."""
        return self.value if self.low is None else self.low, self.value if self.high is None else self.high

    def as_json(self) -> dict[str, Any]:
        """Value, source, and the interval where there is one."""
        interval = {} if self.low is None else {"low": self.low, "high": self.high}
        return {"value": self.value, "source": self.source, **interval}


@dataclass(frozen=True)
class Sources:
    """The report's inputs by label; what is absent has not been run here.

    paths: label -> file or folder (labels as in workflow/graph.py: `corpus`, `evaluate/sft`, `rl/grpo` ...).
    """

    root: Path
    paths: Mapping[str, Path]

    def has(self, label: str) -> bool:
        """Whether the input exists."""
        return label in self.paths and self.paths[label].exists()

    def path(self, label: str) -> Path:
        """The file or folder; UserError where it is missing."""
        if not self.has(label):
            raise UserError(f"the report needs {self.paths.get(label, label)}, which is missing; run `dvc repro`")
        return self.paths[label]

    def name(self, label: str, inside: str = "") -> str:
        """How the source is written beside a number: its path from the project's root."""
        path = self.paths[label] / inside if inside else self.paths[label]
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    def json(self, label: str, inside: str = "") -> Any:
        """The content of a JSON report (of a folder: of the file `inside`)."""
        return read_json(self.path(label) / inside if inside else self.path(label))

    def items(self, stage: str) -> list[str]:
        """The items of a stage that have a report, in the graph's order."""
        prefix = f"{stage}/"
        return [label.removeprefix(prefix) for label in self.paths if label.startswith(prefix) and self.has(label)]

    def fact(self, label: str, value: float, interval: Mapping[str, float] | None = None, inside: str = "") -> Fact:
        """A number out of this input."""
        bounds = {} if interval is None else {"low": interval["low"], "high": interval["high"]}
        return Fact(value, self.name(label, inside), **bounds)

    def interval(self, label: str, interval: Mapping[str, float]) -> Fact:
        """A number out of this input from its {value, low, high}."""
        return self.fact(label, interval["value"], interval)


def check_sources(root: Path, summary: Any) -> None:
    """Every `source` in the summary must be a file or folder of the project, or the paper; UserError otherwise."""
    for source in _sources(summary):
        for part in source.split(" + "):
            if not part.startswith(PAPER) and not (root / part).exists():
                raise UserError(f"the report gives {part} as a source, but there is no such file")


def _sources(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["source"]} if isinstance(value.get("source"), str) else set()
        if "value" in value and not found:
            raise UserError(f"a number in the summary has no source: {value}")
        return found.union(*(_sources(entry) for entry in value.values()))
    if isinstance(value, list):
        return set().union(*(_sources(entry) for entry in value)) if value else set()
    return set()
