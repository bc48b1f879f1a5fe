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


def spiky(folder: Path, on_spike: str, factor: float | None = None, at: int = 22, times: float = 1e4):
    class Breaking(ToyPhase):
        def share(self, part):
            return super().share(part) * (times if self.done == at else 1.0)

    stage = ToyStage(folder)
    module = Breaking(toy_model(), OptimConfig(lr=1e-2, clip=0.5, on_spike=on_spike, spike=factor))
    fit(module, toy_batch, 25, stage, seed=0)
    return module.model, stage.run, module


@pytest.mark.parametrize(("factor", "times"), [(None, float("nan")), (10.0, 1e4)])
def test_the_update_of_a_spike_is_left_out(tmp_path, factor, times: float) -> None:
    model, run, _ = spiky(tmp_path / "skipped", "skip", factor, times=times)
    skipped = run.curve("train/skipped")
    assert [step for step, value in skipped.items() if value] == [23]
    saved = tmp_path / "skipped" / "training" / "spike_step_22_rank_0.safetensors"
    assert torch.equal(load_file(saved)["part_0.input_ids"], toy_batch(22, 0, 1)["input_ids"])
    plain = toy_model()
    optimizer = adamw(plain.parameters(), OPTIM)
    for step in range(25):
        ids = toy_batch(step, 0, 1)["input_ids"]
        for group in optimizer.param_groups:
            group["lr"] = OPTIM.lr * constant(3)(step)
        (token_losses(plain, ids, shifted(ids)).sum() / 64).backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        if step != 22:
            optimizer.step()
        optimizer.zero_grad()
    assert same(model, plain)


def test_a_spike_stops_the_run_where_that_is_wanted(tmp_path) -> None:
    with pytest.raises(UserError, match=r"step 22: .*optim\.on_spike=skip"):
        spiky(tmp_path / "stop", "stop", 10.0)
    spiky(tmp_path / "free", "stop", None)  # finite: no spike without a factor
    early, _, _ = spiky(tmp_path / "early", "skip", 10.0, at=5)  # no mean is trusted yet
    assert early is not None


def test_a_resumed_run_knows_what_is_usual(tmp_path) -> None:
    def breaks(step: int, rank: int, world: int):
        if step == 21:
            raise KeyError("gone")
        return toy_batch(step, rank, world)

    def fitted(folder, make_batch):
        stage = ToyStage(folder, checkpoint_every_seconds=0.0)
        module = ToyPhase(toy_model(), OptimConfig(lr=1e-2, clip=0.5, on_spike="skip", spike=10.0))
        fit(module, make_batch, 25, stage, seed=0)
        return module.watch.means

    whole = fitted(tmp_path / "whole", toy_batch)
    with pytest.raises(KeyError):
        fitted(tmp_path / "broken", breaks)
    assert fitted(tmp_path / "broken", toy_batch) == whole
    assert whole[0] == 25


def test_updates_of_one_step_do_not_see_old_weights(tmp_path) -> None:
    """Under autocast, with several updates in one training step, as in reinforcement learning."""
    seen: list[float] = []

    class Twice(ToyPhase):
        def training_step(self, batch, index):
            for _ in range(3):
                figures = self.descend([batch], self.share)
                seen.append(float(figures["loss"]))
            return {**figures, "tokens": 1}

    module = Twice(toy_model(), OptimConfig(lr=1e-2, precision="bf16-mixed"), constant(0))
    fit(module, toy_batch, 1, ToyStage(tmp_path), seed=0)
    assert seen[0] > seen[1] > seen[2]


def test_checkpointed_activations_change_nothing(tmp_path) -> None:
    whole, run = trained(tmp_path / "whole")
    stage = ToyStage(tmp_path / "again")
    stage.runtime.trainer.activation_checkpointing = True
    module = ToyPhase(toy_model(), OPTIM)
    fit(module, toy_batch, 8, stage, seed=0)
    assert module.model.is_activation_checkpointing
    assert stage.run.curve("train/loss") == pytest.approx(run.curve("train/loss"), abs=1e-6)
    for first, second in zip(whole.parameters(), module.model.parameters(), strict=True):
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


def test_utilisation_and_memory_are_logged(tmp_path) -> None:
    stage = ToyStage(tmp_path)
    stage.runtime.trainer.peak_flops = 1e12
    module = ToyPhase(toy_model(), OPTIM)
    module.flops_per_token = 1e6
    fit(module, toy_batch, 3, stage, seed=0)
    rates, shares = (stage.run.curve(f"train/{name}") for name in ("tokens_per_second", "model_flop_utilisation"))
    assert shares == pytest.approx({step: rate * 1e6 / 1e12 for step, rate in rates.items()})
    assert all(0.05 < value < 20 for value in stage.run.curve("train/memory_gb").values())
    _, without = trained(tmp_path / "without")
    assert without.curve("train/model_flop_utilisation") == {}
