"""RL under ZeRO-2 and ZeRO-3 on two CPU ranks, with the figures and the weights of one process."""

import json
from pathlib import Path

import pytest
from ranks import together

from mathmill.training.model import load


@pytest.mark.slow
@pytest.mark.parametrize("stage", [2, 3])
def test_zero_on_two_ranks_is_one_process(files: dict[str, Path], tmp_path: Path, stage: int) -> None:
    found = {}
    for strategy, devices in (("auto", "1"), (f"deepspeed_stage_{stage}", "2")):
        words, log = [str(tmp_path), strategy, devices], tmp_path / "log"
        assert together(Path(__file__).parent / "run_rl.py", words, int(devices), log) == 0, log.read_text()[-3000:]
        found[devices] = json.loads((tmp_path / f"report-{devices}.json").read_text())
    for alone, shared in zip(found["1"]["history"], found["2"]["history"], strict=True):
        for key in ("reward", "zero_variance", "length", "kl", "entropy", "loss"):
            assert shared[key] == pytest.approx(alone[key], abs=1e-3), (key, alone["step"])
    weights = [load(tmp_path / f"model-{devices}").state_dict() for devices in (1, 2)]
    for name in weights[0]:
        difference = (weights[0][name] - weights[1][name]).abs().max().item()
        assert difference < 2e-3, name
