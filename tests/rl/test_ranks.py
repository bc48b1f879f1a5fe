"""RL under ZeRO-2 and ZeRO-3 on two CPU ranks, with the figures and the weights of one process."""

import json
from pathlib import Path
from typing import Any

import pytest
from ranks import together

from mathmill.training.model import load


def run(folder: Path, strategy: str, devices: int, precision: str, method: str = "grpo") -> dict[str, Any]:
    words, log = [str(folder), strategy, str(devices), precision, method], folder / "log"
    assert together(Path(__file__).parent / "run_rl.py", words, devices, log) == 0, log.read_text()[-3000:]
    report: dict[str, Any] = json.loads((folder / f"report-{devices}.json").read_text())
    return report


@pytest.mark.slow
@pytest.mark.parametrize("stage", [2, 3])
def test_zero_on_two_ranks_is_one_process(files: dict[str, Path], tmp_path: Path, stage: int) -> None:
    alone_, shared_ = run(tmp_path, "auto", 1, "32-true"), run(tmp_path, f"deepspeed_stage_{stage}", 2, "32-true")
    for alone, shared in zip(alone_["history"], shared_["history"], strict=True):
        for key in ("reward", "zero_variance", "length", "kl", "entropy", "loss"):
            assert shared[key] == pytest.approx(alone[key], abs=1e-3), (key, alone["step"])
    weights = [load(tmp_path / f"model-{devices}").state_dict() for devices in (1, 2)]
    for name in weights[0]:
        difference = (weights[0][name] - weights[1][name]).abs().max().item()
        assert difference < 2e-3, name


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "devices"), [("auto", 1), ("deepspeed_stage_2", 2), ("deepspeed_stage_3", 2)])
def test_policy_and_reference_begin_as_one_in_bfloat16(
    files: dict[str, Path], tmp_path: Path, strategy: str, devices: int
) -> None:
    """DeepSpeed holds the policy in bfloat16: a float32 reference would be another model, and the first KL not zero."""
    history = run(tmp_path, strategy, devices, "bf16-mixed")["history"]
    assert history[0]["kl"] == 0.0
    assert history[-1]["kl"] > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("stage", [2, 3])
def test_ppo_under_deepspeed_leaves_the_policy_alone(files: dict[str, Path], tmp_path: Path, stage: int) -> None:
    """The critic is trained beside it, and is no part of what is saved."""
    report = run(tmp_path, f"deepspeed_stage_{stage}", 2, "32-true", "ppo")
    assert set(report["models"]) == {"policy", "start", "critic"}
    assert load(tmp_path / "model-2").state_dict().keys() == load(tmp_path / "sft").state_dict().keys()
