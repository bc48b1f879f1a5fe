"""What changes the fingerprint of a stage's work, and what does not."""

from pathlib import Path

import pytest
import yaml

from mathmill.workflow import fingerprint as module
from mathmill.workflow.fingerprint import fingerprint, lookup, recorded_outputs
from mathmill.workflow.graph import node
from mathmill.workflow.schema import Params


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that fingerprints stage tokens over a small input."""
    monkeypatch.delenv("DVC_STAGE", raising=False)
    (tmp_path / "data" / "clean").mkdir(parents=True)
    (tmp_path / "data" / "clean" / "a").write_text("1")

    def fingerprint_of(params: Params | None = None) -> str:
        inputs = {"clean": [tmp_path / "data" / "clean"]}
        return fingerprint(tmp_path, node("tokens"), params or Params(), inputs)

    return fingerprint_of


def test_it_is_stable_and_short(made) -> None:
    assert made() == made()
    assert len(made()) == 16


def test_runtime_and_other_sections_do_not_count(made) -> None:
    params = Params()
    params.runtime.threads = 7
    params.rl.steps = params.rl.steps + 1
    params.seed = 5
    params.inputs = {"pages": {"crawl": "x"}}
    assert made(params) == made()


def test_the_content_of_an_input_counts_but_not_its_place_in_time(made, tmp_path: Path) -> None:
    before = made()
    path = tmp_path / "data" / "clean" / "a"
    path.unlink()
    path.write_text("1")
    assert made() == before
    path.write_text("2")
    assert made() != before


def test_the_section_counts(made, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made()
    monkeypatch.setattr(module, "lookup", lambda params, key: {"vocab": 7})
    assert made() != before


def test_the_code_counts(made, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made()
    monkeypatch.setattr(module, "code_digest", lambda path: f"new {path}")
    assert made() != before


def test_items_of_a_stage_differ(tmp_path: Path) -> None:
    first, second = (fingerprint(tmp_path, node("pretrain", item), Params(), {}) for item in ("base", "code"))
    assert first != second


def test_an_item_listens_to_its_own_run_alone() -> None:
    params = Params()
    assert lookup(params, "rl.steps") == params.rl.steps
    assert lookup(params, "pretrain.runs.nowhere") is None


def test_the_lock_of_dvc_gives_digests_within_a_stage_of_dvc(
    made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made()
    lock = {"schema": "2.0", "stages": {"decontaminate": {"outs": [{"path": "data/clean", "md5": "0" * 32 + ".dir"}]}}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock))
    assert made() == before
    monkeypatch.setenv("DVC_STAGE", "tokens")
    assert made() != before
    assert recorded_outputs(tmp_path / "dvc.lock") == {"data/clean": "0" * 32 + ".dir"}
