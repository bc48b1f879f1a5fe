"""One problem of a benchmark, whatever file it came from."""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One problem of a benchmark. solution is empty where the benchmark has none; difficulty is 0 where it has none."""

    id: str
    family: str
    difficulty: int
    lang: str
    question: str
    solution: str
    answer: str
