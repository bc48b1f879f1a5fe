"""Workers and whole runs killed 20 times at random moments: the final bytes are those of an undisturbed run."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from folders import tree

from mathmill.workflow.files import write_jsonl

from .conftest import make_record, member

KILLS = 20
MATHS = ["equation", "root", "factor", "triangle", "angle", "proof", "sum", "circle", "theorem", "integral"]
OTHER = ["price", "cart", "mayor", "storm", "match", "goal", "recipe", "onion", "ticket", "season"]


def words(rng: random.Random, vocabulary: list[str], count: int) -> str:
    return " ".join(rng.choice(vocabulary) + rng.choice(["", "s", "ing", "ed"]) for _ in range(count))


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """320 pages in four files: mathematics on some hosts and paths, copies, a broken record; a seed; annotations."""
    rng = random.Random(0)
    folder = tmp_path / "world"
    (folder / "crawl").mkdir(parents=True)
    for number in range(4):
        records = []
        for page in range(80):
            host, path, vocabulary = [
                (f"maths{number}.org", "notes", MATHS),
                ("mixed.org", "school", MATHS),
                ("mixed.org", "news", OTHER),
                (f"shop{page % 7}.com", "item", OTHER),
            ][page % 4]
            body = f"<html><body><p>{words(rng, vocabulary, 200)} \\({page} + x^{number}\\)</p></body></html>"
            records.append(make_record(f"http://{host}/{path}/{number}-{page}", body.encode()))
        records.append(records[5].replace(b"mixed.org", b"copy5.org"))
        records.append(make_record("http://broken.org/", b"<p>x</p>", length=9999))
        (folder / "crawl" / f"part-{number}.warc.gz").write_bytes(b"".join(map(member, records)))
    seed = [{"id": f"seed-{n}", "text": words(rng, MATHS, 80)} for n in range(30)]
    write_jsonl(folder / "seed.jsonl", seed)
    (folder / "annotations.yaml").write_text("- prefix: mixed.org/school/\n  note: school\n")
    return folder


def start(world: Path, scratch: Path, out: Path) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("run_to_corpus.py")
    with open(scratch.with_suffix(".log"), "ab") as log:
        return subprocess.Popen([sys.executable, str(script), str(world), str(scratch), str(out)], stderr=log)


def cpu(pid: int) -> float:
    """CPU seconds of a process and all its children, dead or alive: a busy machine must not shift the moments."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(child.cpu_times()[:2])
    return total


def wait(run: subprocess.Popen[bytes], ready: Path, seconds: float) -> None:
    """Until the run has got over its imports and then used so much CPU time, or has ended."""
    while run.poll() is None and not ready.exists():
        time.sleep(0.005)
    before = cpu(run.pid)
    while run.poll() is None and cpu(run.pid) - before < seconds:
        time.sleep(0.005)


def kill(run: subprocess.Popen[bytes], rng: random.Random) -> str:
    """Kill the run or one of its workers; what was killed, or nothing where all was over."""
    workers: list[int] = []
    with suppress(psutil.NoSuchProcess):
        workers = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
    victim = rng.choice(workers) if workers and rng.random() < 0.6 else run.pid
    if run.poll() is not None:
        return ""
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    if victim == run.pid:
        run.wait()
        return "run"
    return "worker"


def test_killed_at_random_moments(world: Path, tmp_path: Path) -> None:
    calm = start(world, tmp_path / "calm", tmp_path / "calm-out")
    assert calm.wait() == 0, (tmp_path / "calm.log").read_text()
    expected = tree(tmp_path / "calm-out")
    assert len(expected) > 20
    rng, killed, finished = random.Random(0), [], 0
    while len(killed) < KILLS or not finished:
        scratch, out = tmp_path / f"run-{finished}", tmp_path / f"out-{finished}"
        (scratch / "ready").unlink(missing_ok=True)
        run = start(world, scratch, out)
        while run.poll() is None:
            # Most moments fall into the first pages, where workers are at work; some into everything behind them.
            wait(run, scratch / "ready", rng.choice([0.1, 0.5, 1.0, 3.0]) * rng.random())
            if len(killed) < KILLS and (what := kill(run, rng)):
                killed.append(what)
            elif len(killed) >= KILLS:
                run.wait()
        if run.returncode == 0:
            assert tree(out) == expected, killed
            finished += 1
        else:
            assert run.returncode == -signal.SIGKILL, scratch.with_suffix(".log").read_text()[-3000:]
    assert len(killed) == KILLS
    assert min(killed.count("run"), killed.count("worker")) >= 3, killed
