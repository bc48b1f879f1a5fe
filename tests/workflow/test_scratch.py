"""Locks between processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mathmill.workflow.errors import UserError
from mathmill.workflow.scratch import locked, scratch

HOLDER = """
import os, sys, time
from pathlib import Path
from mathmill.workflow.scratch import scratch
with scratch(Path(sys.argv[1]), "rl@grpo", 0.0) as folder:
    if "fork" in sys.argv and os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    (folder / "half").write_text("1")
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float, *more: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(seconds), *more], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_waits_and_then_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holder = hold(tmp_path / "work" / "abc", 1.0)
    with scratch(tmp_path / "work" / "abc", "rl@grpo", 20.0) as folder:
        assert holder.wait(5) == 0
        assert (folder / "half").read_text() == "1"
    assert f"rl@grpo: waiting for process {holder.pid}" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.lock"))


def test_a_second_process_gives_up_and_names_the_first(tmp_path: Path) -> None:
    holder = hold(tmp_path / "work" / "abc", 60)
    started = time.monotonic()
    with (
        pytest.raises(UserError, match=f"rl@grpo: process {holder.pid} still works on it.*kill {holder.pid}"),
        scratch(tmp_path / "work" / "abc", "rl@grpo", 0.5),
    ):
        pass
    assert time.monotonic() - started < 5
    with scratch(tmp_path / "work" / "other", "rl@grpo", 0.0):
        pass  # another fingerprint is another lock
    holder.kill()
    holder.wait(5)
    with scratch(tmp_path / "work" / "abc", "rl@grpo", 0.0) as folder:
        assert (folder / "half").exists()  # what a killed process left is there to go on from


def test_children_that_outlive_a_killed_holder_do_not_keep_the_lock(tmp_path: Path) -> None:
    holder = hold(tmp_path / "abc", 60, "fork")
    child = int(Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()[0])
    holder.kill()
    holder.wait(5)
    os.kill(child, 0)  # still there
    with scratch(tmp_path / "abc", "rl@grpo", 2.0):
        pass
    os.kill(child, signal.SIGKILL)


def test_the_lock_goes_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path / "x.lock", "x", 0.0):
        raise RuntimeError
    with locked(tmp_path / "x.lock", "x", 0.0):
        assert (tmp_path / "x.lock").read_text().strip() == str(os.getpid())
    assert not (tmp_path / "x.lock").exists()
