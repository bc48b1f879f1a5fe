import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from rl_models import tiny

from mathmill.rl.config import RlConfig, SamplingConfig
from mathmill.rl.likelihood import Sequence, micro_batches, token_logprobs
from mathmill.rl.module import GrpoModule, Part
from mathmill.rl.objective import gradient_coefficient
from mathmill.rl.train import train
from mathmill.training.config import OptimConfig
from mathmill.training.model import load, save
from mathmill.training.schedule import constant
from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl


class Host:
    """The part of a stage that training needs; it remembers what was logged."""

    def __init__(self, scratch: Path, **runtime) -> None:
        self.name, self.scratch = "rl", scratch
        self.runtime = RuntimeConfig(progress=False, checkpoint_every_seconds=0, log_every=1, **runtime)
        self.rows: list[dict] = []
        self.run = SimpleNamespace(
            metrics=lambda values, step: self.rows.append({"step": step, **values}), flush=lambda: None
        )

    @contextmanager
    def progress(self, total, description, unit):
        yield SimpleNamespace(update=lambda n: None)


def config(**changes) -> RlConfig:
    settings = {
        "steps": 4,
        "questions_per_step": 3,
        "outputs": 8,
        "eval_every": 2,
        "eval_questions": 5,
        "answer_mode": "lenient",  # an untrained model never boxes; its first digits can be right by chance
        "reward_truncated": True,
        "sampling": SamplingConfig(max_new_tokens=2),
        "optim": OptimConfig(lr=1e-3, schedule="constant", drop_at=[], drop_to=[]),
    }
    return RlConfig(**{**settings, **changes})


@pytest.fixture
def files(tmp_path: Path, tokenizer) -> dict[str, Path]:
    model = tiny(len(tokenizer))
    with torch.no_grad():  # digits are likely, so that some answers are right
        model.get_output_embeddings().weight.mul_(0.2)
        for digit in "0123456789":
            model.get_output_embeddings().weight[tokenizer.convert_tokens_to_ids(digit)] *= 20
    save(model, tokenizer, tmp_path / "sft")
    rows = [{"id": str(i), "question": f"What is {i}?", "answer": str(i % 10)} for i in range(20)]
    write_jsonl(tmp_path / "questions.jsonl", rows[:12])
    write_jsonl(tmp_path / "validation.jsonl", rows[12:])
    return {name: tmp_path / name for name in ("sft", "questions.jsonl", "validation.jsonl")}


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


def test_two_ranks_report_what_one_process_does(files: dict[str, Path], tmp_path: Path) -> None:
    for strategy, devices in (("auto", "1"), ("ddp", "2")):
        command = [sys.executable, str(Path(__file__).parent / "run_rl.py"), str(tmp_path), strategy, devices]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    one, two = (json.loads((tmp_path / f"report-{devices}.json").read_text()) for devices in (1, 2))
    for alone, shared in zip(one["history"], two["history"], strict=True):
        for key in ("reward", "zero_variance", "length", "kl", "entropy"):
            assert shared[key] == pytest.approx(alone[key], abs=2e-4), (key, alone["step"])
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
    module = GrpoModule(model, tokenizer, reference, settings, constant(0), [])
    sequences = [Sequence([0, 5, 6], [7, 8, 9, 1]), Sequence([0, 5, 6], [4]), Sequence([0, 9], [3, 3, 1])]
    advantages = torch.tensor([1.2, -0.7, 0.4], dtype=torch.float64)
    module._outputs = len(sequences)
    module._watch = {"kl": 0.0, "clipped": 0.0, "entropy": 0.0}
    for batch in micro_batches(sequences, [0, 1, 2], 12, torch.device("cpu")):
        with torch.no_grad():
            theirs, _ = token_logprobs(reference, batch, 1.0)
        part = Part(batch, advantages[batch.rows][:, None], theirs)
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
        coefficient = gradient_coefficient(policy.detach(), fixed, advantage, settings.beta)
        total = total - (coefficient * policy).mean() / len(sequences)
    total.backward()
    for mine, parameter in zip(ours, model.parameters(), strict=True):
        assert torch.allclose(mine, parameter.grad, atol=1e-6)
