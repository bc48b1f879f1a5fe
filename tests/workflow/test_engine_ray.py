"""The back end of a cluster, on a Ray of this machine with two worker processes."""

import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from folders import tree

from mathmill.workflow.engine import EngineConfig, Shard, read_quarantine
from mathmill.workflow.errors import UserError

sys.path.insert(0, str(Path(__file__).parent))  # worker processes inherit it
import shard_functions as functions
from shard_functions import run

SERIAL = EngineConfig(backend="serial", progress=False, page_timeout=0.4, hang_timeout=0.6)
RAY = EngineConfig(backend="ray", workers=2, progress=False, page_timeout=0.4, hang_timeout=0.6, page_deaths=1)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One Ray for all tests of this file: it takes seconds to start."""
    pytest.importorskip("ray", reason="the optional package ray is not installed")
    from mathmill.workflow.engine_ray import load_ray, start_local

    ray = load_ray()
    if ray.is_initialized():
        pytest.skip("this process is connected to a Ray already")
    start_local(ray, 2, 80 << 20, log_to_driver=False, logging_level="warning")
    yield
    ray.shutdown()


def test_same_bytes_as_in_one_process(make: Callable[..., list[Shard]], tmp_path: Path) -> None:
    shards = make(**{f"s{i}": [f"line {i} {j}" for j in range(5)] + ["value x"] * (i % 2) for i in range(8)})
    here = run(shards, tmp_path / "one", SERIAL)
    there = run(shards[::-1], tmp_path / "two", RAY)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert [r.stats for r in here] == [r.stats for r in there[::-1]]
    assert all(r.skipped for r in run(shards, tmp_path / "two", RAY))


def test_bad_pages_cost_themselves_alone(make: Callable[..., list[Shard]], tmp_path: Path) -> None:
    shards = make(
        a=["x", "segfault http://bad/", "y"], b=["z", "value 1", "slow http://s/"], c=["stuck http://hangs/", "u"]
    )
    results = run(shards, tmp_path / "out", RAY)
    assert [r.path.read_text() for r in results] == ["X\nY", "Z", "U"]
    assert [r.quarantined for r in results] == [{"crash": 1}, {"error:ValueError": 1, "timeout": 1}, {"hang": 1}]
    assert {"shard": "a", "url": "segfault http://bad/", "reason": "crash"} in read_quarantine(tmp_path / "out")


def test_a_poisoned_shard_is_reported_and_the_rest_goes_on(make: Callable[..., list[Shard]], tmp_path: Path) -> None:
    shards = make(**{f"s{i}": ["x"] for i in range(5)}, deadly=["exit 1", "y"])
    engine = dataclasses.replace(RAY, crashes=2, page_deaths=9)
    with pytest.raises(UserError) as caught:
        run(shards, tmp_path / "out", engine, calls=str(tmp_path / "calls"))
    assert "1 of 6 shards failed" in str(caught.value)
    assert "deadly: its worker process died" in str(caught.value)
    assert "at exit 1; 2 deaths are the limit" in str(caught.value)
    assert {p.name for p in (tmp_path / "out").glob("s*.txt")} == {f"s{i}.txt" for i in range(5)}
    calls = str(tmp_path / "again")
    with pytest.raises(UserError, match=r"2 of 6[\s\S]*ValueError: no good: s1 \(shard_functions\.py, line"):
        run(shards, tmp_path / "other", RAY, functions.fails, calls=calls, bad=["s1", "s3"], once=["s2"])
    assert Path(calls).read_text().split().count("s2") == 2


def test_workers_that_are_killed_cost_nothing(make: Callable[..., list[Shard]], tmp_path: Path) -> None:
    shards = make(**{f"s{i}": [f"nap {i} {j}" for j in range(15)] for i in range(6)})
    engine = dataclasses.replace(RAY, page_timeout=20.0, page_deaths=3)
    done, killed = threading.Event(), []

    def kill() -> None:
        while not done.wait(0.4):
            pids = [int(p.read_text()) for p in (tmp_path / "pids").glob("*") if p.read_text()]
            for pid in pids[:1]:
                if len(killed) < 4 and _kill(pid):
                    killed.append(pid)

    (tmp_path / "pids").mkdir()
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        run(shards, tmp_path / "two", engine, functions.naps, pids=str(tmp_path / "pids"))
    finally:
        done.set()
        killer.join()
    assert len(killed) == 4
    run(
        shards,
        tmp_path / "one",
        dataclasses.replace(SERIAL, page_timeout=20.0),
        functions.naps,
        pids=str(tmp_path / "pids"),
    )
    ours, theirs = tree(tmp_path / "one"), tree(tmp_path / "two")
    assert {k: v for k, v in ours.items() if k.endswith(".txt")} == {
        k: v for k, v in theirs.items() if k.endswith(".txt")
    }


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def test_without_the_package_the_extra_is_named(
    make: Callable[..., list[Shard]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"engine=ray needs the package ray: pip install 'mathmill\[ray\]'"):
        run(make(a=["x"]), tmp_path / "out", RAY)
