"""Fixtures of this folder's tests."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy_sweep import BODY


@pytest.fixture
def sweep(project, empty_store):
    """Runs the stage `rl` of a project where its body is a toy; returns the process and the body's calls."""
    shutil.copy(empty_store, project / "mlflow.db")
    (project / "toy.py").write_text(textwrap.dedent(BODY))
    for path in ("data/clean/questions.jsonl", "data/microworld/benchmarks/validation.jsonl"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("{}\n")
    (project / "models" / "sft").mkdir(parents=True)
    (project / "models" / "sft" / "model.safetensors").write_bytes(b"sft")

    def run(*words, environment=None):
        (project / "calls").write_text("")
        done = subprocess.run(
            [sys.executable, "toy.py", *words],
            cwd=project,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done, [line.split() for line in (project / "calls").read_text().splitlines()]

    return run
