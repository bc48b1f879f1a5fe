"""One step of a stage shared by several processes (a job array): each takes its part of the shards and ends.

    python -m mathmill.pages --shard 3/16

Every part walks through the stage up to the first step whose shards are not all finished. What comes before (training a
classifier, finding copies) is done under a lock by one part, and found done by the others. At the step the lock is
released, the part does every 16th shard, and stops with PartDone. A plain call later finds the finished shards, does
what is missing, and goes on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from mathmill.workflow.errors import UserError

T = TypeVar("T")
_release: Callable[[], None] | None = None


class PartDone(Exception):
    """Raised when this process has done its part; the message says what that was."""


@dataclass(frozen=True)
class Part:
    """Part `index` (from 1) of `count`."""

    index: int
    count: int

    @staticmethod
    def parse(text: str) -> "Part":
        """Read `3/16`; raises UserError for anything else."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UserError(f"--shard {text}: write part/parts, counted from 1: --shard 3/16")
        return Part(int(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """As in file names."""
        return f"{self.index}-of-{self.count}"

    def share(self, items: Sequence[T]) -> list[T]:
        """Every `count`-th item: neighbours, which are often of like size, go to different parts."""
        return list(items[self.index - 1 :: self.count])

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@contextmanager
def serially(let_go: Callable[[], None]) -> Iterator[None]:
    """The block runs alone among the parts until the engine comes to shards of its own: it then calls `let_go`."""
    global _release
    _release = let_go
    try:
        yield
    finally:
        _release = None


def release() -> None:
    """Let the other parts in: from here on this process touches nothing but its own shards."""
    if _release is not None:
        _release()
