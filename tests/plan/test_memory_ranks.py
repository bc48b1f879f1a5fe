"""The planner's memory beside that of real training steps on two ranks, every allocation counted."""

import json
from pathlib import Path

import pytest
from ranks import together

SCRIPT = Path(__file__).parent / "run_measured.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "precision"),
    [
        ("ddp", "32-true"),
        ("deepspeed_stage_1", "32-true"),
        ("deepspeed_stage_2", "32-true"),
        ("deepspeed_stage_2", "bf16-mixed"),
        ("deepspeed_stage_3", "32-true"),
    ],
)
def test_two_ranks(tmp_path: Path, strategy: str, precision: str) -> None:
    """Two parts a step, so that gradients are kept from one to the next."""
    log = tmp_path / "log"
    assert together(SCRIPT, [str(tmp_path), strategy, "2", precision, "8", "4"], 2, log) == 0, log.read_text()[-2000:]
    line = next(line for line in log.read_text().replace("\r", "\n").splitlines() if "measured {" in line)
    found = json.loads(line[line.index("{") :])
    assert found["planned"] == pytest.approx(found["measured"], rel=0.15), found
    # More than the model's states is there, and it is planned for.
    assert found["weights"] + found["optimizer"] + found["gradients"] < 0.85 * found["measured"]
