"""Mutated and hostile pages: no crash, no hang, every one accounted for. The full run is benchmarks/fuzz_pages.py."""

import importlib.util
import random
import time
from pathlib import Path
from types import ModuleType

import pytest

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz_pages.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_pages", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FUZZ = load()
HOSTILE = FUZZ.hostile()


def test_mutated_pages_and_records(tmp_path: Path) -> None:
    report = FUZZ.fuzz(400, 1, [], tmp_path)
    assert report["went_in"] == {"html": 200, "records": 200}
    assert report["unaccounted"] == 0
    assert report["came_out"]["html: page"] > 150
    assert report["came_out"]["records: page"] > 50
    assert not [reason for reason in report["came_out"] if "error:" in reason or "timeout" in reason]


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_pages(kind: str, tmp_path: Path) -> None:
    item = FUZZ.response(0, HOSTILE[kind].encode(), random.Random(0))
    began = time.process_time()
    stats, aside = FUZZ.account([item], tmp_path / "out.parquet")
    assert stats["pages"] + sum(stats["dropped"].values()) + sum(aside.values()) == 1
    assert time.process_time() - began < 15
    assert not [reason for reason in aside if reason.startswith("error:")]
