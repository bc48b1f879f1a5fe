"""Every strategy on real processes: the losses of one process, killed and resumed, also on another number of them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ranks import together
from training.toys import ToyPhase, ToyStage, toy_batch, toy_model

from mathmill.training.config import OptimConfig
from mathmill.training.model import load
from mathmill.training.trainer import fit
from mathmill.workflow.errors import UserError

SCRIPT = Path(__file__).parent / "run_phase.py"
STEPS = 8
LEGS = ((2, 2), (2, 4), (1, 6), (2, STEPS))  # processes, and the step in which they die


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
    words += ["micro_batch=1", "checkpoint_every_seconds=0.0"]
    status = together(SCRIPT, words, ranks, folder / "log", **environment)
    assert status in (0, -signal.SIGKILL), (folder / "log").read_text()[-3000:]
    return status


def seen(out: Path) -> dict[int, tuple[int, float, list[list[int]]]]:
    """Of each step: the number of ranks, the loss, and what they read, in the order of the ranks."""
    found: dict[int, tuple[int, float, list[list[int]]]] = {}
    for rank in range(2):
        for row in map(json.loads, Path(f"{out}.{rank}.jsonl").read_text().splitlines()):
            before = found.get(row["step"], (0, 0.0, []))[2]
            found[row["step"]] = (row["world"], row["loss"], before + row["ids"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "deepspeed_stage_1", "deepspeed_stage_2", "deepspeed_stage_3"])
def test_killed_and_resumed_is_one_unbroken_process(tmp_path: Path, alone, strategy: str) -> None:
    """Killed on 2 ranks and resumed on 2, killed there and resumed on 1, killed there and resumed on 2."""
    out = tmp_path / "out"
    for ranks, death in LEGS[:-1]:
        assert run(tmp_path, strategy, ranks, DIE_AT=str(death)) == -signal.SIGKILL
        assert not out.exists()
    assert run(tmp_path, strategy, LEGS[-1][0]) == 0
    steps = seen(out)
    assert [steps[step][0] for step in range(STEPS)] == [2, 2, 2, 2, 1, 1, 2, 2]
    model, losses = alone
    for step, (_, loss, ids) in steps.items():
        assert ids == toy_batch(step, 0, 1)["input_ids"].tolist(), step
        assert loss == pytest.approx(losses[step + 1], abs=1e-5), step
    assert list(json.loads((out / "losses.json").read_text())) == ["7", "8"]  # no step was made twice
    trained = load(out / "model")
    for mine, other in zip(trained.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_lightning_starts_the_other_rank(tmp_path: Path, alone) -> None:
    """As a user starts a stage on one machine; the ranks of the other tests are started as torchrun would."""
    words = [str(tmp_path / "scratch"), str(tmp_path / "out"), "ddp", "2", str(STEPS), "micro_batch=1"]
    subprocess.run([sys.executable, str(SCRIPT), *words], check=True, timeout=600)
    steps = seen(tmp_path / "out")
    assert {world for world, _, _ in steps.values()} == {2}
    assert [steps[step][1] for step in range(STEPS)] == pytest.approx(list(alone[1].values()), abs=1e-5)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    def trained(strategy: str) -> None:
        stage = ToyStage(tmp_path)
        stage.runtime.trainer.strategy = strategy
        fit(ToyPhase(toy_model(), OptimConfig()), toy_batch, 2, stage, seed=0)

    trained("auto")
    with pytest.raises(UserError, match="written without DeepSpeed"):
        trained("deepspeed_stage_2")
