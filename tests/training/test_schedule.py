import pytest

from mathmill.training.config import OptimConfig
from mathmill.training.schedule import constant, multi_step, schedule_of
from mathmill.workflow.errors import ConfigError


@pytest.mark.parametrize(
    ("total", "first", "second"), [(37_500, 30_000, 33_750), (50_000, 40_000, 45_000)], ids=["1.3B", "7B"]
)
def test_drops_stand_where_the_paper_puts_them(total: int, first: int, second: int) -> None:
    factor = multi_step(2000, total)
    assert [factor(step) for step in (1999, 2000, first - 1)] == [1.0, 1.0, 1.0]
    assert [factor(step) for step in (first, second - 1)] == [0.316, 0.316]
    assert [factor(step) for step in (second, total - 1)] == [0.1, 0.1]


def test_warm_up_is_linear_and_never_zero() -> None:
    factor = multi_step(2000, 37_500)
    assert factor(0) == pytest.approx(1 / 2000)
    assert factor(999) == pytest.approx(0.5)
    assert constant(4)(1) == pytest.approx(0.5)
    assert constant(0)(0) == 1.0
    assert constant(4)(10**6) == 1.0


def test_schedule_of_a_section() -> None:
    assert schedule_of(OptimConfig(schedule="constant"), 10)(9) == 1.0
    assert schedule_of(OptimConfig(), 10)(9) == 0.1
    with pytest.raises(ConfigError, match="drop_at"):
        schedule_of(OptimConfig(drop_at=[0.5]), 10)
