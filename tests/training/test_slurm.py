"""The job script of multi-node training, as far as it can be run without Slurm."""

import os
import subprocess
from pathlib import Path

import pytest

from mathmill.plan.__main__ import main
from mathmill.workflow.composition import compose_conf

SCRIPT = Path("docs/slurm/train.sbatch")


def started(project_root: Path, tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    """The script with an srun that prints its words, each on a line."""
    srun = tmp_path / "srun"
    srun.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    srun.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        ["bash", str(project_root / SCRIPT), *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_that_every_task_runs(project_root: Path, tmp_path: Path) -> None:
    assert subprocess.run(["bash", "-n", str(project_root / SCRIPT)], check=True).returncode == 0
    words = ["pretrain", "pretrain.run=base", "scale=7b", "trainer=deepspeed_zero2"]
    done = started(project_root, tmp_path, *words, SLURM_JOB_NUM_NODES="8", SLURM_NTASKS_PER_NODE="4")
    assert done.returncode == 0, done.stderr
    called = done.stdout.split()
    assert called[:3] == ["python", "-m", "mathmill.pretrain"]
    params = compose_conf(project_root, called[3:])
    trainer = params.runtime.trainer
    assert (trainer.strategy, trainer.num_nodes, trainer.devices) == ("deepspeed_stage_2", 8, 4)
    assert params.pretrain.run == "base"


@pytest.mark.parametrize("missing", ["SLURM_JOB_NUM_NODES", "SLURM_NTASKS_PER_NODE"])
def test_outside_slurm_it_says_what_is_missing(project_root: Path, tmp_path: Path, missing: str) -> None:
    given = {"SLURM_JOB_NUM_NODES": "1", "SLURM_NTASKS_PER_NODE": "8"}
    del given[missing]
    done = started(project_root, tmp_path, "pretrain", **given)
    assert done.returncode != 0
    assert missing in done.stderr


def test_it_asks_for_what_the_trainer_groups_have(project_root: Path) -> None:
    text = (project_root / SCRIPT).read_text()
    for group in ("ddp", *(f"deepspeed_zero{stage}" for stage in ("1", "2", "3", "3_offload"))):
        devices = compose_conf(project_root, [f"trainer={group}"]).runtime.trainer.devices
        assert f"--ntasks-per-node={devices}" in text
        assert f"--gpus-per-node={devices}" in text


def test_the_plan_and_the_script_take_the_same_words(project_root: Path, capsys) -> None:
    main(["scale=7b", "gpus=64", "trainer=deepspeed_zero2"], project_root)
    settings = capsys.readouterr().out.partition("\nset\n")[2].splitlines()[0]
    assert settings.startswith("  pretrain")
    trainer = compose_conf(project_root, ["scale=7b", *settings.partition(": ")[2].split()]).runtime.trainer
    assert (trainer.strategy, trainer.num_nodes, trainer.devices) == ("deepspeed_stage_2", 8, 8)
