import copy
import subprocess
import sys

import pytest

from mathmill.plan.__main__ import main
from mathmill.plan.choice import Fixed, Machine, chosen, ranks_of
from mathmill.plan.memory import Setting, training_memory
from mathmill.plan.plan import fixed_by, plan
from mathmill.plan.reward import headless
from mathmill.plan.stages import works
from mathmill.plan.text import number, render
from mathmill.plan.work import Assumed
from mathmill.workflow.composition import compose_conf
from mathmill.workflow.errors import UserError


@pytest.fixture(scope="module")
def seven(project_root):
    return compose_conf(project_root, ["scale=7b"])


@pytest.fixture(scope="module")
def plans(seven):
    return {made.work.name: made for made in plan(seven, Machine(gpus=64), Fixed())}


def test_parameters_steps_and_hours_of_the_paper(plans) -> None:
    made = plans["pretrain@base"]
    assert made.work.size.parameters == pytest.approx(6.91e9, rel=1e-3)
    assert (made.work.steps, made.choice.setting.ranks) == (50_000, 64)
    # 6 operations a parameter and token, and 5 % for attention at 4,096 tokens.
    assert made.work.trained == pytest.approx(6 * 6.49e9 * 498e9 * 1.077, rel=0.01)
    assert made.gpu_hours == pytest.approx(made.work.trained / (0.4 * 989e12) / 3600)
    assert made.folder == pytest.approx(27.6e9, rel=0.01)
    assert made.checkpoint == pytest.approx(14 * 6.91e9, rel=0.01)


def test_every_stage_with_a_model_is_there(plans) -> None:
    rewards = [f"reward@{kind}{part}" for kind in ("outcome", "process") for part in (" labels", "")]
    others = [name for name in plans if not name.startswith("pretrain")]
    assert others == ["sft", *rewards, "rl@grpo", "evaluate (one model)"]
    rollouts = plans["rl@grpo"]
    assert rollouts.choice.memory.cache > 30e9
    assert rollouts.choice.memory.frozen == pytest.approx(13.8e9, rel=0.01)
    assert rollouts.work.sampled == pytest.approx(2 * 6.49e9 * 9000 * 1024 * 1280, rel=0.03)


def test_what_reward_models_take(plans, seven) -> None:
    """Paper 4.2: 144,000 questions; Math-Shepherd: 15 solutions, 8 continuations of each step but the last."""
    outcome, process = (plans[f"reward@{kind} labels"].work for kind in ("outcome", "process"))
    assert process.sampled / outcome.sampled == 1 + 5 * 8
    solutions = (144_000 + 6319) * 15
    assert outcome.sampled == pytest.approx(solutions * 1280 * 2 * 6.49e9, rel=0.03)
    assert plans["reward@process labels"].choice.setting.ranks == 64
    assert "--shard 1/64 to 64/64" in plans["reward@process labels"].notes[0]
    training = plans["reward@process"].work
    assert training.steps == round(144_000 * 15 / 256)
    assert training.size.parameters == pytest.approx(6.91e9 - 102_400 * 4096, rel=1e-3)
    assert training.trained == pytest.approx(training.tokens * 6 * 6.07e9, rel=0.03)
    seven = copy.deepcopy(seven)
    seven.rl.reward = "process"
    (judged,) = (work for work in works(seven, Assumed()) if work.name == "rl@grpo")
    plain = plans["rl@grpo"].choice
    more = judged.needs(plain.setting, plain.micro_batch, 64).frozen - plain.memory.frozen
    assert more == pytest.approx(4 * training.size.parameters)


def test_the_critic_of_ppo_is_trained_beside_the_policy(plans, seven) -> None:
    ppo = copy.deepcopy(seven)
    ppo.rl.method = "ppo"
    (work,) = (work for work in works(ppo, Assumed()) if work.name == "rl@grpo")
    grpo, setting = plans["rl@grpo"].work, plans["rl@grpo"].choice.setting
    both, alone = work.needs(setting, 1, 64), grpo.needs(setting, 1, 64)
    assert both.optimizer == pytest.approx(
        alone.optimizer * (1 + headless(grpo.size).parameters / grpo.size.parameters)
    )
    assert both.activations == pytest.approx(2 * alone.activations, rel=0.05)
    assert both.logits == alone.logits
    assert work.trained == pytest.approx(2 * grpo.trained, rel=0.15)


@pytest.mark.parametrize("scale", ["laptop", "gpu", "1b", "7b"])
def test_every_scale_fits_on_a_node(project_root, scale) -> None:
    params = compose_conf(project_root, [f"scale={scale}"])
    assert not {made.work.name: made.mends for made in plan(params, Machine(gpus=8), Fixed()) if made.mends}


def test_what_is_chosen_fits_and_what_is_cheaper_does_not(plans, seven) -> None:
    machine = Machine(gpus=64)
    made = plans["pretrain@base"]
    assert made.choice.fits(machine)
    for strategy in ("ddp", "deepspeed_stage_1"):
        assert not chosen(made.work, Fixed(strategy, 1, False), machine)[1]
    larger = Fixed(made.choice.setting.strategy, 2 * made.choice.micro_batch, False)
    assert not chosen(made.work, larger, machine)[1]


def test_a_setting_that_cannot_fit_is_refused_with_what_to_change(project_root, capsys) -> None:
    assert main(["scale=7b", "gpus=64", "trainer=ddp"], project_root) == 1
    text = capsys.readouterr().out
    refused = text[text.index("does not fit") :]
    assert "trainer=ddp" in refused
    assert "trainer=deepspeed_zero2" in refused
    assert main(["scale=gpu", "gpus=1", "trainer=gpu"], project_root) == 0
    assert "does not fit" not in capsys.readouterr().out


def test_what_is_advised_fits(project_root, seven) -> None:
    """The words of the plan, given back, are accepted for the stage that they were given for."""
    machine = Machine(gpus=64)
    refused = plan(seven, machine, Fixed("ddp", 4, False))[0]
    params = compose_conf(project_root, ["scale=7b", *refused.mends[-1].split()])
    fixed = fixed_by(params, refused.mends[-1].split())
    assert fixed.strategy == params.runtime.trainer.strategy != "ddp"
    assert not plan(params, machine, fixed)[0].mends


def test_a_batch_that_does_not_divide_takes_fewer_gpus(project_root) -> None:
    params = compose_conf(project_root, ["scale=7b", "pretrain.batch=2440"])
    work = next(works(params, Assumed()))
    assert ranks_of(work, Machine(gpus=64)) == 40
    made = plan(params, Machine(gpus=64), Fixed())[0]
    assert "pretrain.batch=2440 divides over 40 of 64 GPUs" in made.notes[0]


def test_more_spreading_takes_less(seven) -> None:
    size = next(works(seven, Assumed())).size

    def states(strategy: str) -> float:
        memory = training_memory(size, Setting(strategy, 8, True, True), 4 * 4096, 4 * 4095)
        return memory.held + memory.gradients

    found = [states(name) for name in ("ddp", *(f"deepspeed_stage_{n}" for n in ("1", "2", "3", "3_offload")))]
    assert found == sorted(found, reverse=True)


def test_own_words_are_checked(project_root) -> None:
    for word in ("gpus=0", "gpus=two", "gpus=1.5", "memory=-1"):
        with pytest.raises(UserError, match=word.partition("=")[0]):
            main(["scale=smoke", word], project_root)


def test_offload_counts_the_memory_of_the_host(seven) -> None:
    work = next(works(seven, Assumed()))
    fixed = Fixed("deepspeed_stage_3_offload", 1, True)
    choice, fits = chosen(work, fixed, Machine(gpus=8))
    assert fits
    assert choice.memory.host * 8 > 12 * work.size.parameters
    assert not chosen(work, fixed, Machine(gpus=8, host=50e9))[1]


def test_text(plans) -> None:
    text = render(list(plans.values()), Machine(gpus=64), "7b")
    assert "6.91B parameters" in text
    assert "pretrain (7 runs): trainer=" in text
    assert [number(value) for value in (12, 3500, 6.91e9, 4.981e11, 2e12)] == ["12", "3.5k", "6.91B", "498.1B", "2T"]


def test_the_command_line_ends_with_the_code(project_root) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mathmill.plan", "scale=7b", "gpus=1", "memory=24"],
        cwd=project_root,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "does not fit" in done.stdout
