"""The planner's memory beside that of real training steps on two ranks, every allocation counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "run_measured.py"


# Half a minute each, nearly all of it imports: those that spread the least are asked for by name.
asked = pytest.mark.skipif("MATHMILL_ALL_RANKS" not in os.environ, reason="runs with MATHMILL_ALL_RANKS=1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "precision"),
    [
        pytest.param("ddp", "32-true", marks=asked),
        pytest.param("deepspeed_stage_1", "32-true", marks=asked),
        pytest.param("deepspeed_stage_2", "32-true", marks=asked),
        pytest.param("deepspeed_stage_2", "bf16-mixed", marks=asked),
        ("deepspeed_stage_3", "32-true"),
    ],
)
def test_two_ranks(tmp_path: Path, strategy: str, precision: str) -> None:
    """Two parts a step, so that gradients are kept from one to the next."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), strategy, "2", precision, "4", "2"],
        check=False,
        capture_output=True,
        text=True,
        timeout=400,
    )
    line = next((line for line in done.stdout.replace("\r", "\n").splitlines() if "measured {" in line), None)
    assert line, done.stderr[-2000:]
    found = json.loads(line[line.index("{") :])
    assert found["planned"] == pytest.approx(found["measured"], rel=0.15), found
    # More than the model's states is there, and it is planned for.
    assert found["weights"] + found["optimizer"] + found["gradients"] < 0.85 * found["measured"]
