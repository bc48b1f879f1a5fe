"""Fixtures of the workflow tests."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """A sqlite file with MLflow's tables and no runs: making one takes seconds, a copy does not."""
    from mlflow import MlflowClient

    root = tmp_path_factory.mktemp("store")
    MlflowClient(f"sqlite:///{root / 'mlflow.db'}").search_experiments(max_results=1)
    return root / "mlflow.db"


@pytest.fixture
def tracked(tmp_path, empty_store, monkeypatch) -> Path:
    """A project root with an empty store of runs."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "project"
    root.mkdir()
    (root / "dvc.yaml").write_text("stages: {}\n")
    shutil.copy(empty_store, root / "mlflow.db")
    return root
