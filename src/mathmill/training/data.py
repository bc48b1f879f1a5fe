"""Batches as a pure function of (step, rank, world): resume needs no loader state, and the world may change size."""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

_MEASURED = 16_384  # tokens in one forward pass that only measures

Batch = dict[str, Any]
MakeBatch = Callable[[int, int, int], Batch]  # (step, rank, world) -> what this rank trains on in that step


class StepDataset(IterableDataset):
    """The batches of steps first() .. steps-1 for one rank; first and place are asked when iteration starts.

    place: gives (rank, world) once the processes have found each other. make_batch must not depend on the model: one
    batch is fetched ahead of the step that uses it.
    """

    def __init__(
        self, make_batch: MakeBatch, first: Callable[[], int], steps: int, place: Callable[[], tuple[int, int]]
    ) -> None:
        self.make_batch, self.first, self.steps, self.place = make_batch, first, steps, place

    def __iter__(self) -> Iterator[Batch]:
        rank, world = self.place()
        for step in range(self.first(), self.steps):
            yield self.make_batch(step, rank, world)


class StepLoader(DataLoader):
    """Hands a StepDataset's batches on as they are. It has no state, and says so to Lightning's check on resume."""

    def __init__(self, dataset: StepDataset) -> None:
        super().__init__(dataset, batch_size=None, collate_fn=_unchanged)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the position is the module's count of finished steps."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to restore."""


def _unchanged(batch: Any) -> Any:
    return batch


def rank_share(count: int, rank: int, world: int) -> range:
    """Which of `count` samples of a step belong to `rank`: the contiguous block of an even split.

    A count that `world` does not divide is refused, because ranks with fewer samples would wait in a collective.
    """
    if count % world:
        from mathmill.workflow.errors import UserError

        raise UserError(f"a batch of {count} does not divide over {world} processes; choose a multiple of {world}")
    share = count // world
    return range(rank * share, (rank + 1) * share)


def rows_of(batch: int, context: int) -> int:
    """Sequences in one forward pass that only measures: a batch, or fewer where a batch is meant for many processes."""
    return max(1, min(batch, _MEASURED // context))
