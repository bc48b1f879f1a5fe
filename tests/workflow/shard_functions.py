"""Shard functions for the tests of the engine, in a module of their own where worker processes find them."""

import ctypes
import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

from mathmill.workflow.engine import EngineConfig, PageGuard, Shard, ShardResult, run_shards


def upper(shard: Shard, params: Any, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Copy lines in capitals; a line's first word may ask for trouble."""
    rows = []
    for line in shard.inputs[0].read_text().splitlines():
        if guard.skips(line):
            continue
        with guard.page(line):
            rows.append(page(line, params))
    out.write_text("\n".join(rows))
    count_call(shard, params)
    return {"rows": len(rows), "letters": sum(map(len, rows))}


def page(line: str, params: dict[str, Any]) -> str:
    word = line.split()[0] if line.strip() else ""
    if word == "segfault":
        ctypes.string_at(0)
    elif word == "exit":
        os._exit(3)
    elif word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "once" and not os.path.exists(params["mark"]):
        Path(params["mark"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "rest":
        time.sleep(0.5)
    elif word == "burn":
        while True:
            sum(range(1000))
    elif word == "slow":
        while True:
            time.sleep(0.01)
    elif word == "swallow":  # a library that catches everything and goes on
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                time.sleep(0.05)
            except Exception:
                continue
    elif word == "stuck":  # C code that never returns to the interpreter: no signal handler runs
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(60)
    elif word == "value":
        raise ValueError("bad page")
    elif word == "memory":
        raise MemoryError
    return line.upper() + params.get("suffix", "")


def count_call(shard: Shard, params: dict[str, Any]) -> None:
    if "calls" in params:
        with open(params["calls"], "a") as file:
            file.write(shard.key + "\n")


def fails(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    """Fail for the shards in params['bad'], for those in params['once'] on the first try only."""
    count_call(shard, params)
    if shard.key in params.get("bad", ()):
        raise ValueError(f"no good: {shard.key}")
    flag = Path(params["calls"] + shard.key)
    if shard.key in params.get("once", ()) and not flag.exists():
        flag.touch()
        raise RuntimeError("the first try")
    out.write_text(shard.key)
    return {"pid": 0}


def dies_between_pages(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    count_call(shard, params)
    os._exit(9)


def fills_the_disk(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    with guard.page("http://a/"), open("/dev/full", "w") as file:
        file.write("x")
    raise AssertionError(f"no error {errno.ENOSPC}")


def writes_nothing(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    return {}


def sleeps(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    count_call(shard, params)
    time.sleep(params["seconds"])
    out.mkdir()
    (out / "b.txt").write_text(shard.key)
    (out / "a.txt").write_text("a")
    return {"shard": shard.key}


def uses_model(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    count_call(shard, params)
    out.write_text(Path(params["model"]).read_text())
    return {}


def naps(shard: Shard, params: dict[str, Any], out: Path, guard: PageGuard) -> dict[str, Any]:
    """A little time a page, and a file that names this process while it is at work."""
    mine = Path(params["pids"]) / shard.key
    mine.write_text(str(os.getpid()))
    rows = []
    for line in shard.inputs[0].read_text().splitlines():
        with guard.page(line):
            time.sleep(0.05)
            rows.append(line.upper())
    out.write_text("\n".join(rows))
    mine.unlink()
    return {"rows": len(rows)}


def run(
    shards: list[Shard], out: Path, engine: EngineConfig, function: Any = upper, **params: Any
) -> list[ShardResult]:
    """A run of one of these functions over the shards."""
    return run_shards("test", function, shards, out, params=params, engine=engine, suffix=".txt")
