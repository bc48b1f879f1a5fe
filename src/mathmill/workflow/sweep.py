"""A sweep: the same command finds its folder again, skips the jobs that are done, and goes on with the others.

    python -m mathmill.rl -m rl.seed=1,2,3          python -m mathmill.rl sweep=rl_lr

The folder is named by a hash of the stage and the overrides. A job whose `job.json` carries its fingerprint (of
parameters, inputs and code) is skipped and answers with the objective stored there; one that was interrupted goes on in
its scratch folder. Every job is a child of the sweep's run (see sweep_parent), which `parent.json` names: a file
reaches jobs in other processes and on other machines, and a later resume.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mathmill.workflow.composition import override_key
from mathmill.workflow.files import read_json, write_json

PARENT_FILE = "parent.json"
JOB_FILE = "job.json"
FOLDER = "multirun"
_HOW = ("hydra/launcher", "hydra.launcher.", "hydra.sweeper.trials", "hydra.sweeper.parallel")


@dataclass(frozen=True)
class Finished:
    """A job that is done: its objective (None: the stage has none) and its run."""

    objective: float | None
    run: str


@dataclass(frozen=True)
class SweepJob:
    """The job at work in this process: the id of the parent run, and the overrides that set it apart."""

    parent: str
    overrides: tuple[str, ...]


def sweep_folder(stage: str, overrides: Sequence[str]) -> str:
    """Where a sweep lives, from the project root: a function of the stage and the overrides alone.

    What only says where and how many jobs run at a time (the launcher) leaves it as it is, as does the length of a
    search: the sweep goes on elsewhere, or further.
    """
    work = [text for text in overrides if not override_key(text).startswith(_HOW)]
    text = json.dumps([stage, *sorted(work)])
    return f"{FOLDER}/{stage}/{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def finished(folder: Path, fingerprint: str) -> Finished | None:
    """What the job in `folder` has left, if it did this very work to the end."""
    path = folder / JOB_FILE
    row = read_json(path) if path.exists() else {}
    if row.get("fingerprint") != fingerprint:
        return None
    return Finished(row["objective"], row["run"])


def record(folder: Path, fingerprint: str, objective: float | None, run: str) -> None:
    """Say that the job in `folder` is done."""
    write_json(folder / JOB_FILE, {"fingerprint": fingerprint, "objective": objective, "run": run})


def current_job() -> SweepJob | None:
    """The job of a multirun that this process runs; None in a single run."""
    if "hydra" not in sys.modules:  # a single run that composed nothing
        return None
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return None
    hydra = HydraConfig.get()
    path = Path(hydra.sweep.dir) / PARENT_FILE
    if not path.exists():
        return None
    parent = read_json(path)
    overrides = [str(text) for text in hydra.overrides.task]
    swept = [text for text in overrides if override_key(text) in parent["swept"]]
    return SweepJob(parent["run"], tuple(swept or overrides))
