"""python -m mathmill.workflow.champion: put the best RL checkpoint into MLflow's registry, under the alias `champion`.

Best is the accuracy on the held-out questions of RL, which choose and do not report: the benchmark's figures stay a
fair account of the model that is chosen. Only runs with the newest run's held-out questions are compared, sweeps
included. The registry holds the checkpoint's path and DVC's md5, not its bytes; a second call changes nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mathmill.workflow.tracking_store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

NAME = "mathmill"
ALIAS = "champion"
METRIC = "final/held_out_accuracy"
_VARIABLE = "MLFLOW_TRACKING_URI"
_QUESTIONS = "validation"  # the input of stage rl that a figure is measured on


@dataclass(frozen=True)
class Champion:
    """The registered version, what it holds, and whether this call made it."""

    version: str
    path: str
    md5: str
    accuracy: float
    run: str
    among: int
    new: bool


def crown(store: Store) -> Champion:
    """Register the best checkpoint (once) and move the alias to it; raises UserError where no RL run is finished."""
    from mathmill.workflow.errors import UserError

    found = [run for run in _runs(store) if METRIC in run.data.metrics and _model(run)]
    if not found:
        raise UserError("no finished run of stage rl with a checkpoint in this store; `dvc repro rl@grpo` makes one")
    comparable = [run for run in found if _measured_on(run) == _measured_on(found[0])]
    best = max(comparable, key=lambda run: (run.data.metrics[METRIC], run.info.start_time))
    model = store.client.get_logged_model(_model(best) or "")
    version, new = _version(store, model, best)
    store.client.set_registered_model_alias(NAME, ALIAS, version)
    return Champion(
        version,
        model.tags["dvc.path"],
        model.tags["dvc.md5"],
        best.data.metrics[METRIC],
        best.info.run_id,
        len(comparable),
        new,
    )


def _runs(store: Store) -> "list[Run]":
    """The finished runs of stage rl, newest first, with their models."""
    query = "tags.stage = 'rl' AND attributes.status = 'FINISHED'"
    runs = store.client.search_runs([store.experiment_id], query, order_by=["attributes.start_time DESC"])
    return [store.client.get_run(run.info.run_id) for run in runs]  # a search leaves the models out


def _model(run: "Run") -> str | None:
    made = (run.outputs.model_outputs if run.outputs else None) or []
    return made[0].model_id if made else None


def _measured_on(run: "Run") -> str | None:
    """The digest of the held-out questions."""
    for one in run.inputs.dataset_inputs if run.inputs else []:
        if any(tag.value == _QUESTIONS for tag in one.tags):
            return str(one.dataset.digest)
    return None


def _version(store: Store, model: Any, run: "Run") -> tuple[str, bool]:
    """(the registered version of a model's bytes, whether it is new)."""
    from mlflow.exceptions import MlflowException

    client = store.client
    try:
        client.get_registered_model(NAME)
    except MlflowException:
        client.create_registered_model(NAME, description="Checkpoints of mathmill; the bytes are kept by DVC.")
    for known in client.search_model_versions(f"name = '{NAME}'"):
        if known.tags.get("dvc.md5") == model.tags["dvc.md5"]:
            return str(known.version), False
    tags = {
        "dvc.md5": model.tags["dvc.md5"],
        "dvc.path": model.tags["dvc.path"],
        METRIC.replace("/", "."): f"{run.data.metrics[METRIC]:.6f}",
    }
    with _everywhere(store.uri):
        made = client.create_model_version(
            NAME, source=f"models:/{model.model_id}", run_id=run.info.run_id, tags=tags, model_id=model.model_id
        )
    return str(made.version), True


@contextmanager
def _everywhere(uri: str) -> Iterator[None]:
    """Make `uri` the store of the whole process: there MLflow's registry looks a model up, not in the client's."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = uri
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def main() -> None:
    """Crown the best checkpoint of this project's store, and say which one it is."""
    from mathmill.workflow.errors import exit_plainly
    from mathmill.workflow.launch import configure
    from mathmill.workflow.project import find_root
    from mathmill.workflow.tracking_store import open_store

    with exit_plainly():
        root = find_root()
        one = crown(open_store(root, configure(root, []).runtime.tracking_uri))
    print(
        f"models:/{NAME}@{ALIAS} = version {one.version}{' (new)' if one.new else ''}: {one.path}, md5 {one.md5}\n"
        f"  accuracy on held-out questions: {100 * one.accuracy:.1f} %, the best of {one.among}; run {one.run}"
    )


if __name__ == "__main__":
    main()
