"""Sweeps over the whole graph: DVC's queue of experiments, each in a copy of the commit with overrides of its own."""

import json
from pathlib import Path

import pytest
from chain import Chain


@pytest.mark.slow
def test_a_queue_of_experiments_runs_the_graph_in_copies(tmp_path: Path) -> None:
    """The first two stages; docs/sweeps.md has the commands. Runs land in this checkout's store, with the names."""
    clone = Chain.create(tmp_path / "clone", ["scale=smoke", "runtime.progress=false"])
    clone.call("python", "-m", "mathmill.compose")
    clone.call("git", "add", "--", "conf", "src", "dvc.yaml", ".dvc", ".dvcignore", "params.yaml", "overrides.yaml")
    clone.call("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "all")
    for seed in (1, 2):
        listed = json.dumps(["scale=smoke", "runtime.progress=false", f"seed={seed}"], separators=(",", ":"))
        words = ["--queue", "-n", f"world-{seed}", "-S", f"overrides.yaml:overrides={listed}", "microworld"]
        clone.call("dvc", "exp", "run", *words)
    said = clone.call("dvc", "exp", "run", "--run-all")
    assert "world-1" in said
    assert "world-2" in said
    assert "seed: 0" in (clone.folder / "params.yaml").read_text(), "the checkout itself stays as it was"
    code = """
import json, mlflow
client = mlflow.MlflowClient('sqlite:///mlflow.db')
tags = [client.get_run(run.info.run_id).data.tags for run in client.search_runs(['1'])]
print(json.dumps(sorted([one['stage'], one['seed'], one['dvc.exp_name']] for one in tags)))
"""
    runs = json.loads(clone.call("python", "-c", code).splitlines()[-1])
    assert runs == [["microworld", "1", "world-1"], ["microworld", "2", "world-2"]]
    # `dvc exp apply` wants the outputs of the whole graph; the experiment's commit shows what it would bring
    clone.call("dvc", "exp", "branch", "world-2", "kept")
    assert "seed=2" in clone.call("git", "show", "kept:overrides.yaml")
    assert "\nseed: 2\n" in clone.call("git", "show", "kept:params.yaml")
    assert "data/microworld/questions.jsonl" in clone.call("git", "show", "kept:dvc.lock")
