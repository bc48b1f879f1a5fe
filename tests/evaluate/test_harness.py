"""The wrapper of lm-evaluation-harness, with a stand-in for the package (it is an extra)."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from mathmill.evaluate import harness

CALLS: list[dict[str, Any]] = []


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    package, tasks = types.ModuleType("lm_eval"), types.ModuleType("lm_eval.tasks")

    class TaskManager:
        def __init__(self, include_path: str | None = None) -> None:
            self.include_path = include_path

        def match_tasks(self, names: list[str]) -> list[str]:
            return [name for name in names if name in {*harness.SETS.values(), "mine"}]

    def simple_evaluate(**given: Any) -> dict[str, Any]:
        CALLS.append(given)
        entry = {"alias": "x", "acc,none": 0.25, "acc_stderr,none": 0.01, "exact_match,get-answer": 0.5}
        return {"results": dict.fromkeys(given["tasks"], entry)}

    package.simple_evaluate = simple_evaluate  # type: ignore[attr-defined]
    tasks.TaskManager = TaskManager  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lm_eval", package)
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", tasks)
    monkeypatch.setitem(sys.modules, "accelerate", types.ModuleType("accelerate"))
    CALLS.clear()


@pytest.mark.usefixtures("stand_in")
def test_figures_of_the_papers_sets(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "general.json"
    assert harness.main([str(model), "--sets", "mmlu,bbh,mine", "--out", str(out), "--limit", "5"]) == 0
    assert CALLS[0]["tasks"] == ["mmlu_flan_cot_fewshot", "bbh_cot_fewshot", "mine"]
    assert (CALLS[0]["limit"], CALLS[0]["model_args"]["pretrained"]) == (5, str(model))
    assert CALLS[0]["confirm_run_unsafe_code"] is False
    figures = json.loads(out.read_text())
    assert figures["bbh"] == {
        "acc": {"value": 0.25, "stderr": 0.01},
        "exact_match/get-answer": {"value": 0.5, "stderr": None},
    }
    assert "mmlu acc: 0.2500 (standard error 0.0100)" in capsys.readouterr().out


@pytest.mark.usefixtures("stand_in")
def test_programs_run_only_where_that_is_said(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ALLOW_CODE_EVAL", "0")  # restored afterwards
    assert harness.main([str(model), "--sets", "humaneval,mbpp"]) == 2
    assert "outside the sandbox" in capsys.readouterr().err
    assert CALLS == []
    assert harness.main([str(model), "--sets", "humaneval", "--run-code"]) == 0
    assert CALLS[0]["confirm_run_unsafe_code"] is True


@pytest.mark.usefixtures("stand_in")
def test_unknown_sets_and_folders_are_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.main([str(model), "--sets", "mmlu,mmmlu"]) == 2
    assert "mmmlu: no such set" in capsys.readouterr().err
    assert harness.main([str(model / "none")]) == 2
    assert "no Hugging Face folder" in capsys.readouterr().err


def test_without_the_package(model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    assert harness.main([str(model)]) == 2
    assert "pip install 'mathmill[harness]'" in capsys.readouterr().err
