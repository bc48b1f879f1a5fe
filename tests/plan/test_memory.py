"""The planner's memory beside that of real training steps, every allocation counted."""

from pathlib import Path

import pytest
from plan.run_measured import measure

from mathmill.training import size


@pytest.fixture(autouse=True)
def usual_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "EXCHANGE", size.EXCHANGE)  # put back what `measure` sets


@pytest.mark.parametrize(
    ("precision", "rows", "micro", "checkpointing"),
    [("32-true", 8, 8, False), ("32-true", 8, 4, False), ("32-true", 8, 8, True), ("bf16-mixed", 8, 4, False)],
)
def test_one_process(tmp_path: Path, precision: str, rows: int, micro: int, checkpointing: bool) -> None:
    planned, measured = measure(tmp_path, "auto", 1, precision, rows, micro, checkpointing)
    assert planned.peak == pytest.approx(measured, rel=0.15)
    # States alone would not pass: what is planned for activations and logits is needed.
    assert planned.held + planned.gradients < 0.85 * measured


@pytest.mark.parametrize(("precision", "micro"), [("32-true", 8), ("bf16-mixed", 4)])
def test_reward_model(tmp_path: Path, precision: str, micro: int) -> None:
    planned, measured = measure(tmp_path, "auto", 1, precision, 8, micro, False, reward=True)
    assert planned.peak == pytest.approx(measured, rel=0.15)
    assert planned.held + planned.gradients < 0.85 * measured
