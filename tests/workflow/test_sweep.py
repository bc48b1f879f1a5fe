"""Sweeps through the real stage entry and Hydra, in processes of their own; only the stage's body is a toy."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy_sweep import runs

from mathmill.workflow.sweep import finished, record, sweep_folder
from mathmill.workflow.sweep_parent import over_seeds, summary


def test_a_sweep_is_one_parent_and_its_children_and_runs_once(sweep, project):
    done, calls = sweep("-m", "rl.seed=1,2,3", "rl.optim.lr=0.001,0.002")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 6
    client, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 7
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert children[0].info.run_name == "rl@grpo lr=0.001 seed=1"
    assert children[0].data.tags["seed"] == "1"
    assert parent.info.run_name == "sweep rl over rl.optim.lr rl.seed"
    figures = parent.data.metrics
    assert figures["jobs"] == figures["jobs_finished"] == 6
    assert figures["objective/best"] == pytest.approx(0.302)
    assert figures["objective/mean"] == pytest.approx(0.2015)
    table = json.loads(Path(client.download_artifacts(parent.info.run_id, "tables/over_seeds.json")).read_text())
    assert table["columns"] == ["setting", "runs", "mean", "std"]
    assert [row[:2] for row in table["data"]] == [["rl.optim.lr=0.001", 3], ["rl.optim.lr=0.002", 3]]
    assert "rl.optim.lr=0.001" in done.stdout
    # every job has outputs of its own, and none went to the project's
    assert not (project / "models" / "rl").exists()
    assert len(list(project.glob("multirun/rl/*/*/models/rl/grpo/model.safetensors"))) == 6
    # the same command again: nothing runs, the answers are the same
    again, calls = sweep("-m", "rl.seed=1,2,3", "rl.optim.lr=0.001,0.002")
    assert again.returncode == 0, again.stderr
    assert calls == []
    _, (parent,), children = runs(project)
    assert len(children) == 6
    assert parent.data.metrics["objective/best"] == pytest.approx(0.302)


def test_a_failed_job_stops_no_other_and_runs_again(sweep, project):
    (project / "fail").touch()
    done, calls = sweep("-m", "rl.seed=1,2,3")
    assert done.returncode != 0
    assert "job failed: rl.seed=2: ValueError: seed 2 is not to my taste" in done.stderr
    assert [call[0] for call in calls] == ["1", "2", "3"]
    _, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FAILED", "FINISHED", "FAILED", "FINISHED"]
    assert parent.data.metrics["jobs_finished"] == 2
    (project / "fail").unlink()
    done, calls = sweep("-m", "rl.seed=1,2,3")
    assert done.returncode == 0, done.stderr
    assert [call[0] for call in calls] == ["2"]
    _, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 4


def test_a_killed_sweep_goes_on_where_it_was(sweep, project):
    (project / "kill").touch()
    done, calls = sweep("-m", "rl.seed=1,3,4")
    assert done.returncode == -signal.SIGKILL
    assert [call[0] for call in calls] == ["1", "3"]
    _, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["RUNNING", "FINISHED", "RUNNING"]
    (project / "kill").unlink()
    done, calls = sweep("-m", "rl.seed=1,3,4")
    assert done.returncode == 0, done.stderr
    assert calls == [["3", calls[0][1], "True"], ["4", calls[1][1], "False"]], "1 is skipped, 3 keeps its run"
    _, (after,), children = runs(project)
    assert after.info.run_id == parent.info.run_id
    assert [run.info.status for run in (after, *children)] == ["FINISHED"] * 4


def test_twelve_jobs_killed_twice_at_any_moment_are_finished_by_the_same_command(sweep, project):
    """All processes of the sweep are killed at once, as a machine that is switched off would do it."""
    moments = random.Random()
    words = ("-m", "rl.seed=4,5,6,7", "rl.optim.lr=0.001,0.002,0.003")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "SECONDS_A_JOB": "0.2"}
    began = []
    for share in (2, 3):
        (project / "calls").write_text("")
        process = subprocess.Popen(
            [sys.executable, "toy.py", *words],
            cwd=project,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while len((project / "calls").read_text().splitlines()) < share:
            assert process.poll() is None
            time.sleep(0.01)
        delay = moments.uniform(0, 0.8)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, f"it ended before it was killed, {delay} s after job {share}"
        began.append((project / "calls").read_text().splitlines())
    done, calls = sweep(*words)
    assert done.returncode == 0, done.stderr
    finished_before = [line for lines in began for line in lines[:-1]]
    assert len(calls) <= 12 - len(finished_before), "what was finished did not run again"
    client, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 13, began
    assert len({run.data.tags["overrides"] for run in children}) == 12
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    figures = parent.data.metrics
    assert figures["jobs"] == figures["jobs_finished"] == 12
    assert figures["objective/best"] == pytest.approx(0.703)
    assert figures["objective/mean"] == pytest.approx(0.552)
    table = json.loads(Path(client.download_artifacts(parent.info.run_id, "tables/jobs.json")).read_text())
    assert len(table["data"]) == 12
    assert {row[table["columns"].index("status")] for row in table["data"]} == {"FINISHED"}
    assert {row[table["columns"].index("run")] for row in table["data"]} == {run.info.run_id for run in children}


def test_a_sweep_file_runs_without_the_flag(sweep, project):
    done, calls = sweep("sweep=rl_seed")
    assert done.returncode == 0, done.stderr
    assert [call[0] for call in calls] == ["0", "1", "2"]
    _, parents, children = runs(project)
    assert len(parents) == 1
    assert len(children) == len(calls)
    assert len({run.info.run_name for run in children}) == len(calls)


def test_a_bad_key_in_a_sweep_names_it_and_leaves_no_run(sweep, project):
    done, calls = sweep("-m", "rl.sede=1,2")
    assert done.returncode == 2
    assert "sede" in done.stderr
    assert calls == []
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("mathmill")
    assert experiment is None or client.search_runs([experiment.experiment_id]) == []


def test_a_sweep_over_what_its_stage_does_not_read_is_refused(sweep, project):
    done, calls = sweep("-m", "rl.seed=1,2", "sft.seed=1,2")
    assert done.returncode == 2
    assert "sft.seed: stage rl does not read it" in done.stderr
    assert calls == []


def test_the_folder_of_a_sweep_is_a_function_of_the_command():
    first = sweep_folder("rl", ["rl.seed=1,2", "scale=smoke"])
    assert first == sweep_folder("rl", ["scale=smoke", "rl.seed=1,2"])
    assert first != sweep_folder("rl", ["rl.seed=1,3", "scale=smoke"])
    assert first != sweep_folder("sft", ["rl.seed=1,2", "scale=smoke"])


def test_only_the_same_work_counts_as_finished(tmp_path):
    assert finished(tmp_path, "aa") is None
    record(tmp_path, "aa", 0.5, "run")
    assert finished(tmp_path, "bb") is None
    assert finished(tmp_path, "aa").objective == 0.5


def test_figures_of_a_sweep():
    rows = [
        {"overrides": "rl.optim.lr=1 rl.seed=0", "status": "FINISHED", "objective": 0.2, "run": "a"},
        {"overrides": "rl.optim.lr=1 rl.seed=1", "status": "FINISHED", "objective": 0.4, "run": "b"},
        {"overrides": "rl.optim.lr=2 rl.seed=0", "status": "FAILED", "objective": None, "run": "c"},
    ]
    assert summary(rows, maximize=True) == {
        "jobs": 3,
        "jobs_finished": 2,
        "objective/best": 0.4,
        "objective/mean": pytest.approx(0.3),
        "objective/std": pytest.approx(0.02**0.5),
    }
    assert summary(rows, maximize=False)["objective/best"] == 0.2
    assert summary([], maximize=True) == {"jobs": 0, "jobs_finished": 0}
    assert over_seeds(rows) == [
        {"setting": "rl.optim.lr=1", "runs": 2, "mean": pytest.approx(0.3), "std": pytest.approx(0.02**0.5)}
    ]
