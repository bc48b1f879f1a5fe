import pytest

from mathmill.training.data import StepDataset, StepLoader, rank_share
from mathmill.workflow.errors import UserError


def test_batches_come_by_step_from_where_training_stands() -> None:
    done = 0
    data = StepDataset(lambda *place: {"place": place}, lambda: done, 4, lambda: (1, 2))
    assert [batch["place"] for batch in StepLoader(data)] == [(0, 1, 2), (1, 1, 2), (2, 1, 2), (3, 1, 2)]
    done = 3
    assert [batch["place"] for batch in StepLoader(data)] == [(3, 1, 2)]


def test_ranks_share_a_batch_without_gap_or_overlap() -> None:
    assert [list(rank_share(8, rank, 4)) for rank in range(4)] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    with pytest.raises(UserError, match="8 does not divide over 3"):
        rank_share(8, 0, 3)
