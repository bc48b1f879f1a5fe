"""What a comparison is: arms that are run, metrics that are read from their reports, pairs that are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mathmill.workflow.graph import KEPT

FOLDER = KEPT[0]  # where the facts of comparisons are kept


@dataclass(frozen=True)
class Metric:
    """A number in a job's report.

    report: the file below the job's folder, with {item}. key: the way down to the number; where it ends at a section of
    numbers, their sum. better: lower or higher.
    """

    name: str
    title: str
    report: str
    key: str
    better: str

    def read(self, content: Any) -> float | None:
        """The number in a report's content; None where the report does not hold it."""
        for part in self.key.split("."):
            content = content.get(part) if isinstance(content, dict) else None
        if isinstance(content, dict):
            return float(sum(content.values()))
        return None if content is None else float(content)


@dataclass(frozen=True)
class Curve:
    """How a number moves while a job runs.

    report: as of a Metric; y: the column of the report's history (rows without it do not count). last: the way down to
    its closing value, which stands at the report's `steps`. title, x: for the axes.
    """

    title: str
    report: str
    y: str
    last: str
    x: str = "step"

    def read(self, content: Any) -> dict[int, float]:
        """Step -> value in a report's content."""
        points = {int(row[self.x]): float(row[self.y]) for row in content["history"] if self.y in row}
        closing = Metric("", "", "", self.last, "").read(content)
        return points if closing is None else {**points, int(content["steps"]): closing}


@dataclass(frozen=True)
class Arm:
    """One side. item: its name in the reports and the chain (null: the arm's own). where: the overrides of its jobs.

    An arm without `where` is in every job, which then differ in the seed alone.
    """

    name: str
    title: str
    item: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def reported(self) -> str:
        """The item whose reports hold the arm's numbers."""
        return self.item or self.name


@dataclass(frozen=True)
class Pair:
    """`after` against `before`: what the ingredient that sets them apart does."""

    before: str
    after: str
    title: str

    @property
    def name(self) -> str:
        """How the ledger names it."""
        return f"{self.after}-{self.before}"


@dataclass(frozen=True)
class Comparison:
    """One comparison of the paper at this scale.

    steps: the chain (see workflow.chain) of every job; sweep: the file of conf/sweep with the runs that the default
    graph lacks; seed: the key that takes the seeds; paper: where the paper compares. files: what the front makes first
    (see compare.prepare). note: how the setting here differs. curve: what is drawn over the steps of each arm.
    """

    name: str
    title: str
    steps: str
    sweep: str
    seed: str
    arms: tuple[Arm, ...]
    metrics: tuple[Metric, ...]
    pairs: tuple[Pair, ...]
    paper: str
    note: str
    files: tuple[str, ...] = ()
    curve: Curve | None = None
