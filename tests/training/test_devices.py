"""What makes a step faster on a machine and changes no result."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training.toys import SHAPE, ToyPhase, ToyStage, toy_batch, toy_tokenizer
from transformers import AutoModelForCausalLM

from mathmill.training.config import OptimConfig
from mathmill.training.model import build, save
from mathmill.training.trainer import fit

FAULTS = """
import resource, sys, torch
from mathmill.training.devices import keep_freed_memory
print(keep_freed_memory() if sys.argv[1] == "kept" else "")
def step():
    tensors = [torch.empty(size << 20, dtype=torch.uint8).fill_(1) for size in (6, 3, 9, 2)]
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_memory_that_a_step_frees_is_not_taken_from_the_system_again() -> None:
    def faults(kind: str) -> tuple[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, kind], check=True, capture_output=True, text=True, timeout=120
        )
        told, _, count = done.stdout.partition("\n")
        return told, int(count)

    told, kept = faults("kept")
    if told == "False":
        pytest.skip("this C library has no mallopt")
    assert kept < 500 < faults("plain")[1]


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
