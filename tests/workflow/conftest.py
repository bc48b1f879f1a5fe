"""Fixtures of this folder's tests."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy_sweep import BODY

from mathmill.workflow.engine import Shard


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


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., list[Shard]]:
    """Shards whose inputs hold the given lines."""

    def build(**lines: list[str]) -> list[Shard]:
        shards = []
        for key, text in lines.items():
            path = tmp_path / "in" / f"{key}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(text))
            shards.append(Shard(key, (path,)))
        return shards

    return build
