"""--help answers at once, without anything heavy, and knows every key."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mathmill.workflow.graph import STAGES
from mathmill.workflow.help import stage_help
from mathmill.workflow.keys import declared
from mathmill.workflow.schema import section_type

ROOT = Path(__file__).resolve().parents[2]
HEAVY = "torch lightning transformers mlflow deepspeed pandas matplotlib fasttext pyarrow numpy hydra dvc"
PROBE = """
import runpy, sys
sys.argv = ["x", "--help"]
try:
    runpy.run_module("mathmill.{stage}", run_name="__main__", alter_sys=True)
finally:
    print("HEAVY", *sorted(set("{heavy}".split()) & set(sys.modules)))
"""


@pytest.mark.parametrize("stage", STAGES)
def test_help_is_fast_and_light(stage: str, cpu_limit: Callable) -> None:
    if not (ROOT / "src" / "mathmill" / stage / "__main__.py").exists():
        pytest.fail(f"src/mathmill/{stage}/__main__.py is missing")
    command = [sys.executable, "-c", PROBE.format(stage=stage, heavy=HEAVY)]
    with cpu_limit(1.0):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *text, heavy = done.stdout.splitlines()
    assert heavy == "HEAVY"
    assert text[0].startswith(f"python -m mathmill.{stage}:")


@pytest.mark.parametrize("stage", STAGES[1:])
def test_help_lists_every_key_with_its_help(stage: str) -> None:
    text = stage_help(stage, "A stage.")
    for key in declared(section_type(stage), f"{stage}."):
        assert f"  {key.name}: " in text
        assert key.help, f"{key.name} has no help text"
    assert "  runtime.threads: int or null = 1  [>= 1]\n" in text
    assert f"dvc repro {stage}" in text
