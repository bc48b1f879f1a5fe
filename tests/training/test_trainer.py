import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from training.toys import ToyPhase, ToyStage, toy_batch, toy_model

from mathmill.training.config import OptimConfig
from mathmill.training.losses import shifted, token_losses
from mathmill.training.optim import adamw
from mathmill.training.schedule import constant
from mathmill.training.trainer import fit, step_seed
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest

OPTIM = OptimConfig(lr=1e-2, clip=0.5)
SCRIPT = Path(__file__).parent / "run_phase.py"


def trained(folder: Path, steps: int = 8, make_batch=toy_batch, **runtime):
    stage = ToyStage(folder, **runtime)
    module = ToyPhase(toy_model(), OPTIM)
    fit(module, make_batch, steps, stage, seed=0)
    return module.model, stage.run


def same(first, second) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_fit_is_a_plain_loop(tmp_path) -> None:
    model, run = trained(tmp_path)
    plain = toy_model()
    optimizer = adamw(plain.parameters(), OPTIM)
    for step in range(8):
        ids = toy_batch(step, 0, 1)["input_ids"]
        optimizer.param_groups[0]["lr"] = optimizer.param_groups[1]["lr"] = OPTIM.lr * constant(3)(step)
        loss = token_losses(plain, ids, shifted(ids)).sum() / 64
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.step()
        optimizer.zero_grad()
        assert run.curve("train/loss")[step + 1] == float(loss.detach())
        assert run.curve("train/grad_norm")[step + 1] == float(norm)
    assert same(model, plain)
    assert all(rate > 0 for rate in run.curve("train/tokens_per_second").values())


def test_micro_batches_change_rounding_only(tmp_path) -> None:
    whole, _ = trained(tmp_path / "whole")
    parts, _ = trained(tmp_path / "parts", micro_batch=1)
    for first, second in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


def test_an_interrupted_run_goes_on_exactly(tmp_path) -> None:
    def breaks(step: int, rank: int, world: int):
        if step == 6:
            raise KeyError("gone")
        return toy_batch(step, rank, world)

    whole, curve = trained(tmp_path / "whole")
    with pytest.raises(KeyError):
        trained(tmp_path / "broken", make_batch=breaks, checkpoint_every_seconds=0.0)
    resumed, rest = trained(tmp_path / "broken")
    assert same(whole, resumed)
    losses = curve.curve("train/loss")
    assert rest.curve("train/loss") == {step: losses[step] for step in (6, 7, 8)}
    again, nothing = trained(tmp_path / "broken")
    assert same(whole, again)
    assert nothing.rows == []


def test_a_damaged_checkpoint_costs_only_the_steps_after_the_one_before(tmp_path, capsys) -> None:
    whole, _ = trained(tmp_path / "run", checkpoint_every_seconds=0.0)
    newest = tmp_path / "run" / "training" / "step-00000008" / "state"
    newest.write_bytes(newest.read_bytes()[:-100])
    resumed, rest = trained(tmp_path / "run")
    assert "step-00000008" in capsys.readouterr().err
    assert list(rest.curve("train/loss")) == [8]
    assert same(whole, resumed)


def process(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPT), str(folder / "scratch"), str(folder / "out"), *arguments]


def test_sigkill_and_resume_give_the_same_bytes(tmp_path) -> None:
    """A real SIGKILL, somewhere in the middle: the model folder has the hash of the unbroken run's."""
    steps = "150"
    unbroken = tmp_path / "unbroken"
    subprocess.run(process(unbroken, "auto", "1", steps), check=True, timeout=120)
    killed = tmp_path / "killed"
    victim = subprocess.Popen(process(killed, "auto", "1", steps, "checkpoint_every_seconds=0.0"))
    deadline = time.monotonic() + 100
    while not list((killed / "scratch" / "training").glob("step-*[1-9]?")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(victim.pid, signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert not (killed / "out").exists()
    subprocess.run(process(killed, "auto", "1", steps), check=True, timeout=120)
    whole, rest = (json.loads((folder / "out" / "losses.json").read_text()) for folder in (unbroken, killed))
    assert 0 < len(rest) < len(whole)
    assert rest == {step: whole[step] for step in rest}
    assert digest(killed / "out" / "model") == digest(unbroken / "out" / "model")


def test_random_numbers_of_a_step_are_its_own(tmp_path) -> None:
    drawn: list[float] = []

    class Drawing(ToyPhase):
        def training_step(self, batch, index):
            drawn.append(float(torch.rand(1)))
            return super().training_step(batch, index)

    for folder in ("a", "b"):
        fit(Drawing(toy_model(), OPTIM), toy_batch, 3, ToyStage(tmp_path / folder), seed=4)
    assert drawn[:3] == drawn[3:]
    assert len(set(drawn)) == 3
    seeds = {step_seed(seed, step, rank) for seed in range(3) for step in range(50) for rank in range(3)}
    assert len(seeds) == 450
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_and_saves_the_batch(tmp_path, value: float) -> None:
    class Breaking(ToyPhase):
        def share(self, part):
            return super().share(part) * (value if self.done == 2 else 1.0)

    with pytest.raises(UserError, match=r"step 2: .*saved to (\S+)") as stopped:
        fit(Breaking(toy_model(), OPTIM), toy_batch, 5, ToyStage(tmp_path), seed=0)
    saved = next(Path(word.rstrip(".")) for word in str(stopped.value).split() if ".safetensors" in word)
    assert torch.equal(load_file(saved)["part_0.input_ids"], toy_batch(2, 0, 1)["input_ids"])


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "deepspeed_stage_2"])
def test_two_ranks_are_one_process(tmp_path, strategy: str) -> None:
    """With gradients accumulated over parts and clipped: a wrong factor anywhere would show."""
    model, run = trained(tmp_path / "one")
    subprocess.run(process(tmp_path, strategy, "2", "8", "micro_batch=1"), check=True, timeout=240, capture_output=True)
    losses = json.loads((tmp_path / "out" / "losses.json").read_text())
    for step, loss in run.curve("train/loss").items():
        assert losses[str(step)] == pytest.approx(loss, abs=1e-5)
    weights = load_file(tmp_path / "out" / "model" / "model.safetensors")
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(weights[name], parameter.detach(), atol=1e-5, rtol=1e-4)
