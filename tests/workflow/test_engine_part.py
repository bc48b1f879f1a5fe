"""Parts of a job array: each does its share, the last call merges, and the bytes are those of one process."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from folders import tree

from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, read_manifest, run_shards
from mathmill.workflow.engine_part import Part, PartDone, serially
from mathmill.workflow.errors import UserError
from mathmill.workflow.launch import take_part

sys.path.insert(0, str(Path(__file__).parent))
import shard_functions as functions

SERIAL = EngineConfig(backend="serial", progress=False)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shards(tmp_path: Path) -> list[Shard]:
    found = []
    for number in range(7):
        path = tmp_path / "in" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"line of {number}\nvalue {number}")
        found.append(Shard(f"s{number}", (path,)))
    return found


def run(shards: list[Shard], out: Path, part: str | None = None, function=functions.upper, **more) -> list[ShardResult]:
    return run_shards("step", function, shards, out, params=more, engine=replace(SERIAL, part=part), suffix=".txt")


@pytest.mark.parametrize("skipped", [None, 2], ids=["all parts", "one part never ran"])
def test_parts_and_a_last_call(shards: list[Shard], tmp_path: Path, skipped: int | None) -> None:
    out, calls = tmp_path / "out", tmp_path / "calls"
    for index in (3, 1, 2):
        if index != skipped:
            with pytest.raises(PartDone, match=rf"part {index}/3 is done \({3 if index == 1 else 2} of 7 shards\)"):
                run(shards, out, f"{index}/3", calls=str(calls))
    with pytest.raises(UserError, match="has not finished"):
        read_manifest(out)
    results = run(shards, out, calls=str(calls))
    assert [r.shard.key for r in results if not r.skipped] == ([] if skipped is None else ["s1", "s4"])
    assert sorted(calls.read_text().split()) == [f"s{i}" for i in range(7)]  # nothing was done twice
    run(shards, tmp_path / "whole", calls=str(calls))
    assert tree(out) == tree(tmp_path / "whole")


def test_a_part_that_was_killed_goes_on(shards: list[Shard], tmp_path: Path) -> None:
    out, calls = tmp_path / "out", tmp_path / "calls"
    with pytest.raises(UserError, match=r"1 of 3 shards failed"):
        run(shards, out, "1/3", functions.fails, calls=str(calls), bad=["s3"], once=[])
    own = out / "manifest.part-1-of-3.jsonl"
    own.write_bytes(own.read_bytes() + b'{"shard": "s3", "ke')  # torn by a kill
    calls.unlink()
    with pytest.raises(UserError, match=r"1 of 1 shards failed"):
        run(shards, out, "1/3", functions.fails, calls=str(calls), bad=["s3"], once=[])
    assert set(calls.read_text().split()) == {"s3"}
    assert len(own.read_text().splitlines()) == 2


def test_the_lock_over_serial_work_is_let_go_at_the_shards(shards: list[Shard], tmp_path: Path) -> None:
    held = [True]
    with serially(lambda: held.__setitem__(0, False)):
        run(shards[:1], tmp_path / "one", "2/3")  # one shard cannot be shared: it is done at once, under the lock
        assert held == [True]
        for part in ("1/2", "2/2"):
            with pytest.raises(PartDone):
                run(shards, tmp_path / "out", part)
        assert held == [False]
        assert len(run(shards, tmp_path / "out", "2/2")) == 7  # a finished step is passed, by whichever part


def test_what_is_no_part_is_refused() -> None:
    assert take_part("pages", ["--shard", "3/16", "scale=7b"]) == ("3/16", ["scale=7b"])
    assert take_part("corpus", ["--shard=1/1"]) == ("1/1", [])
    assert take_part("rl", ["rl.seed=1"]) == (None, ["rl.seed=1"])
    for text in ("0/3", "4/3", "x", ""):
        with pytest.raises(UserError, match="--shard 3/16"):
            take_part("pages", ["--shard", text])
    with pytest.raises(UserError, match="stage rl has no shards to share"):
        take_part("rl", ["--shard", "1/2"])
    assert Part.parse("3/7").share(list(range(10))) == [2, 9]


@pytest.fixture
def checkout(project: Path) -> Path:
    """A checkout at scale=smoke with a microworld in it."""
    (project / "overrides.yaml").write_text(
        'overrides: ["scale=smoke", "runtime.workers=1", "microworld.crawl.warc_files=4"]\n'
    )
    for stage in ("compose", "microworld"):
        done = call(project, [sys.executable, "-m", f"mathmill.{stage}"])
        assert done.returncode == 0, done.stderr
    return project


def call(folder: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "PATH": path, **variables}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_job_scripts(checkout: Path, tmp_path: Path) -> None:
    """docs/slurm, started as Slurm would: an array of two parts, then the merging call; compared with a plain run."""
    part, merge = ROOT / "docs/slurm/part.sbatch", ROOT / "docs/slurm/merge.sbatch"
    plain = tmp_path / "plain"
    shutil.copytree(checkout, plain)
    for index in ("2", "1"):
        task = {"SLURM_ARRAY_TASK_ID": index, "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_PROCID": "0"}
        done = call(checkout, ["bash", str(part), "pages"], **task)
        assert done.returncode == 0, done.stderr
        assert f"pages: part {index}/2 is done (2 of 4 shards)" in done.stderr
        assert "shard/s" not in done.stderr  # runtime.progress=false: no bar of the engine
        assert not (checkout / "data/pages").exists()
    done = call(checkout, ["bash", str(merge), "pages"])
    assert done.returncode == 0, done.stderr
    done = call(plain, [sys.executable, "-m", "mathmill.pages"])
    assert done.returncode == 0, done.stderr
    assert "shard" in done.stderr  # with the bar that is silenced above
    assert tree(checkout / "data/pages") == tree(plain / "data/pages")
    assert (checkout / "reports/pages.json").read_bytes() == (plain / "reports/pages.json").read_bytes()
    assert not list((checkout / ".work").rglob("manifest*"))
