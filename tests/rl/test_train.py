import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from rl_models import Host, config, tiny
from safetensors.torch import load_file

from mathmill.rl import train as train_module
from mathmill.rl.config import AdvantageConfig, SamplingConfig
from mathmill.rl.likelihood import Sequence, micro_batches, token_logprobs
from mathmill.rl.module import RlModule
from mathmill.rl.parts import Part
from mathmill.rl.questions import read_questions
from mathmill.rl.train import batches, train
from mathmill.training.model import load
from mathmill.training.schedule import constant
from mathmill.workflow.errors import UserError


def run(files: dict[str, Path], host: Host, out: Path, **changes) -> dict:
    return train(host, config(**changes), files["sft"], files["questions.jsonl"], files["validation.jsonl"], out)


def test_the_report_says_what_happened(files: dict[str, Path], tmp_path: Path) -> None:
    host = Host(tmp_path / "work")
    report = run(files, host, tmp_path / "out")
    assert [row["step"] for row in report["history"]] == [0, 1, 2, 3]
    assert ["held_out_accuracy" in row for row in report["history"]] == [True, False, True, False]
    assert report["outputs_sampled"] == 4 * 3 * 8
    assert report["history"][0]["kl"] == 0  # the policy starts as its reference
    assert any(row["kl"] > 0 for row in report["history"][1:])
    assert {"train/reward", "train/zero_variance", "train/kl", "train/entropy"} <= set(host.rows[0])
    assert json.loads(json.dumps(report)) == report
    changed = load(tmp_path / "out").state_dict()
    start = load(files["sft"]).state_dict()
    assert any(not torch.equal(changed[key], start[key]) for key in start)


def test_equal_runs_give_equal_bytes_and_another_seed_does_not(files: dict[str, Path], tmp_path: Path) -> None:
    reports = [run(files, Host(tmp_path / f"w{i}"), tmp_path / f"o{i}", seed=seed) for i, seed in enumerate((1, 1, 2))]
    weights = [(tmp_path / f"o{i}" / "model.safetensors").read_bytes() for i in range(3)]
    assert reports[0] == reports[1]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_several_updates_on_one_batch_leave_the_policy_that_sampled(files: dict[str, Path], tmp_path: Path) -> None:
    once = run(files, Host(tmp_path / "w1"), tmp_path / "o1")
    thrice = run(files, Host(tmp_path / "w3"), tmp_path / "o3", updates=3, clip=1e-3)
    assert all(row["clipped"] == 0 for row in once["history"])  # one update: the ratio is one, nothing is clipped
    assert any(row["clipped"] > 0 for row in thrice["history"])


def test_checkpointed_activations_of_policy_and_critic_change_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    reports = []
    for checkpointing in (False, True):
        host = Host(tmp_path / f"w{checkpointing}")
        host.runtime.trainer.activation_checkpointing = checkpointing
        reports.append(run(files, host, tmp_path / f"o{checkpointing}", method="ppo"))
    for plain, checkpointed in zip(*(report["history"] for report in reports), strict=True):
        assert checkpointed == pytest.approx(plain, rel=1e-4, abs=1e-6)


def test_two_ranks_report_what_one_process_does(files: dict[str, Path], tmp_path: Path) -> None:
    for strategy, devices in (("auto", "1"), ("ddp", "2")):
        script = str(Path(__file__).parent / "run_rl.py")
        command = [sys.executable, script, str(tmp_path), strategy, devices, "32-true", "grpo"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    one, two = (json.loads((tmp_path / f"report-{devices}.json").read_text()) for devices in (1, 2))
    for alone, shared in zip(one["history"], two["history"], strict=True):
        for key in ("reward", "zero_variance", "length", "kl", "entropy"):
            assert shared[key] == pytest.approx(alone[key], abs=2e-4), (key, alone["step"])
        assert shared.get("held_out_accuracy") == alone.get("held_out_accuracy")  # each rank asks half the questions
    weights = [load(tmp_path / f"model-{devices}").state_dict() for devices in (1, 2)]
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], atol=1e-4, rtol=1e-3)


def test_a_question_in_both_files_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    files["validation.jsonl"] = files["questions.jsonl"]
    with pytest.raises(UserError, match="stand also in"):
        run(files, Host(tmp_path / "work"), tmp_path / "out")


def test_the_loss_of_a_step_has_the_gradient_of_equation_21(tokenizer) -> None:
    """Through micro-batches, padding, masks and reference; against autograd on plain log-probabilities."""
    model, reference = tiny(len(tokenizer), 0).double(), tiny(len(tokenizer), 1).double()
    settings = config(beta=0.3)
    module = RlModule(model, tokenizer, reference, settings, constant(0), [])
    sequences = [Sequence([0, 5, 6], [7, 8, 9, 1]), Sequence([0, 5, 6], [4]), Sequence([0, 9], [3, 3, 1])]
    advantages = torch.tensor([1.2, -0.7, 0.4], dtype=torch.float64)
    module._outputs = len(sequences)
    module._watch = {"kl": 0.0, "clipped": 0.0, "entropy": 0.0}
    for batch in micro_batches(sequences, [0, 1, 2], 12, torch.device("cpu")):
        part = Part(batch, torch.zeros_like(batch.mask))
        part.credit = advantages[batch.rows][:, None]
        with torch.no_grad():
            part.reference, _ = token_logprobs(reference, batch, 1.0)
        module.share(part).backward()
    ours = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    total = torch.zeros((), dtype=torch.float64)
    for sequence, advantage in zip(sequences, advantages, strict=True):
        ids = torch.tensor([sequence.prompt + sequence.output])
        places = torch.tensor(sequence.output)[:, None]
        start = len(sequence.prompt) - 1
        policy = model(input_ids=ids).logits[0, start:-1].log_softmax(-1).gather(1, places).squeeze(1)
        with torch.no_grad():
            fixed = reference(input_ids=ids).logits[0, start:-1].log_softmax(-1).gather(1, places).squeeze(1)
        coefficient = advantage + settings.beta * ((fixed - policy.detach()).exp() - 1)
        total = total - (coefficient * policy).mean() / len(sequences)
    total.backward()
    for mine, parameter in zip(ours, model.parameters(), strict=True):
        assert torch.allclose(mine, parameter.grad, atol=1e-6)


@pytest.mark.parametrize("way", ["output", "token", "constant"])
def test_aggregation_weighs_tokens_as_it_says(tokenizer, way: str) -> None:
    module = RlModule(tiny(len(tokenizer)), tokenizer, None, config(aggregation=way, beta=0.0), constant(0), [])
    module._outputs, module._tokens = 2, 4
    weights = module._token_weights(torch.tensor([[1.0, 0, 0], [1, 1, 1]]))
    longest = module.config.sampling.max_new_tokens
    expected = {"output": [1 / 2, 1 / 6], "token": [1 / 4, 1 / 4], "constant": [1 / (2 * longest)] * 2}[way]
    assert weights[:, 0].tolist() == pytest.approx(expected)
    assert weights[0, 1:].tolist() == [0, 0]


VARIANTS = {
    "rft": {"method": "rft"},
    "dpo": {"method": "dpo"},
    "online_rft": {"method": "online_rft"},
    "ppo": {"method": "ppo"},
    "ppo, two updates": {"method": "ppo", "updates": 2},
    "dapo": {"aggregation": "token", "clip_high": 0.28, "resample": 2, "beta": 0.0, "updates": 2},
    "dr_grpo": {"aggregation": "constant", "beta": 0.0, "advantage": AdvantageConfig(scale=False)},
    "gspo": {"ratio": "sequence", "clip": 3e-4, "updates": 2},
    "capped": {"importance_cap": 2.0},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_row_and_variant_trains_and_repeats_itself(files: dict[str, Path], tmp_path: Path, name: str) -> None:
    changes = VARIANTS[name]
    first, again = (run(files, Host(tmp_path / f"w{i}"), tmp_path / f"o{i}", **changes) for i in range(2))
    assert first == again
    assert all(math.isfinite(value) for row in first["history"] for value in row.values())
    start, end = load(files["sft"]).state_dict(), load(tmp_path / "o0").state_dict()
    assert any(not torch.equal(end[key], start[key]) for key in start)


def test_what_a_method_holds(files: dict[str, Path], tmp_path: Path) -> None:
    held = {}
    for number, changes in enumerate(({"method": "ppo"}, {"beta": 0.0}, {}, {"method": "online_rft"})):
        report = run(files, Host(tmp_path / f"w{number}"), tmp_path / f"o{number}", steps=1, **changes)
        held[number] = set(report["models"])
    assert held == {0: {"policy", "start", "critic"}, 1: {"policy"}, 2: {"policy", "start"}, 3: {"policy"}}


def test_offline_outputs_are_the_same_when_asked_again(files: dict[str, Path]) -> None:
    questions = read_questions(files["questions.jsonl"])
    for method, same in (("rft", True), ("online_rft", False)):
        make = batches(questions, config(method=method, questions_per_step=12))
        first, second = make(0, 0, 1), make(1, 0, 1)  # every question, twice
        rows = [
            {item.id: batch["row_ids"][at * 8 : at * 8 + 8] for at, item in enumerate(batch["questions"])}
            for batch in (first, second)
        ]
        assert (rows[0] == rows[1]) is same
        assert rows[0].keys() == rows[1].keys()


def test_groups_without_variance_are_replaced(files: dict[str, Path], tmp_path: Path) -> None:
    plain = run(files, Host(tmp_path / "w0"), tmp_path / "o0", outputs=2)
    filled = run(files, Host(tmp_path / "w1"), tmp_path / "o1", outputs=2, resample=8)
    flat = [sum(row["zero_variance"] for row in report["history"]) for report in (plain, filled)]
    assert flat[1] < flat[0]


def test_a_runaway_policy_stops_with_its_batch_saved(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rl\.max_kl=1e-09"):
        run(files, Host(tmp_path / "work"), tmp_path / "out", max_kl=1e-9, updates=2)
    saved = list((tmp_path / "work").rglob("kl_step_*.safetensors"))
    assert saved
    assert {"part_0.ids", "part_0.credit"} <= set(load_file(saved[0]))


class Planted:
    """A reward model that likes short outputs; process: every token is a step."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def score(self, prompts, outputs):
        ends = [[len(o) - 1] if self.kind == "outcome" else list(range(len(o))) for o in outputs]
        return [
            SimpleNamespace(ends=places, values=[1.0 / (1 + len(o)) for _ in places])
            for places, o in zip(ends, outputs, strict=True)
        ]


class Source:
    """Where the planted model comes from."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def scorer(self, kind, tokenizer, device):
        return Planted(self.kind)


@pytest.mark.parametrize(
    "changes",
    [
        {"reward": "outcome"},
        {"reward": "process"},
        {"reward": "process", "advantage": AdvantageConfig(supervision="process")},
        {"reward": "outcome", "method": "ppo"},
        {"reward": "outcome", "method": "rft"},
    ],
)
def test_a_reward_model_scores_and_the_rule_is_shown_beside_it(files, tmp_path: Path, changes: dict) -> None:
    report = train(
        Host(tmp_path / "work"),
        config(sampling=SamplingConfig(max_new_tokens=4), **changes),
        files["sft"],
        files["questions.jsonl"],
        files["validation.jsonl"],
        tmp_path / "out",
        reward=Source(changes["reward"]),
    )
    row = report["history"][0]
    assert 0 < row["reward"] < 1
    assert row["reward_rule"] != row["reward"]
    assert all(sample["steps"] for sample in report["samples"])


def test_rounds_begin_with_the_policy_as_reference(files: dict[str, Path], tmp_path: Path) -> None:
    host = Host(tmp_path / "work")
    report = run(files, host, tmp_path / "out", rounds=2, steps=3)
    assert [row["step"] for row in report["history"]] == list(range(6))
    divergence = [row["kl"] for row in report["history"]]
    assert divergence[0] == divergence[3] == 0  # the reference is the policy again
    assert divergence[2] > 0
    assert [row["step"] for row in host.rows] == list(range(1, 7))


def test_a_run_killed_between_rounds_goes_on(files: dict[str, Path], tmp_path: Path, monkeypatch) -> None:
    whole = run(files, Host(tmp_path / "w0"), tmp_path / "o0", rounds=2, steps=2)
    real = train_module.fit
    fits: list[str] = []

    def dying(*arguments, name, **others):
        fits.append(name)
        if len(fits) == 2:
            raise KeyboardInterrupt
        return real(*arguments, name=name, **others)

    monkeypatch.setattr(train_module, "fit", dying)
    with pytest.raises(KeyboardInterrupt):
        run(files, Host(tmp_path / "w1"), tmp_path / "o1", rounds=2, steps=2)
    resumed = run(files, Host(tmp_path / "w1"), tmp_path / "o1", rounds=2, steps=2)
    assert fits == ["grpo_0", "grpo_1", "grpo_1"]
    assert resumed == whole
    weights = [(tmp_path / f"o{i}" / "model.safetensors").read_bytes() for i in range(2)]
    assert weights[0] == weights[1]


def test_what_does_not_fit_together_is_named() -> None:
    assert "advantage.supervision" in config(advantage=AdvantageConfig(supervision="process")).faults()
    assert "aggregation" in config(method="dpo", aggregation="token").faults()
    assert not config().faults()
