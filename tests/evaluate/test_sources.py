"""Problems out of files and out of the Hugging Face hub (by a stand-in: there is no network here)."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.sources import from_hub, read_sets
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    asked: list[tuple[Any, ...]] = []
    module = types.ModuleType("datasets")

    def load_dataset(name: str, configuration: str | None = None, split: str = "") -> list[dict[str, str]]:
        asked.append((name, configuration, split))
        if name == "nobody/nothing":
            raise FileNotFoundError("no such set\nand more lines")
        return [{"question": f"{i} + 1?", "answer": f"It is\n#### {i + 1}"} for i in range(3)]

    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    return asked


def test_a_set_of_the_hub(hub: list[tuple[Any, ...]]) -> None:
    sets = read_sets([], {"gsm8k": "datasets:openai/gsm8k/main:test"}, EvaluateConfig(limit=2))
    assert hub == [("openai/gsm8k", "main", "test")]
    assert [item.answer for item in sets.benchmarks[0].items] == ["1", "2"]
    list(from_hub("datasets:someone/else:train"))
    assert hub[1:] == [("someone/else", None, "train")]


@pytest.mark.usefixtures("hub")
def test_faults_of_addresses_are_named() -> None:
    with pytest.raises(UserError, match="no such set; give a local file"):
        from_hub("datasets:nobody/nothing:test")
    with pytest.raises(UserError, match="write datasets:OWNER/SET:SPLIT"):
        from_hub("datasets:gsm8k")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match="pip install datasets"):
        from_hub("datasets:openai/gsm8k/main:test")


def test_files_of_a_known_form_are_graded_by_its_rules(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"question": "1+1?", "golden": "2", "grade": 1}])
    write_jsonl(tmp_path / "b.jsonl", [{"question": "1+1?", "answer": "2"}])
    first, second = read_sets([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], {}, EvaluateConfig()).benchmarks
    assert first.task
    assert (first.task.name, first.shots, second.task) == ("cmath", False, None)
