"""The benchmarks, most of which no test can afford to run: what they take from the project is there."""

import ast
import importlib
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_what_a_benchmark_imports_is_there(script: Path) -> None:
    absent = []
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "mathmill":
            module = importlib.import_module(node.module or "")
            absent += [f"{node.module}.{one.name}" for one in node.names if not hasattr(module, one.name)]
    assert absent == []
