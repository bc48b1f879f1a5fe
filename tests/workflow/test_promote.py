"""From a sweep's winner to an experiment: the file holds the differences, and composes to what the run had."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from toy_sweep import runs

from mathmill.compose.compose import write_params
from mathmill.workflow.composition import compose_conf
from mathmill.workflow.errors import UserError
from mathmill.workflow.params import load_sealed
from mathmill.workflow.promote import difference, promote
from mathmill.workflow.tracking_store import open_store

ROOT = Path(__file__).resolve().parents[2]


def test_a_winner_becomes_an_experiment_with_the_same_parameters(sweep, project, monkeypatch):
    """`make promote run=ID` of the sweep's own run, then what `make exp experiment=NAME` composes."""
    (project / "overrides.yaml").write_text('overrides: ["scale=smoke", "rl.steps=7"]\n')
    write_params(project)
    done, _ = sweep("-m", "rl.seed=1,2", "rl.optim.lr=0.001,0.003", "paradigm=dapo")
    assert done.returncode == 0, done.stderr
    client, (parent,), children = runs(project)
    best = next(run for run in children if run.data.tags["overrides"] == "rl.seed=2 rl.optim.lr=0.003")
    assert parent.data.tags["best"] == best.info.run_id
    assert f"make promote run={best.info.run_id}" in done.stdout
    (project / ".venv").symlink_to(Path(sys.executable).parents[1])
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (project / name).symlink_to(ROOT / name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    words = ["make", "-o", "setup", "promote", f"run={parent.info.run_id}", "name=won"]
    made = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    said = made.stdout
    assert "conf/experiment/won.yaml: written; make exp experiment=won" in said
    text = (project / "conf/experiment/won.yaml").read_text()
    assert "  - override /paradigm: dapo\n  - override /scale: smoke\n" in text
    assert text.endswith("rl:\n  seed: 2\n  steps: 7\n  optim:\n    lr: 0.003\n")
    assert "note:" not in said
    (project / "overrides.yaml").write_text('overrides: ["experiment=won"]\n')
    write_params(project)
    composed = load_sealed(project)["rl"]
    theirs = Path(client.download_artifacts(best.info.run_id, "params.yaml"))
    assert composed == yaml.safe_load(theirs.read_text())["rl"]
    store = open_store(project, None)
    promote(project, store, best.info.run_id, "won")  # the same again
    with pytest.raises(UserError, match=r"won\.yaml is there already"):
        promote(project, store, children[0].info.run_id, "won")
    (project / "overrides.yaml").write_text('overrides: ["rl.steps=9"]\n')
    _, notes = promote(project, store, best.info.run_id, "won")
    assert notes == ["rl.steps stands in overrides.yaml, which comes before an experiment: make exp rl.steps= drops it"]


def test_what_cannot_be_promoted_is_named(tracked):
    store = open_store(tracked, None)
    with pytest.raises(UserError, match="no such run"):
        promote(tracked, store, "f" * 32)
    run = store.client.create_run(store.experiment_id, tags={"stage": "rl"})
    with pytest.raises(UserError, match="is RUNNING: only a finished run"):
        promote(tracked, store, run.info.run_id)
    parent = store.client.create_run(store.experiment_id, tags={"stage": "rl", "kind": "sweep"})
    with pytest.raises(UserError, match="no job has a value"):
        promote(tracked, store, parent.info.run_id)


def test_the_values_of_an_experiment_and_the_groups_of_a_machine(project):
    from dataclasses import asdict

    from mathmill.workflow.engine_plan import plain

    chosen = [
        "evaluate.samples.n=32",
        "trainer=ddp",
        "engine=serial",
        "runtime.threads=3",
        "+pretrain.runs.own.tokens=5",
    ]
    groups, values = difference(project, plain(asdict(compose_conf(project, chosen))))
    assert groups == {}
    assert values.pop("pretrain.runs.own")["tokens"] == 5
    assert {key for key in values if not key.startswith("evaluate.samples.")} == set()
    assert values["evaluate.samples.n"] == 32
