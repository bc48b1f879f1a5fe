"""The rounds find what the seed does not cover, stop when nothing is new, and survive a kill without a trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.rounds import budgets
from mathmill.corpus.run import make_corpus, publish_corpus
from mathmill.workflow.engine import shard_paths
from mathmill.workflow.files import digest, read_json, read_parquet
from mathmill.workflow.tables import SCORED_PAGE

from .conftest import SERIAL, config, maths


def run(world: Path, scratch: Path, params: CorpusConfig | None = None) -> tuple[Path, dict]:
    inputs = (world / "pages", [world / "seed.parquet"], world / "annotations.yaml")
    return make_corpus(*inputs, params or config(), scratch, SERIAL)


def kept(folder: Path, number: int) -> set[str]:
    cuts = shard_paths(folder / f"round_{number}" / "cut")
    return {url for path in cuts for url in read_parquet(path / "kept.parquet").column("url").to_pylist()}


def test_later_rounds_find_what_the_seed_does_not_cover(world: Path, tmp_path: Path) -> None:
    folder, report = run(world, tmp_path / "s")
    first, last = kept(folder, 1), kept(folder, len(report["rounds"]))
    recall = [sum(map(maths, found)) / 40 for found in (first, last)]
    assert recall[0] <= 0.75
    assert recall[1] >= 0.9
    assert sum(row["seed_growth"] for row in report["rounds"]) > 0


def test_what_a_round_leaves_behind(world: Path, tmp_path: Path) -> None:
    folder, report = run(world, tmp_path / "s")
    one = folder / "round_1"
    publish_corpus(folder, tmp_path / "published")
    names = {"classifier.bin", "classifier.npz", "classifier.json", "scores", "histogram.json", "hosts.parquet"}
    names |= {"flagged.parquet", "candidates.json", "cut", "discover", "round.json"}
    assert names == {path.name for path in (tmp_path / "published" / "round_1").iterdir()}
    assert read_json(one / "round.json") == report["rounds"][0]
    scored = [read_parquet(path) for path in shard_paths(one / "scores")]
    assert sum(table.num_rows for table in scored) == 160
    tokens = sum(read_json(one / "histogram.json")["tokens"].values())
    assert tokens == sum(int(np.sum(table.column("tokens").to_numpy())) for table in scored)
    assert report["rounds"][0]["tokens"] <= report["rounds"][0]["budget_tokens"] <= tokens


def test_the_final_corpus_is_the_last_cut(world: Path, tmp_path: Path) -> None:
    folder, report = run(world, tmp_path / "s")
    tables = [read_parquet(path) for path in shard_paths(folder / "final")]
    assert all(table.schema.names == SCORED_PAGE().names for table in tables)
    assert {url for table in tables for url in table.column("url").to_pylist()} == kept(folder, len(report["rounds"]))
    assert report["pages"] == sum(table.num_rows for table in tables)


def test_it_stops_when_a_round_finds_nothing_new(world: Path, tmp_path: Path) -> None:
    params = config(rounds=6, budget_share=[0.25], stop_overlap=0.9, overlap_unit="pages")
    _, report = run(world, tmp_path / "s", params)
    assert report["stopped"] == "overlap"
    assert len(report["rounds"]) < 6
    assert report["rounds"][-1]["overlap_pages"] >= 0.9
    assert all(row["overlap_pages"] < 0.9 for row in report["rounds"][1:-1])


def test_marked_prefixes_that_meet_no_page_are_named(world: Path, tmp_path: Path) -> None:
    annotations = world / "annotations.yaml"
    annotations.write_text(annotations.read_text() + "- no.such.host/maths\n")
    _, report = run(world, tmp_path / "s")
    assert "no.such.host/maths" in report["unmatched"]
    assert len(report["unmatched"]) < report["marked_prefixes"]
    assert all(set(report["unmatched"]) <= set(row["unmatched"]) for row in report["rounds"])


def test_without_annotations_the_seed_does_not_grow(world: Path, tmp_path: Path) -> None:
    (world / "annotations.yaml").write_text("[]\n")
    _, report = run(world, tmp_path / "s", config(rounds=1))
    assert report["rounds"][0]["seed_growth"] == 0


def test_equal_bytes(world: Path, tmp_path: Path) -> None:
    first, _ = run(world, tmp_path / "a")
    second, _ = run(world, tmp_path / "b")
    publish_corpus(first, tmp_path / "published")
    publish_corpus(second, tmp_path / "again")
    assert digest(first) == digest(second) == digest(tmp_path / "published")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.corpus.conftest import SERIAL, config
from mathmill.corpus.run import make_corpus
world = Path(sys.argv[1])
make_corpus(world / "pages", [world / "seed.parquet"], world / "annotations.yaml", config(), Path(sys.argv[2]), SERIAL)
"""


@pytest.mark.parametrize(
    "moment", ["round_1/scores/manifest.partial.jsonl", "round_2/classifier.bin", "round_2/cut/manifest.jsonl"]
)
def test_sigkill_in_the_middle(world: Path, tmp_path: Path, project_root: Path, moment: str) -> None:
    whole, report = run(world, tmp_path / "whole")
    scratch = tmp_path / "killed"
    awaited = scratch / "corpus" / moment
    command = [sys.executable, "-c", KILLED, str(world), str(scratch), str(project_root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not awaited.exists() and process.poll() is None:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not (scratch / "corpus" / "final").exists()
    (awaited.parent / ".round.json.123.tmp").write_text("half a fi")  # what a kill in the middle of a write leaves
    resumed, again = run(world, scratch)
    assert again == report
    assert digest(resumed) == digest(whole)


@pytest.mark.parametrize("changes", [{"budget_share": None}, {"budget_tokens": [10], "budget_share": [0.1]}])
def test_exactly_one_kind_of_budget(changes: dict) -> None:
    assert "exactly one" in CorpusConfig(**changes).faults()["budget_share"]


def test_the_last_budget_holds_for_all_further_rounds() -> None:
    assert [budgets(CorpusConfig(budget_tokens=[10, 20]), number) for number in (1, 2, 3)] == [10, 20, 20]
    assert [budgets(CorpusConfig(budget_share=[0.1, 0.5]), number, 100) for number in (1, 2, 4)] == [10, 50, 50]
