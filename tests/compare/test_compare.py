"""Comparisons: what is declared composes, and a finished sweep becomes a table of paired differences."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from chain import Chain

from mathmill.compare.__main__ import command, from_words, listing, parse
from mathmill.compare.publish import publish, to_text
from mathmill.compare.specs import Arm, Comparison, Curve, Metric, Pair
from mathmill.compare.table import COMPARISONS
from mathmill.workflow.chain import parse as parse_chain
from mathmill.workflow.composition import compose_conf
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, write_json
from mathmill.workflow.sweep import PARENT_FILE, record
from mathmill.workflow.tracking_store import open_store

LOSS = Metric("loss", "loss", "reports/pretrain/{item}.json", "bits.corpus", "lower")
TOY = Comparison(
    name="toy",
    title="A toy",
    steps="pretrain@math+general",
    sweep="code_first",
    seed="pretrain.seed",
    arms=(Arm("math", "mathematics"), Arm("general", "general text")),
    metrics=(LOSS,),
    pairs=(Pair("math", "general", "general text instead of mathematics"),),
    paper="nowhere",
    note="none",
)


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_composes_and_names_only_what_is_run(name: str, project_root: Path) -> None:
    one = COMPARISONS[name]
    steps, _ = parse_chain([one.steps])
    params = compose_conf(project_root, [f"sweep={one.sweep}"])
    made = {step.item for step in steps if step.stage == "pretrain"}
    assert made <= set(params.pretrain.runs)
    for arm in one.arms:
        if arm.where:  # a job an arm: its overrides choose what runs
            chosen = compose_conf(project_root, [f"{key}={value}" for key, value in arm.where.items()])
            assert chosen.rl.method == arm.reported
        else:
            assert arm.reported in {step.item for step in steps}
    names = {arm.name for arm in one.arms}
    assert {side for pair in one.pairs for side in (pair.before, pair.after)} <= names
    read = {metric.report.split("/")[1] for metric in one.metrics}
    assert read <= {step.stage for step in steps}
    for metric in one.metrics:  # what is read of an evaluation is measured on the sweep's own benchmarks
        if metric.key.startswith("benchmarks."):
            stems = {Path(path).stem for path in params.evaluate.benchmark or ["test.jsonl"]}
            assert metric.key.split(".")[1] in stems


def test_equal_arms_have_equal_budgets(project_root: Path) -> None:
    for name in ("arxiv", "corpora"):
        runs = compose_conf(project_root, [f"sweep={COMPARISONS[name].sweep}"]).pretrain.runs
        assert len({runs[arm.reported].tokens for arm in COMPARISONS[name].arms}) == 1
    runs = compose_conf(project_root, ["sweep=code_first"]).pretrain.runs
    assert runs["mixed"].tokens == runs["code"].tokens + runs["code_math"].tokens
    assert runs["code"].tokens == runs["general"].tokens == runs["math"].tokens


def test_the_command_line() -> None:
    wish = parse(["code_first", "seeds=3", "scale=smoke"])
    assert command(wish)[1:] == ["sweep=code_first", "pretrain.seed=0,1,2", "scale=smoke"]
    for words, match in (
        ([], "no such comparison"),
        (["nothing"], "nothing: no such comparison"),
        (["arxiv", "seeds=many"], "seeds=many"),
        (["arxiv", "--collect"], "name the folder"),
    ):
        with pytest.raises(UserError, match=match):
            parse(words)


def finished_job(root: Path, number: int, seed: int, values: dict[str, float], parent: str) -> list[str]:
    """A job of the toy's sweep with its runs in the store; returns their ids."""
    store = open_store(root, None)
    folder = root / "multirun/pretrain/abc" / str(number)
    ids = []
    for at, (item, value) in enumerate(values.items()):
        tags = {"stage": "pretrain", "item": item, "overrides": f"pretrain.seed={seed}", "scale": "smoke"}
        run = store.client.create_run(store.experiment_id, tags={**tags, "mlflow.parentRunId": parent})
        store.client.set_terminated(run.info.run_id, "FINISHED")
        ids.append(run.info.run_id)
        receipt = folder if at == len(values) - 1 else folder / "steps" / f"pretrain@{item}"
        write_json(folder / f"reports/pretrain/{item}.json", {"bits": {"corpus": value}})
        record(receipt, "f", value, run.info.run_id)
    return ids


@pytest.fixture
def sweep(tracked: Path) -> Path:
    """A project with a sweep of two finished jobs and one that is not."""
    store = open_store(tracked, None)
    parent = store.client.create_run(store.experiment_id, tags={"kind": "sweep"}).info.run_id
    folder = tracked / "multirun/pretrain/abc"
    folder.mkdir(parents=True)
    write_json(
        folder / PARENT_FILE, {"run": parent, "store": store.uri, "swept": ["pretrain.seed"], "fixed": ["sft.batch=2"]}
    )
    finished_job(tracked, 0, 0, {"math": 1.0, "general": 1.5}, parent)
    finished_job(tracked, 1, 1, {"math": 2.0, "general": 2.7}, parent)
    (folder / "2").mkdir()
    return tracked


def test_words_of_make() -> None:
    assert from_words([]) == []
    assert from_words(["seeds=3", "name=arxiv", "scale=smoke"]) == ["arxiv", "seeds=3", "scale=smoke"]
    with pytest.raises(UserError, match="nme=arxiv: say which comparison"):
        from_words(["nme=arxiv"])


def test_a_sweep_becomes_a_table(sweep: Path) -> None:
    path = publish(sweep, TOY, Path("multirun/pretrain/abc"))
    facts = read_json(path)
    assert facts["seeds"] == [0, 1]
    (pair,) = facts["pairs"]
    assert pair["differences"] == [0.5, 0.7]
    assert pair["difference"] == 0.6
    assert pair["low"] < 0 < pair["high"]  # two seeds: 12.7 standard errors
    store = open_store(sweep, None)
    for arm in facts["arms"].values():
        for ids in arm["runs"].values():
            assert [store.client.get_run(one).info.status for one in ids] == ["FINISHED"]
    assert facts["overrides"] == ["sft.batch=2"]
    assert "2 seeds, scale=smoke sft.batch=2, " in to_text(facts)
    assert "| general text instead of mathematics | loss | 1.5000 | 2.1000 | +0.6000" in to_text(facts)
    (row,) = csv.DictReader(path.with_suffix(".csv").read_text().splitlines())
    assert float(row["difference"]) == 0.6
    parent = store.client.get_run(facts["parent"])
    assert parent.data.metrics["difference/general-math/loss"] == 0.6
    table = json.loads(Path(store.client.download_artifacts(facts["parent"], "tables/comparison.json")).read_text())
    assert table["data"][0][table["columns"].index("seeds")] == 2


def test_a_curve_is_the_mean_over_seeds_with_its_interval(sweep: Path) -> None:
    jobs = sweep / "multirun/pretrain/abc"
    for seed, values in ((0, (0.2, 0.4)), (1, (0.3, 0.6))):
        history = [{"step": 0, "accuracy": values[0]}, {"step": 1}]
        report = {"history": history, "steps": 2, "final": {"accuracy": values[1]}}
        write_json(jobs / str(seed) / "reports/rl/math.json", report)
    curve = Curve("accuracy", "reports/rl/{item}.json", "accuracy", "final.accuracy")
    facts = read_json(publish(sweep, replace(TOY, curve=curve), Path("multirun/pretrain/abc")))
    first, last = facts["arms"]["math"]["curve"]
    assert (first["step"], first["n"], first["mean"]) == (0, 2, 0.25)
    assert (last["step"], last["mean"]) == (2, 0.5)
    assert last["low"] < 0.4 < 0.6 < last["high"]
    assert facts["arms"]["general"]["curve"] == []
    assert facts["order"] == [arm.name for arm in TOY.arms]


def test_a_table_without_its_runs_is_refused(sweep: Path) -> None:
    facts = read_json(publish(sweep, TOY, Path("multirun/pretrain/abc")))
    (gone,) = facts["arms"]["math"]["runs"]["1"]
    open_store(sweep, None).client.delete_run(gone)
    with pytest.raises(UserError, match=gone):
        publish(sweep, TOY, Path("multirun/pretrain/abc"))


def test_a_sweep_without_a_finished_job_is_refused(tracked: Path) -> None:
    folder = tracked / "multirun/pretrain/abc"
    folder.mkdir(parents=True)
    write_json(folder / PARENT_FILE, {"run": "x", "store": open_store(tracked, None).uri, "swept": []})
    with pytest.raises(UserError, match="no job"):
        publish(tracked, TOY, Path("multirun/pretrain/abc"))


def test_the_list_says_what_was_run(tmp_path: Path) -> None:
    write_json(tmp_path / "reports/comparisons/arxiv.json", {"seeds": [0, 1]})
    lines = listing(tmp_path).splitlines()
    assert any(line.startswith("arxiv") and "2 seeds" in line for line in lines)
    assert any(line.startswith("code_first") and "not run" in line for line in lines)


def test_the_web_s_sample_is_as_large_as_the_corpus_and_always_the_same() -> None:
    from mathmill.compare.prepare import sample

    rows = [{"url": f"http://host/{number}", "text": "x" * 10, "lang": "en"} for number in range(100)]
    taken = sample(rows, 250)
    assert len(taken) == 25
    assert taken == sample(list(reversed(rows)), 250)
    assert {row["url"] for row in taken} != {row["url"] for row in rows[:25]}


@pytest.mark.slow
def test_one_command_runs_a_comparison_and_goes_on_after_a_kill(smoke_chain: Chain, tmp_path: Path) -> None:
    """The real stages at scale=smoke: two arms' worth of runs from two seeds, killed once on the way."""
    folder = Path(shutil.copytree(smoke_chain.folder, tmp_path / "project", symlinks=True))
    words = ["-m", "mathmill.compare", "arxiv", "seeds=2", "evaluate.limit=4", "runtime.progress=false"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder / "src")}
    first = subprocess.Popen([sys.executable, *words], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    while first.poll() is None and not list(folder.glob("multirun/*/*/0/job.json")):
        time.sleep(0.1)
    first.kill()
    first.wait()
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "this job is done already" in done.stderr
    facts = read_json(folder / "reports/comparisons/arxiv.json")
    assert facts["seeds"] == [0, 1]
    assert {pair["pair"] for pair in facts["pairs"]} == {"arxiv-general", "math_arxiv-math"}
    ids = [one for arm in facts["arms"].values() for found in arm["runs"].values() for one in found]
    assert len(ids) == len(set(ids)) == 2 * 2 * 4  # seeds, stages, arms
    store = open_store(folder, None)
    query = f"tags.`mlflow.parentRunId` = '{facts['parent']}'"
    children = store.client.search_runs([store.experiment_id], query)
    assert {run.info.run_id for run in children} == set(ids)
    assert {run.info.status for run in children} == {"FINISHED"}
    assert store.client.get_run(facts["parent"]).info.status == "FINISHED"
