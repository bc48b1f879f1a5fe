"""A shared MLflow server and a DVC remote, a line of configuration each, with real ones on this machine."""

import shutil
from pathlib import Path

import pytest
from chain import Chain
from workflow.mlflow_server import serving

COMMIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "all")


@pytest.mark.slow
def test_a_second_machine_gets_the_artifacts_and_reports_to_the_server(smoke_chain: Chain, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    first = Chain(Path(shutil.copytree(smoke_chain.folder, tmp_path / "first", symlinks=True)))
    first.call("dvc", "remote", "add", "-d", "team", str(tmp_path / "remote"))  # the one line
    first.call("git", "add", "-A")
    first.call(*COMMIT)
    first.call("dvc", "push")

    first.call("git", "clone", "-q", str(first.folder), str(tmp_path / "second"))
    second = Chain(tmp_path / "second")
    assert not (second.folder / "models/sft").exists()
    second.call("dvc", "pull")
    assert second.hashes() == first.hashes()
    assert (second.folder / "models/sft/model.safetensors").is_file()
    assert "up to date" in second.call("dvc", "status", "sft")

    server = tmp_path / "server"
    server.mkdir()
    with serving(server) as address:
        local = second.folder / "conf/local"
        local.mkdir()
        (local / "default.yaml").write_text(f"# @package runtime\ntracking_uri: {address}\n")  # the other line
        second.call("python", "-m", "mathmill.compose")
        second.call("python", "-m", "mathmill.sft", "sft.steps=2")
        client = MlflowClient(address)
        experiment = client.get_experiment_by_name("mathmill")
        (run,) = client.search_runs([experiment.experiment_id])
        assert (run.info.status, run.data.tags["stage"]) == ("FINISHED", "sft")
        assert run.data.metrics["train/loss"] > 0
        full = client.get_run(run.info.run_id)
        assert [model.model_id for model in full.inputs.model_inputs]
        assert len(full.outputs.model_outputs) == 1
        assert "params.yaml" in [file.path for file in client.list_artifacts(run.info.run_id)]
        shown = second.call("python", "-m", "mathmill.workflow.ui")  # starts nothing: the server runs
        assert f"{address}/#/experiments/{experiment.experiment_id}/runs" in shown
    assert not (second.folder / "mlflow.db").exists()
