"""Every strategy on real processes: the losses of one process, killed and resumed, also on another number of them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training.toys import ToyPhase, ToyStage, toy_batch, toy_model

from mathmill.training.config import OptimConfig
from mathmill.training.model import load
from mathmill.training.trainer import fit
from mathmill.workflow.errors import UserError

SCRIPT = Path(__file__).parent / "run_phase.py"
STEPS, DEATH = 8, 5


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory):
    """The model and the losses of an unbroken run of one process."""
    stage = ToyStage(tmp_path_factory.mktemp("alone"))
    module = ToyPhase(toy_model(), OptimConfig(lr=1e-2, clip=0.5))
    fit(module, toy_batch, STEPS, stage, seed=0)
    return module.model, stage.run.curve("train/loss")


def run(folder: Path, strategy: str, ranks: int, **environment: str) -> int:
    """Train with gradients accumulated over parts and clipped: a wrong factor anywhere would show."""
    words = [str(folder / "scratch"), str(folder / "out"), strategy, str(ranks), str(STEPS)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words, "micro_batch=1", "checkpoint_every_seconds=0.0"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-3000:]
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "before", "after"),
    [
        ("ddp", 2, 2),
        ("ddp", 2, 1),
        ("deepspeed_stage_1", 2, 2),
        ("deepspeed_stage_1", 2, 1),
        ("deepspeed_stage_2", 2, 2),
        ("deepspeed_stage_2", 1, 2),
        ("deepspeed_stage_3", 2, 2),
        ("deepspeed_stage_3", 2, 1),
        ("deepspeed_stage_3", 1, 2),
    ],
)
def test_killed_and_resumed_is_one_unbroken_process(
    tmp_path: Path, alone, strategy: str, before: int, after: int
) -> None:
    assert run(tmp_path, strategy, before, DIE_AT=str(DEATH)) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "scratch" / "training").glob("step-*"))
    assert run(tmp_path, strategy, after) == 0
    model, losses = alone
    rest = json.loads((tmp_path / "out" / "losses.json").read_text())
    assert next(iter(rest)) > "1"
    assert list(rest)[-1] == str(STEPS)
    for step, loss in rest.items():
        assert loss == pytest.approx(losses[int(step)], abs=1e-5)
    trained = load(tmp_path / "out" / "model")
    for mine, other in zip(trained.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    def trained(strategy: str) -> None:
        stage = ToyStage(tmp_path)
        stage.runtime.trainer.strategy = strategy
        fit(ToyPhase(toy_model(), OptimConfig()), toy_batch, 2, stage, seed=0)

    trained("auto")
    with pytest.raises(UserError, match="written without DeepSpeed"):
        trained("deepspeed_stage_2")
