"""Where the runs are kept: find the MLflow store, and open it so that many processes may do so at once.

The default is one sqlite file at the project root, `mlflow.db`, with artifacts under `mlruns/`. Both stand under the
folder that DVC_ROOT names: in `dvc exp run --temp` the working folder is a copy that is thrown away.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mathmill.workflow import tracking_views
from mathmill.workflow.errors import UserError
from mathmill.workflow.project import home

if TYPE_CHECKING:
    from mlflow import MlflowClient

# One experiment for all stages, with the stage as a tag. MLflow compares models within an experiment only, so this is
# what puts base, SFT and RL checkpoints side by side on one page of models; runs of one stage are a filter away
# (tags.stage = 'rl'), and the list can be grouped by stage, seed or sweep.
EXPERIMENT = "mathmill"
# What the UI lands on: runs, not the traces of agents.
_KIND = {"mlflow.experimentKind": "custom_model_development"}
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@dataclass(frozen=True)
class Store:
    """An open store: its address, a client, and the id of the experiment `mathmill`."""

    uri: str
    client: "MlflowClient"
    experiment_id: str


def store_uri(root: Path, configured: str | None) -> str:
    """The address of the store: `runtime.tracking_uri`, or MLFLOW_TRACKING_URI, or mlflow.db at the root.

    A relative sqlite path is taken from the root. Raises UserError for an address that MLflow cannot use.
    """
    base = home(root)
    uri = configured or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{base / 'mlflow.db'}"
    scheme = uri.split("://", 1)[0] if "://" in uri else ""
    if scheme == "sqlite":
        path = uri.removeprefix("sqlite:///")
        return f"sqlite:///{base / path}"
    if scheme in ("http", "https", "databricks") or scheme.split("+")[0] in _DATABASES:
        return uri
    raise UserError(
        f"runtime.tracking_uri={uri}: runs are kept in a database (sqlite:///mlflow.db) or by an MLflow server"
        " (http://host:5000)"
    )


def open_store(root: Path, configured: str | None) -> Store:
    """Open the store, made ready first where it is new. Raises UserError where it does not answer.

    MLflow creates its tables at the first request, and two processes that do so at once break each other; hence a file
    lock around the first request and the search for the experiment.
    """
    uri = store_uri(root, configured)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # A server that is away must not stop training for minutes; what could not be sent is kept (see tracking_buffer).
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for noisy in ("mlflow.store.db.utils", "mlflow.tracking.fluent", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    local = not uri.startswith(("http", "databricks"))
    try:
        with _locked(home(root) / "mlflow.lock" if local else None):
            client = MlflowClient(uri)
            experiment_id = _experiment(client, (home(root) / "mlruns").as_uri() if local else None)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise UserError(f"runtime.tracking_uri={uri}: the store does not open: {_short(error)}") from error
    return Store(uri, client, experiment_id)


def _experiment(client: "MlflowClient", artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    views = tracking_views.tags()
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            return client.create_experiment(EXPERIMENT, artifact_location=artifacts, tags={**_KIND, **views})
        except MlflowException:  # a server: another process may have been faster
            found = client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    for key, text in views.items():
        if found.tags.get(key) != text:
            client.set_experiment_tag(found.experiment_id, key, text)
    return found.experiment_id


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    """Hold an exclusive lock on the file at `path`; None: no lock."""
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
