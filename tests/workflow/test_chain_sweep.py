"""Sweeps in which a job runs several stages: what a stage writes in the job's folder, the next one reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mathmill.workflow.chain import Step, parse
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json


def test_stages_and_overrides_are_told_apart() -> None:
    steps, overrides = parse(["corpus,tokens", "sweep=corpus_budget", "-m", "seed=1"])
    assert steps == [Step("corpus"), Step("tokens")]
    assert overrides == ["sweep=corpus_budget", "seed=1"]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ([], "name the stages"),
        (["seed=1,2"], "name the stages"),
        (["corpus,nonsense"], "nonsense: no such stage"),
        (["tokens,corpus"], "in the order"),
        (["corpus,corpus"], "once each"),
        (["corpus@one"], "has no items"),
        (["pretrain@math+math"], "once each"),
        (["corpus", "--fast"], "--fast: no such option"),
    ],
)
def test_a_command_line_that_cannot_run_is_refused(words: list[str], match: str) -> None:
    with pytest.raises(UserError, match=match):
        parse(words)


TRIAL = "corpus,decontaminate,tokens,pretrain,evaluate"


@pytest.mark.slow
def test_the_budget_trial_pretrains_on_each_cut(tmp_path: Path, project_root: Path) -> None:
    """The real stages at scale=smoke, two cuts: more than a minute. A second call runs nothing."""
    for name in ("conf", "src", "benchmarks", "dvc.yaml", "pyproject.toml"):
        (tmp_path / name).symlink_to(project_root / name)
    (tmp_path / "overrides.yaml").write_text('overrides: ["scale=smoke"]\n')
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(project_root / "src")}

    def call(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout + done.stderr

    call("-m", "mathmill.compose")
    for stage in ("microworld", "pages"):
        call("-m", f"mathmill.{stage}", "runtime.progress=false")
    sweep = ["-m", "mathmill.workflow.chain", TRIAL, "sweep=corpus_budget", "corpus.budget_share=[0.2],[0.4]"]
    call(*sweep, "evaluate.limit=8", "runtime.progress=false")
    jobs = sorted((tmp_path / "multirun").glob("*/*/[0-9]*"))
    tokens = [read_json(job / "reports/corpus.json")["tokens"] for job in jobs]
    assert len(jobs) == 2
    assert tokens[0] < 0.7 * tokens[1]
    for job in jobs:
        assert (job / "models/pretrain/math/model.safetensors").is_file()
        assert not {"corpus", "data"} & {path.name for path in (tmp_path / "data").glob("corpus")}
        assert json.loads((job / "job.json").read_text())["objective"] is not None
    digests = {(job / "models/pretrain/math/model.safetensors").read_bytes() for job in jobs}
    assert len(digests) == 2  # each cut made its own model
    table = call("benchmarks/budget_trial.py")
    assert f"{tokens[0]:,}" in table
    assert f"{tokens[1]:,}" in table
    again = call(*sweep, "evaluate.limit=8", "runtime.progress=false")
    assert again.count("this job is done already") == 2 * len(TRIAL.split(","))


def test_items_name_steps_of_their_own() -> None:
    steps, _ = parse(["pretrain@general+general_math,evaluate@general_math"])
    assert [step.name for step in steps] == ["pretrain@general", "pretrain@general_math", "evaluate@general_math"]
