"""torch.compile under Lightning."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training.toys import SHAPE, ToyPhase, ToyStage, toy_batch, toy_tokenizer
from transformers import AutoModelForCausalLM

from mathmill.training.config import OptimConfig
from mathmill.training.model import build, save
from mathmill.training.trainer import fit


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on CPUs needs a C++ compiler")
def test_compiled_blocks_compute_the_same_and_leave_no_trace(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    losses, models = [], []
    for compiled in (False, True):
        stage = ToyStage(tmp_path / str(compiled), micro_batch=2)
        stage.runtime.trainer.compile = compiled
        module = ToyPhase(build(replace(SHAPE, layers=1), toy_tokenizer()), OptimConfig(lr=1e-2))
        fit(module, toy_batch, 4, stage, seed=0)
        losses.append(stage.run.curve("train/loss"))
        models.append(module.model)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    assert torch._dynamo.utils.counters["inductor"]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    save(models[1], toy_tokenizer(), tmp_path / "saved")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    for mine, other in zip(plain.parameters(), models[0].parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)
