"""From which bytes to which number: data sets and models of a run, named by the digests that DVC uses.

A folder of weights under models/ is a logged model that stays in DVC's cache (MLflow calls it external): the output of
the run that made it and the input of the runs that read it; so the UI shows the chain of training phases.
Everything else is a data set with its digest: `dataset.digest = '...'` finds every run that read or wrote it.
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mathmill.workflow.engine_manifest import size_of
from mathmill.workflow.fingerprint import input_digest
from mathmill.workflow.project import short
from mathmill.workflow.tracking_store import Store

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

MODELS = "models"
_MODEL_TAGS = ("stage", "item", "seed", "ablation", "scale", "sweep", "fingerprint", "mlflow.source.git.commit")
_MODEL_PARAMS = 80  # enough for a section; longer values than MLflow's limit are left to the run
_LONGEST_MODEL_PARAM = 500


def is_model(root: Path, path: Path) -> bool:
    """Whether a path is a folder of weights below a folder `models` (a tokenizer alone is not)."""
    return MODELS in PurePosixPath(short(path, root)).parts and path.is_dir() and any(path.glob("*.safetensors"))


def model_name(path: str) -> str:
    """`rl-grpo` for models/rl/grpo, wherever the folder `models` lies."""
    parts = PurePosixPath(path).parts
    last = len(parts) - 1 - parts[::-1].index(MODELS) if MODELS in parts else len(parts) - 2
    return "-".join(parts[last + 1 :])


def dataset(root: Path, path: Path, context: str, recorded: Mapping[str, str]) -> "DatasetInput":
    """The record of a file or folder: its path from the root, and DVC's md5 of its content as digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    name = short(path, root)
    digest = input_digest(root, path, recorded)
    source = json.dumps({"uri": name, "dvc.md5": digest}, sort_keys=True)
    profile = json.dumps({"bytes": size_of(path)})
    record = Dataset(name=name[:500], digest=digest[:36], source_type="local", source=source, profile=profile)
    return DatasetInput(record, [InputTag(MLFLOW_DATASET_CONTEXT, context)])


def find_model(store: Store, path: str, digest: str) -> str | None:
    """The id of the logged model with these bytes at this path, or None."""
    query = f"tags.`dvc.md5` = '{digest}' AND tags.`dvc.path` = '{path}'"
    found = store.client.search_logged_models([store.experiment_id], query, max_results=1)
    return found[0].model_id if found else None


def create_model(
    store: Store, path: str, digest: str, run_id: str | None, tags: Mapping[str, str], params: Mapping[str, str]
) -> str:
    """Register the bytes at `path` as a logged model made by `run_id` (None: by no run here); returns its id."""
    # As mlflow.create_external_model, which knows the process-wide store alone.
    from mlflow.models.model import MLMODEL_FILE_NAME
    from mlflow.models.utils import get_external_mlflow_model_spec

    chosen = {key: tags[key] for key in _MODEL_TAGS if key in tags}
    short_params = [(key, value) for key, value in params.items() if len(value) <= _LONGEST_MODEL_PARAM]
    model = store.client.create_logged_model(
        store.experiment_id,
        name=model_name(path),
        source_run_id=run_id,
        tags={**chosen, "dvc.path": path, "dvc.md5": digest, "mlflow.model.isExternal": "true"},
        params={"dvc.path": path, "dvc.md5": digest, **dict(short_params[:_MODEL_PARAMS])},  # the UI shows no tags here
        model_type="checkpoint",
    )
    with TemporaryDirectory() as folder:
        get_external_mlflow_model_spec(model).save(f"{folder}/{MLMODEL_FILE_NAME}")
        store.client.log_model_artifacts(model.model_id, folder)
    store.client.finalize_logged_model(model.model_id, "READY")
    return model.model_id


def link_input(store: Store, run_id: str, model_id: str) -> None:
    """Say that the run read the model."""
    from mlflow.entities import LoggedModelInput

    if model_id not in _ids(store, run_id, "inputs"):
        store.client.log_inputs(run_id, models=[LoggedModelInput(model_id)])


def link_output(store: Store, run_id: str, model_id: str) -> None:
    """Say that the run made the model (MLflow takes this once)."""
    from mlflow.entities import LoggedModelOutput

    if model_id not in _ids(store, run_id, "outputs"):
        store.client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def _ids(store: Store, run_id: str, side: str) -> set[str]:
    run = store.client.get_run(run_id)
    if side == "inputs":
        return {model.model_id for model in (run.inputs.model_inputs if run.inputs else None) or []}
    return {model.model_id for model in (run.outputs.model_outputs if run.outputs else None) or []}
