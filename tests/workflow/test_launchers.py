"""Sweeps whose jobs run elsewhere: in worker processes (joblib), in processes of submitit, under Slurm by stand-ins."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy_sweep import runs

# What Slurm does with an array, in one process after another: sbatch runs the script for each task.
SBATCH = """#!/bin/bash
script="${@: -1}"
cp "$script" "$STAND_INS/submitted.sh"
last=$(grep -oP '(?<=--array=0-)\\d+' "$script")
echo "Submitted batch job 77"
( for task in $(seq 0 "${last:-0}"); do
    export SLURM_JOB_ID=$((78 + task)) SLURM_ARRAY_JOB_ID=77 SLURM_ARRAY_TASK_ID=$task SLURM_PROCID=0 SLURM_LOCALID=0
    export SLURM_NODEID=0 SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1
    [ -n "$last" ] || export SLURM_JOB_ID=77
    bash "$script"
  done; touch "$STAND_INS/done" ) > "$STAND_INS/log" 2>&1 < /dev/null &
"""
SRUN = """#!/bin/bash
while [ "${1#--}" != "$1" ]; do case "$1" in --unbuffered) shift;; *) shift 2;; esac; done
exec "$@"
"""
SACCT = """#!/bin/bash
state=RUNNING; [ -e "$STAND_INS/done" ] && state=COMPLETED
echo "JobID|State|NodeList"; for task in 0 1 2; do echo "77_$task|$state|here"; done; echo "77|$state|here"
"""


def needs(module: str, extra: str = "sweep") -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed (extra {extra})")


def check(done, project, seeds):
    assert done.returncode == 0, done.stderr
    _, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * (1 + len(seeds))
    assert [run.data.tags["overrides"] for run in children] == [f"rl.seed={seed}" for seed in seeds]
    assert {run.data.tags["sweep"] for run in children} == {parent.info.run_id}
    assert parent.data.metrics["jobs_finished"] == len(seeds)


def test_joblib_runs_jobs_side_by_side(sweep, project):
    needs("hydra_plugins.hydra_joblib_launcher")
    words = ("-m", "rl.seed=1,2,4", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done, calls = sweep(*words)
    assert sorted(call[0] for call in calls) == ["1", "2", "4"]
    check(done, project, (1, 2, 4))
    again, calls = sweep(*words[:2])  # the same sweep without it: where jobs run is not what they are
    assert calls == []
    check(again, project, (1, 2, 4))


def test_submitit_runs_jobs_in_processes_of_its_own(sweep, project):
    needs("submitit")
    (project / "fail").touch()
    words = ("-m", "rl.seed=1,2,4", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5")
    done, calls = sweep(*words)
    assert done.returncode != 0
    assert "seed 2 is not to my taste" in done.stderr
    assert sorted(call[0] for call in calls) == ["1", "2", "4"]
    (project / "fail").unlink()
    done, calls = sweep(*words)
    assert [call[0] for call in calls] == ["2"]
    check(done, project, (1, 2, 4))


def test_slurm_gets_an_array_with_what_the_launcher_says(sweep, project, tmp_path):
    """conf/hydra/launcher/slurm.yaml with stand-ins for Slurm's programs, for no cluster is at hand."""
    needs("submitit")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"sbatch": SBATCH, "srun": SRUN, "sacct": SACCT}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "STAND_INS": str(tmp_path)}
    words = ("-m", "rl.seed=1,2", "hydra/launcher=slurm", "hydra.launcher.partition=gpus")
    done, calls = sweep(*words, environment=environment)
    assert [call[0] for call in calls] == ["1", "2"], (tmp_path / "log").read_text()
    check(done, project, (1, 2))
    script = (tmp_path / "submitted.sh").read_text()
    for line in ("--partition=gpus", "--gpus-per-node=1", "--cpus-per-task=8", "--time=720", "--array=0-1%2"):
        assert f"#SBATCH {line}" in script


def test_a_launcher_that_is_not_installed_names_its_extra(sweep, project):
    if importlib.util.find_spec("submitit") is not None:
        pytest.skip("submitit is installed here")
    done, calls = sweep("-m", "rl.seed=1,2", "hydra/launcher=slurm")
    assert done.returncode == 2
    assert "mathmill[sweep]" in done.stderr
    assert calls == []
