import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from folders import tree

from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.engine import (
    EngineConfig,
    Shard,
    read_manifest,
    read_quarantine,
    run_shards,
    shard_paths,
)
from mathmill.workflow.errors import UserError

sys.path.insert(0, str(Path(__file__).parent))  # worker processes inherit it
import shard_functions as functions
from shard_functions import run

SERIAL = EngineConfig(backend="serial", progress=False, page_timeout=0.4, hang_timeout=0.6)
POOL = EngineConfig(backend="pool", workers=2, progress=False, page_timeout=0.4, hang_timeout=0.6)
both = pytest.mark.parametrize("engine", [SERIAL, POOL], ids=["serial", "pool"])


@both
def test_outputs_results_and_manifest(make, tmp_path, engine):
    shards = make(b=["one two", "three"], a=["four"], empty=[])
    results = run(shards, tmp_path / "out", engine)
    assert [(r.shard.key, r.stats["rows"], r.skipped) for r in results] == [
        ("b", 2, False),
        ("a", 1, False),
        ("empty", 0, False),
    ]
    assert results[0].path.read_text() == "ONE TWO\nTHREE"
    rows = read_manifest(tmp_path / "out")
    assert [row["shard"] for row in rows] == ["a", "b", "empty"]
    assert set(rows[0]) == {"shard", "key", "output", "bytes", "stats", "quarantined"}
    assert shard_paths(tmp_path / "out") == [tmp_path / "out" / name for name in ("a.txt", "b.txt", "empty.txt")]
    assert set(tree(tmp_path / "out")) == {"a.txt", "b.txt", "empty.txt", "manifest.jsonl"}


def test_same_bytes_from_any_back_end_and_any_order(make, tmp_path):
    shards = make(a=["x", "value y"], b=["y"], c=["slow z", "w"])
    run(shards, tmp_path / "one", SERIAL)
    run(shards[::-1], tmp_path / "two", POOL)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_finished_shards_are_skipped_and_stale_ones_are_not(make, tmp_path):
    calls = tmp_path / "calls"
    out = tmp_path / "out"
    run(make(a=["x"], b=["y"], c=["z"]), out, SERIAL, calls=str(calls))
    calls.unlink()
    again = run(make(a=["x"], b=["y"], c=["z"]), out, SERIAL, calls=str(calls))
    assert all(r.skipped and r.seconds == 0 for r in again)
    assert not calls.exists()
    # b has other bytes, c is no longer asked for, d is new
    changed = run(make(a=["x"], b=["other"], d=["new"]), out, SERIAL, calls=str(calls))
    assert [r.skipped for r in changed] == [True, False, False]
    assert sorted(calls.read_text().split()) == ["b", "d"]
    assert set(tree(out)) == {"a.txt", "b.txt", "d.txt", "manifest.jsonl"}
    # only one shard fewer: the manifest must follow although nothing runs
    run(make(a=["x"]), out, SERIAL, calls=str(calls))
    assert [row["shard"] for row in read_manifest(out)] == ["a"]


def test_key_covers_params_version_and_used_files(make, tmp_path):
    model, calls = tmp_path / "model.bin", tmp_path / "calls"
    shards = make(a=["x"])

    def go(version="1", **params):
        return run_shards(
            "t",
            functions.uses_model,
            shards,
            tmp_path / "out",
            params={"model": str(model), "calls": str(calls), **params},
            engine=SERIAL,
            uses=[model],
            version=version,
            suffix=".txt",
        )[0]

    model.write_text("first")
    assert not go().skipped
    assert go().skipped
    model.write_text("second")  # retrained
    assert not go().skipped
    assert (tmp_path / "out" / "a.txt").read_text() == "second"
    assert not go(threshold=0.5).skipped
    assert go(threshold=0.5).skipped
    assert not go(version="2", threshold=0.5).skipped


def test_a_moved_input_with_equal_bytes_is_not_stale(make, tmp_path):
    (shard,) = make(a=["x"])
    run([shard], tmp_path / "out", SERIAL)
    moved = tmp_path / "elsewhere" / shard.inputs[0].name
    moved.parent.mkdir()
    moved.write_bytes(shard.inputs[0].read_bytes())
    assert run([Shard("a", (moved,))], tmp_path / "out", SERIAL)[0].skipped


def test_a_damaged_or_missing_output_is_made_again(make, tmp_path):
    shards = make(a=["x"], b=["y"])
    out = tmp_path / "out"
    run(shards, out, SERIAL)
    (out / "a.txt").unlink()
    (out / "b.txt").write_text("longer than it was")
    assert [r.skipped for r in run(shards, out, SERIAL)] == [False, False]
    assert (out / "b.txt").read_text() == "Y"


@both
def test_bad_pages_are_set_aside_by_reason(make, tmp_path, engine):
    shards = make(a=["fine", "value 1", "value 2", "slow http://s/", "swallow http://w/", "also fine"])
    (result,) = run(shards, tmp_path / "out", engine)
    assert result.path.read_text() == "FINE\nALSO FINE"
    assert result.quarantined == {"error:ValueError": 2, "timeout": 2}
    assert read_quarantine(tmp_path / "out") == [
        {"shard": "a", "url": "value 1", "reason": "error:ValueError"},
        {"shard": "a", "url": "value 2", "reason": "error:ValueError"},
        {"shard": "a", "url": "slow http://s/", "reason": "timeout"},
        {"shard": "a", "url": "swallow http://w/", "reason": "timeout"},
    ]


@pytest.mark.parametrize("word", ["segfault", "exit", "killed"])
def test_a_page_that_kills_its_worker_costs_that_page_alone(make, tmp_path, word):
    shards = make(a=["x", f"{word} http://bad/", "y"], b=["z"], c=[f"{word} again", "u"])
    results = run(shards, tmp_path / "out", POOL)
    assert [r.path.read_text() for r in results] == ["X\nY", "Z", "U"]
    assert [r.quarantined for r in results] == [{"crash": 1}, {}, {"crash": 1}]
    assert read_quarantine(tmp_path / "out")[0] == {"shard": "a", "url": f"{word} http://bad/", "reason": "crash"}


def test_a_page_that_hangs_in_c_code_is_killed(make, tmp_path):
    began = time.monotonic()
    (result,) = run(make(a=["x", "stuck http://h/", "y"]), tmp_path / "out", POOL)
    assert time.monotonic() - began < 20
    assert result.path.read_text() == "X\nY"
    assert result.quarantined == {"hang": 1}


def test_too_many_crashes_fail_the_shard(make, tmp_path):
    engine = dataclasses.replace(POOL, crashes=2, page_deaths=1)
    shards = make(a=["exit 1", "exit 2", "exit 3"], b=["z"])
    with pytest.raises(UserError, match=r"1 of 2 shards failed[\s\S]*a: .*exit code 3.* at exit 2; 2 deaths"):
        run(shards, tmp_path / "out", engine)
    assert (tmp_path / "out" / "b.txt").read_text() == "Z"


def test_a_page_that_only_waits_for_the_machine_is_given_time(make, tmp_path):
    engine = dataclasses.replace(SERIAL, page_timeout=0.05, hang_timeout=20.0)
    (result,) = run(make(a=["rest 1", "burn http://b/"]), tmp_path / "out", engine)
    assert result.path.read_text() == "REST 1"
    assert result.quarantined == {"timeout": 1}


def test_a_page_is_blamed_only_for_several_deaths(make, tmp_path):
    """Whoever kills a worker from outside costs no page."""
    engine = dataclasses.replace(POOL, page_deaths=3)
    shards = make(a=["x", "once http://unlucky/", "y", "exit http://bad/"], b=["z"])
    results = run(shards, tmp_path / "out", engine, calls=str(tmp_path / "calls"), mark=str(tmp_path / "mark"))
    assert [r.path.read_text() for r in results] == ["X\nONCE HTTP://UNLUCKY/\nY", "Z"]
    assert [r.quarantined for r in results] == [{"crash": 1}, {}]


def test_what_a_kill_in_the_last_moment_leaves_is_removed(make, tmp_path):
    shards, out = make(a=["x"], b=["y"]), tmp_path / "out"
    run(shards, out, SERIAL)
    good = tree(out)
    (out / "manifest.partial.jsonl").write_bytes((out / "manifest.jsonl").read_bytes())
    (out / ".work").mkdir()
    (out / ".work" / "a.trail").write_text("x")
    (out / ".manifest.jsonl.123.tmp").write_text("half")
    assert all(r.skipped for r in run(shards, out, SERIAL))
    assert tree(out) == good
    assert sorted(p.name for p in out.iterdir()) == ["a.txt", "b.txt", "manifest.jsonl"]


def test_a_death_between_pages_fails_after_the_limit(make, tmp_path):
    calls = tmp_path / "calls"
    engine = dataclasses.replace(POOL, crashes=3)
    with pytest.raises(UserError, match="between pages"):
        run(make(a=["x"]), tmp_path / "out", engine, functions.dies_between_pages, calls=str(calls))
    assert calls.read_text().split() == ["a"] * 3


@both
def test_failures_are_tried_again_then_listed_and_the_rest_is_done(make, tmp_path, engine):
    calls, out = str(tmp_path / "calls"), tmp_path / "out"
    shards = make(**{f"s{i}": ["x"] for i in range(5)})
    with pytest.raises(UserError) as caught:
        run(shards, out, engine, functions.fails, calls=calls, bad=["s1", "s3"], once=["s2"])
    message = str(caught.value)
    assert "2 of 5 shards failed" in message
    assert "s1: ValueError: no good: s1 (shard_functions.py, line" in message
    assert "s3: ValueError" in message
    assert sorted(Path(calls).read_text().split()) == ["s0", "s1", "s1", "s2", "s2", "s3", "s3", "s4"]
    assert {p.name for p in out.glob("s*.txt")} == {"s0.txt", "s2.txt", "s4.txt"}
    with pytest.raises(UserError, match="has not finished"):
        read_manifest(out)
    # the same call again runs the failed ones alone
    Path(calls).unlink()
    with pytest.raises(UserError, match="2 of 2"):
        run(shards, out, engine, functions.fails, calls=calls, bad=["s1", "s3"], once=["s2"])
    assert set(Path(calls).read_text().split()) == {"s1", "s3"}


@both
def test_when_most_pages_fail_the_shard_fails(make, tmp_path, engine):
    with pytest.raises(UserError, match=r"20 of 30 pages failed \(error:ValueError: bad page at value 0\)"):
        run(make(a=[f"value {i}" for i in range(20)] + ["x"] * 10), tmp_path / "out", engine)


@both
def test_out_of_memory_is_not_the_page_s_fault(make, tmp_path, engine):
    with pytest.raises(UserError, match="MemoryError"):
        run(make(a=["memory"]), tmp_path / "out", engine)


@both
def test_a_full_disk_stops_at_once_and_names_the_folder(make, tmp_path, engine):
    with pytest.raises(UserError, match=rf"{tmp_path / 'out'}: the disk is full"):
        run(make(a=["x"], b=["y"]), tmp_path / "out", engine, functions.fills_the_disk)


@both
def test_a_function_without_output_is_an_error(make, tmp_path, engine):
    with pytest.raises(UserError, match="without writing its output"):
        run(make(a=["x"]), tmp_path / "out", engine, functions.writes_nothing)


def test_folders_as_outputs(make, tmp_path):
    (result,) = run_shards(
        "t", functions.sleeps, make(a=["x"]), tmp_path / "out", params={"seconds": 0}, engine=POOL, suffix=""
    )
    assert sorted(p.name for p in result.path.iterdir()) == ["a.txt", "b.txt"]


def test_bad_plans_are_refused(make, tmp_path):
    (shard,) = make(a=["x"])
    with pytest.raises(ValueError, match="twice"):
        run([shard, shard], tmp_path / "out", SERIAL)
    with pytest.raises(ValueError, match="file name"):
        run([Shard("../a", shard.inputs)], tmp_path / "out", SERIAL)
    with pytest.raises(UserError, match=r"nothere\.warc"):
        run([Shard("a", (tmp_path / "nothere.warc",))], tmp_path / "out", SERIAL)
    with pytest.raises(ValueError, match="top of an importable module"):
        run_shards("t", lambda *_: {}, [shard], tmp_path / "out", params={}, engine=POOL)
    with pytest.raises(TypeError, match="plain data"):
        run([shard], tmp_path / "out", SERIAL, thing=object())


@pytest.mark.parametrize("progress", [True, False])
def test_runtime_progress_rules_the_bars(make, tmp_path, capsys, progress):
    """Also where the engine's own key was composed before: an override of runtime.progress alone must do."""
    runtime = RuntimeConfig(progress=progress, workers=3, engine=EngineConfig(backend="serial"))
    runtime.settle()
    assert runtime.engine.workers == 3
    run(make(a=["x"]), tmp_path / "out", runtime.engine)
    assert ("1/1" in capsys.readouterr().err) is progress


SCRIPT = """
    import sys
    sys.path.insert(0, {tests!r})
    from pathlib import Path
    import shard_functions
    from mathmill.workflow.engine import EngineConfig, Shard, run_shards
    if __name__ == "__main__":
        inputs = Path({inputs!r})
        shards = [Shard(f"s{{i}}", (inputs,)) for i in range(6)]
        engine = EngineConfig(backend={backend!r}, workers=2)
        run_shards("t", shard_functions.sleeps, shards, Path({out!r}), engine=engine, suffix="",
                   params={{"seconds": {seconds}, "calls": {calls!r}}})
"""


def start(tmp_path, backend, out, seconds):
    (tmp_path / "input").write_text("x")
    code = textwrap.dedent(SCRIPT).format(
        tests=str(Path(__file__).parent),
        inputs=str(tmp_path / "input"),
        out=str(out),
        seconds=seconds,
        calls=str(tmp_path / "calls"),
        backend=backend,
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    return subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=120.0):  # a busy machine starts processes slowly
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def lines(path: Path) -> int:
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def children(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


@pytest.mark.parametrize("backend", ["serial", "pool"])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path, backend):
    out, partial = tmp_path / "out", tmp_path / "out" / "manifest.partial.jsonl"
    process = start(tmp_path, backend, out, 0.3)
    wait_for(lambda: lines(partial) >= 2)
    workers = children(process.pid) if backend == "pool" else []
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = lines(partial)
    assert 2 <= done < 6
    wait_for(lambda: not any(_alive(pid) for pid in workers), 60)  # no orphan goes on to write
    (tmp_path / "calls").unlink()
    with partial.open("a") as file:
        file.write('{"shard": "s5", "ke')  # a line that a kill has torn
    again = start(tmp_path, backend, out, 0.3)
    bar = again.communicate(timeout=60)[1]
    assert again.returncode == 0, bar
    assert "6/6" in bar
    assert len((tmp_path / "calls").read_text().split()) == 6 - done
    whole = start(tmp_path, backend, tmp_path / "whole", 0.3)
    assert whole.wait(60) == 0
    assert tree(out) == tree(tmp_path / "whole")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
