"""What the ledger lacks is run within a time; every run of a table must be in the store."""

import sys
import time
from pathlib import Path

import pytest

from mathmill.compare import missing as module
from mathmill.compare.missing import check, main, missing, needed, run_missing
from mathmill.compare.table import COMPARISONS
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_json
from mathmill.workflow.tracking_store import open_store


def test_what_has_enough_seeds_is_not_missing(tmp_path: Path) -> None:
    assert set(needed()) <= set(COMPARISONS)
    write_json(tmp_path / "reports/comparisons/arxiv.json", {"seeds": [0, 1, 2]})
    assert "arxiv" not in missing(tmp_path, 3)
    assert "arxiv" in missing(tmp_path, 5)
    assert "code_first" in missing(tmp_path, 1)


def test_the_time_is_kept_and_a_failure_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\ncase "$3" in one) exit 1;; two) exit 0;; *) exec sleep 60;; esac\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    begun = time.monotonic()
    states = run_missing(tmp_path, ["one", "two", "slow", "never"], 0.05, 2)
    assert states == {"one": "failed", "two": "done", "slow": "out of time", "never": "out of time"}
    assert time.monotonic() - begun < 40


def test_a_run_that_is_gone_is_named(tracked: Path) -> None:
    store = open_store(tracked, None)
    runs = [store.client.create_run(store.experiment_id).info.run_id for _ in range(2)]
    arms = {arm.name: {"runs": {}} for arm in COMPARISONS["arxiv"].arms} | {"math": {"runs": {"0": runs}}}
    write_json(tracked / "reports/comparisons/arxiv.json", {"arms": arms})
    assert check(tracked) == 2
    store.client.delete_run(runs[1])
    with pytest.raises(UserError, match=rf"arxiv.json: its run {runs[1]}"):
        check(tracked)


def test_odd_words_are_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_missing", lambda *_: {})
    for words in (["minutes=soon"], ["hours=1"]):
        with pytest.raises(SystemExit):
            main(words)
        assert "error:" in capsys.readouterr().err
