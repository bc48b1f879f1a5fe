"""From the finished jobs of a sweep to the facts of a comparison: values by arm and seed, paired differences, runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.compare.intervals import paired, t_interval
from mathmill.compare.specs import Arm, Comparison, Curve
from mathmill.workflow.chain import STEPS
from mathmill.workflow.composition import override_key
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json
from mathmill.workflow.graph import node_name
from mathmill.workflow.sweep import JOB_FILE
from mathmill.workflow.tracking_store import Store

CONFIDENCE = 0.95
METHOD = "mean of the paired differences of equal seeds, Student's t interval over seeds"


@dataclass(frozen=True)
class Job:
    """A finished job: its folder, its overrides by key, and the run of each of its steps by name (`pretrain@math`)."""

    folder: Path
    overrides: dict[str, str]
    runs: dict[str, Any]


def read_jobs(folder: Path, store: Store) -> list[Job]:
    """The jobs of a sweep that have ended well, by number; UserError where a run of theirs is not in the store."""
    jobs = []
    numbered = [path for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []
    for path in sorted(numbered, key=lambda one: int(one.name)):
        if not (path / JOB_FILE).is_file():
            continue  # not done yet
        receipts = [path / JOB_FILE, *sorted(path.glob(f"{STEPS}/*/{JOB_FILE}"))]
        found = [find_run(store, read_json(receipt)["run"], receipt) for receipt in receipts]
        runs = {node_name(run.data.tags["stage"], run.data.tags.get("item")): run for run in found}
        words = found[0].data.tags.get("overrides", "").split(" ")
        overrides = {override_key(word): word.partition("=")[2] for word in words if "=" in word}
        jobs.append(Job(path, overrides, runs))
    return jobs


def find_run(store: Store, run: str, source: Path) -> Any:
    """The run of that id; UserError that names the file which speaks of it where the store does not hold it."""
    from mlflow.exceptions import MlflowException

    try:
        found = store.client.get_run(run)
    except MlflowException:
        found = None
    if found is None or found.info.lifecycle_stage == "deleted":
        raise UserError(f"{source}: its run {run} is not in the MLflow store; run the comparison again")
    return found


def collect(comparison: Comparison, folder: Path, store: Store) -> dict[str, Any]:
    """The facts of a comparison out of its sweep's folder; UserError where not one job is finished."""
    jobs = read_jobs(folder, store)
    if not jobs:
        raise UserError(f"{folder}: no job of comparison {comparison.name} has ended well")
    arms = {arm.name: _arm(comparison, arm, jobs) for arm in comparison.arms}
    return {
        "name": comparison.name,
        "title": comparison.title,
        "paper": comparison.paper,
        "note": comparison.note,
        "scale": _common(jobs, "scale"),
        "commits": _common(jobs, "mlflow.source.git.commit"),
        "seeds": sorted({int(job.overrides[comparison.seed]) for job in jobs}),
        "method": METHOD,
        "confidence": CONFIDENCE,
        "metrics": {one.name: {"title": one.title, "better": one.better} for one in comparison.metrics},
        **({"curve": {"title": comparison.curve.title, "x": comparison.curve.x}} if comparison.curve else {}),
        "order": list(arms),  # of the arms: JSON keeps them by name
        "arms": arms,
        "pairs": _pairs(comparison, arms),
        "seconds": round(sum(_seconds(jobs).values()), 1),
    }


def _arm(comparison: Comparison, arm: Arm, jobs: list[Job]) -> dict[str, Any]:
    values: dict[str, dict[int, float]] = {metric.name: {} for metric in comparison.metrics}
    runs: dict[int, list[str]] = {}
    own_jobs = [job for job in jobs if all(job.overrides.get(key) == value for key, value in arm.where.items())]
    for job in own_jobs:
        seed = int(job.overrides[comparison.seed])
        for metric in comparison.metrics:
            path = job.folder / metric.report.replace("{item}", arm.reported)
            value = metric.read(read_json(path)) if path.is_file() else None
            if value is not None:
                values[metric.name][seed] = value
        runs[seed] = sorted(run.info.run_id for name, run in job.runs.items() if name.endswith(f"@{arm.reported}"))
    means = {name: t_interval(list(by_seed.values()), CONFIDENCE) for name, by_seed in values.items()}
    return {
        "title": arm.title,
        "runs": {str(seed): found for seed, found in sorted(runs.items())},
        "seconds": round(sum(_seconds(own_jobs, f"@{arm.reported}").values()) / max(1, len(own_jobs)), 1),
        "values": {
            name: {
                "by_seed": {str(seed): value for seed, value in sorted(by_seed.items())},
                "mean": round(sum(by_seed.values()) / len(by_seed), 6),
                **({"low": round(ends[0], 6), "high": round(ends[1], 6)} if (ends := means[name]) else {}),
            }
            for name, by_seed in values.items()
            if by_seed
        },
        **({"curve": _curve(comparison.curve, arm, own_jobs)} if comparison.curve else {}),
    }


def _curve(curve: Curve, arm: Arm, jobs: list[Job]) -> list[dict[str, Any]]:
    """A row for each step: the mean over the jobs, and its interval where there are two or more."""
    paths = [job.folder / curve.report.replace("{item}", arm.reported) for job in jobs]
    read = [curve.read(read_json(path)) for path in paths if path.is_file()]
    rows = []
    for step in sorted({step for points in read for step in points}):
        values = [points[step] for points in read if step in points]
        ends = t_interval(values, CONFIDENCE)
        interval = {"low": round(ends[0], 6), "high": round(ends[1], 6)} if ends else {}
        rows.append({"step": step, "n": len(values), "mean": round(sum(values) / len(values), 6), **interval})
    return rows


def _pairs(comparison: Comparison, arms: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each pair and metric, in the order of the declaration."""
    rows = []
    for pair in comparison.pairs:
        for metric in comparison.metrics:
            sides = [arms[name]["values"].get(metric.name, {"by_seed": {}}) for name in (pair.before, pair.after)]
            before, after = ({int(seed): value for seed, value in side["by_seed"].items()} for side in sides)
            found = paired(before, after, CONFIDENCE)
            if found is None:
                continue
            rows.append(
                {
                    "pair": pair.name,
                    "before": pair.before,
                    "after": pair.after,
                    "title": pair.title,
                    "metric": metric.name,
                    "better": metric.better,
                    "seeds": list(found.seeds),
                    "differences": [round(one, 6) for one in found.differences],
                    "difference": round(found.mean, 6),
                    "low": None if found.low is None else round(found.low, 6),
                    "high": None if found.high is None else round(found.high, 6),
                }
            )
    return rows


def _common(jobs: list[Job], tag: str) -> Any:
    """The values of a tag over all runs: one, or the sorted list of several."""
    found = sorted({run.data.tags.get(tag, "") for job in jobs for run in job.runs.values()})
    return found[0] if len(found) == 1 else found


def _seconds(jobs: list[Job], item: str = "") -> dict[str, float]:
    """Wall time of every run (of the steps that end in `item`), once each."""
    every = {run.info.run_id: run.info for job in jobs for name, run in job.runs.items() if name.endswith(item)}
    return {name: (info.end_time - info.start_time) / 1000 for name, info in every.items() if info.end_time}
