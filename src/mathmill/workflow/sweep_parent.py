"""The run that stands for a sweep: opened by a Hydra callback, closed with figures and tables of its jobs.

Hydra does not call `on_multirun_end` when a job has failed, so `sweeping` closes the run and not the callback.
"""

import logging
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from mathmill.workflow.composition import override_key
from mathmill.workflow.files import read_json, write_json
from mathmill.workflow.project import find_root
from mathmill.workflow.promote import BEST
from mathmill.workflow.sweep import JOB_FILE, PARENT_FILE

log = logging.getLogger(__name__)
_open: list["Parent"] = []  # the sweep that this process has begun: the callback opens it, `sweeping` closes it


@dataclass
class Parent:
    """The run that stands for the whole sweep."""

    store: Any
    run: str
    folder: Path
    maximize: bool


class SweepCallback(Callback):
    """Opens the parent run, and says at once which job has failed (Hydra shows the first one, at the end)."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create the parent run, or take up the one that the sweep's folder names."""
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        sweeper = OmegaConf.to_container(config.hydra.sweeper, resolve=False)
        given = [str(text) for text in config.hydra.overrides.task]
        swept = _swept(given, sweeper if isinstance(sweeper, dict) else {})
        parent = _open_parent(config, folder, given, swept)
        fixed = [text for text in given if override_key(text) not in (*swept, "sweep")]
        facts = {"run": parent.run, "store": parent.store.uri, "swept": swept, "fixed": fixed}
        write_json(folder / PARENT_FILE, facts)
        _open.append(parent)

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """Name a failed job and its cause; the others go on."""
        if job_return.status is not None and job_return.status.name == "FAILED":
            overrides = " ".join(job_return.overrides or [])
            error = job_return._return_value
            print(f"job failed: {overrides}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


@contextmanager
def sweeping() -> Iterator[None]:
    """Around a Hydra multirun: closes the parent run however the sweep ends, and prints the table of its jobs."""
    status = "FINISHED"
    try:
        yield
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    except SystemExit as error:
        status = "KILLED" if isinstance(error.__context__, KeyboardInterrupt) or error.code else "FINISHED"
        raise
    except BaseException:
        status = "FAILED"
        raise
    finally:
        while _open:
            _close(_open.pop(), status)


def summary(rows: Sequence[Mapping[str, Any]], maximize: bool) -> dict[str, float]:
    """Counts, and best, mean and standard deviation (n - 1) of the objectives that there are."""
    values = [row["objective"] for row in rows if row["objective"] is not None]
    figures = {"jobs": float(len(rows)), "jobs_finished": float(sum(row["status"] == "FINISHED" for row in rows))}
    if values:
        figures["objective/best"] = max(values) if maximize else min(values)
        figures["objective/mean"] = statistics.fmean(values)
        figures["objective/std"] = statistics.stdev(values) if len(values) > 1 else 0.0
    return figures


def best_job(rows: Sequence[Mapping[str, Any]], maximize: bool) -> Mapping[str, Any] | None:
    """The finished job with the best objective; None where no job has one."""
    found = [row for row in rows if row["objective"] is not None and row["status"] == "FINISHED"]
    best = max if maximize else min
    return best(found, key=lambda row: row["objective"], default=None)


def over_seeds(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each setting that differs in more than the seed: number of runs, mean and standard deviation."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        if row["objective"] is not None:
            parts = [text for text in row["overrides"].split(" ") if override_key(text).split(".")[-1] != "seed"]
            groups.setdefault(" ".join(parts) or "(all)", []).append(row["objective"])
    return [
        {
            "setting": setting,
            "runs": len(values),
            "mean": statistics.fmean(values),
            "std": statistics.stdev(values) if len(values) > 1 else None,
        }
        for setting, values in groups.items()
    ]


def _open_parent(config: DictConfig, folder: Path, given: list[str], swept: list[str]) -> Parent:
    from mathmill.workflow.tracking import enter_run
    from mathmill.workflow.tracking_describe import revision
    from mathmill.workflow.tracking_process import identity, reap
    from mathmill.workflow.tracking_store import open_store

    root = find_root()
    stage = str(config.hydra.job.name)
    store = open_store(root, config.runtime.tracking_uri)
    reap(store)
    tags = {"stage": stage, "kind": "sweep", "overrides": " ".join(given), **identity(), **revision(root)}
    name = f"sweep {stage} over {' '.join(swept)}"[:250]
    run, _ = enter_run(store, folder / PARENT_FILE, name, tags)
    direction = str(config.hydra.sweeper.get("direction", "maximize"))
    return Parent(store, run, folder, maximize="min" not in direction.lower())


def _close(parent: Parent, status: str) -> None:
    """Write the figures and tables of the sweep; the store's troubles are warned of, the jobs are done anyway."""
    from mathmill.workflow.tracking import Run
    from mathmill.workflow.tracking_buffer import SPILL

    try:
        rows = _rows(parent)
    except Exception as error:
        log.warning("sweep %s: its jobs cannot be read from the store (%s)", parent.run, error)
        rows = []
    if not rows and status == "FAILED":  # not one job could be composed: that is a typing error, not an experiment
        parent.store.client.delete_run(parent.run)
        (parent.folder / PARENT_FILE).unlink()
        return
    run = Run(parent.store, parent.run, parent.folder, parent.folder / f"{parent.run}.{SPILL}")
    best = best_job(rows, parent.maximize)
    if rows:
        run.metrics(summary(rows, parent.maximize))
        run.table("jobs", rows)
        run.table("over_seeds", over_seeds(rows))
        if best:
            run.tag(BEST, best["run"])
    if status == "FINISHED" and any(row["status"] != "FINISHED" for row in rows):
        status = "FAILED"
    run.finish(status)
    _print(rows, over_seeds(rows))
    if best:
        print(f"best: {best['overrides']}; as an experiment: make promote run={best['run']}")


def _rows(parent: Parent) -> list[dict[str, Any]]:
    """A row for each job, by folder; a job's newest run counts."""
    query = f"tags.`mlflow.parentRunId` = '{parent.run}'"
    runs = parent.store.client.search_runs([parent.store.experiment_id], query, order_by=["attributes.start_time"])
    objectives = {}
    for path in parent.folder.glob(f"*/{JOB_FILE}"):
        row = read_json(path)
        objectives[row["run"]] = row["objective"]
    by_job = {run.data.tags.get("overrides", run.info.run_id): run for run in runs}
    return [
        {
            "overrides": overrides,
            "status": run.info.status,
            "objective": objectives.get(run.info.run_id),
            "run": run.info.run_id,
        }
        for overrides, run in sorted(by_job.items())
    ]


def _print(rows: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        value = "-" if row["objective"] is None else f"{row['objective']:.4g}"
        print(f"{row['status']:<9} {value:>10}  {row['overrides']}")
    for group in groups:
        if group["runs"] > 1:
            print(f"{group['runs']} runs    {group['mean']:>10.4g} +- {group['std']:.2g}  {group['setting']}")


def _swept(given: Sequence[str], sweeper: Mapping[Any, Any]) -> list[str]:
    """The keys that take more than one value, on the command line or in a sweep file."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parameters = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
    parsed = OverridesParser.create().parse_overrides([*parameters, *given])
    return sorted({override_key(item.input_line or "") for item in parsed if item.is_sweep_override()})
