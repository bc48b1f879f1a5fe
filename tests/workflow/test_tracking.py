import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fake_stage import FakeStage, Runtime, Section

from mathmill.workflow import tracking
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_json
from mathmill.workflow.tracking import open_run

HERE = str(Path(__file__).parent)


def fetch(run):
    return run.store.client.get_run(run.id)


def history(run, key):
    return [(m.step, m.value) for m in run.store.client.get_metric_history(run.id, key)]


def test_a_run_holds_parameters_tags_metrics_and_config(tracked):
    run = open_run(FakeStage(tracked), "f00d")
    for step in range(1, 1201):
        run.metrics({"train/loss": 1 / step, "gsm8k/maj_at_8": 0.5}, step)
    run.metrics({"accuracy": 0.75})
    run.tag("note", "hello")
    run.finish()
    found = fetch(run)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "rl@grpo lr=3e-05 seed=1"
    assert found.data.params == {
        "rl.lr": "3e-05",
        "rl.seed": "1",
        "rl.optimizer.betas": "[0.9, 0.95]",
        "rl.optimizer.name": "adamw",
        "seed": "0",
    }
    assert history(run, "train/loss") == [(step, 1 / step) for step in range(1, 1201)]
    assert found.data.metrics["accuracy"] == 0.75
    assert found.data.metrics["system/memory_gib"] > 0.01
    tags = found.data.tags
    assert {"stage": "rl", "item": "grpo", "seed": "1", "fingerprint": "f00d", "note": "hello"}.items() <= tags.items()
    assert tags["choices.engine"] == "serial"
    path = run.store.client.download_artifacts(run.id, "params.yaml")
    assert "lr: 3.0e-05" in Path(path).read_text()
    assert found.info.artifact_uri.startswith((tracked / "mlruns").as_uri())


@pytest.mark.parametrize("name", ["maj@8", "pass@1", "kl(ref)", "a%b", "/x", "x/", ""])
def test_a_metric_name_that_mlflow_refuses_is_an_error_here(tracked, name):
    run = open_run(FakeStage(tracked), "f")
    with pytest.raises(ValueError, match="metric"):
        run.metrics({name: 1.0})
    run.finish()


def test_metrics_arrive_while_the_stage_works(tracked):
    run = open_run(FakeStage(tracked), "f", flush_seconds=0.2)
    run.metrics({"loss": 2.0}, 1)
    end = time.monotonic() + 10
    while not history(run, "loss"):
        assert time.monotonic() < end
        time.sleep(0.05)
    run.finish()


def test_a_resumed_stage_keeps_its_run_and_logs_no_step_twice(tracked):
    first = open_run(FakeStage(tracked), "f")
    first.metrics({"loss": 3.0}, 1)
    first.metrics({"loss": 2.0}, 2)
    first.finish("KILLED")
    assert fetch(first).info.status == "KILLED"
    changed = FakeStage(tracked, section=Section(lr=1.0))  # a parameter can never change: the first value stays
    second = open_run(changed, "f")
    assert second.id == first.id
    assert second.resumed
    assert fetch(second).info.status == "RUNNING"
    second.metrics({"loss": 2.0}, 2)
    second.metrics({"loss": 1.0}, 3)
    second.params({"rl.late": 7})
    second.finish()
    assert history(second, "loss") == [(1, 3.0), (2, 2.0), (3, 1.0)]
    params = fetch(second).data.params
    assert params["rl.lr"] == "3e-05"
    assert params["rl.late"] == "7"


def test_other_work_is_another_run_and_a_deleted_run_is_replaced(tracked):
    first = open_run(FakeStage(tracked), "f")
    first.finish()
    other = open_run(FakeStage(tracked, work="two"), "g")
    other.finish()
    assert other.id != first.id
    json_path = tracked / ".work" / "rl" / "one" / "run.json"
    row = json.loads(json_path.read_text())
    json_path.write_text(json.dumps({**row, "run": "0" * 32}))
    again = open_run(FakeStage(tracked), "f")
    again.finish()
    assert again.id not in (first.id, "0" * 32)


def test_a_long_parameter_is_cut_and_says_so(tracked):
    run = open_run(FakeStage(tracked), "f")
    run.params({"long": "x" * 7000})
    run.finish()
    value = fetch(run).data.params["long"]
    assert len(value) == 6000
    assert value.endswith("[cut: 7000 characters, all in params.yaml]")


def test_one_item_of_several_is_logged_under_common_names(tracked):
    section = {"seed": 0, "run": "math", "runs": {"math": {"tokens": 5, "ablation": "arxiv"}, "base": {"tokens": 9}}}
    run = open_run(FakeStage(tracked, name="pretrain", item="math", section=section), "f")
    run.finish()
    data = fetch(run).data
    assert data.params["pretrain.tokens"] == "5"
    assert not any("base" in key for key in data.params)
    assert data.tags["ablation"] == "arxiv"


def test_tables_show_in_the_run(tracked):
    run = open_run(FakeStage(tracked), "f")
    run.table("families", [{"family": "a", "n": 1}, {"family": "b", "accuracy": 0.5}])
    run.table("more", [{"x": 1}])
    run.finish()
    frame = json.loads(Path(run.store.client.download_artifacts(run.id, "tables/families.json")).read_text())
    assert frame == {"columns": ["family", "n", "accuracy"], "data": [["a", 1, None], ["b", None, 0.5]]}
    listed = json.loads(fetch(run).data.tags["mlflow.loggedArtifacts"])
    assert [entry["path"] for entry in listed] == ["tables/families.json", "tables/more.json"]


def test_a_store_in_trouble_does_not_stop_the_stage(tracked, monkeypatch, caplog):
    run = open_run(FakeStage(tracked), "f")
    client = run.store.client
    broken = {"on": True}
    real = type(client).log_batch

    def log_batch(self, *args, **kwargs):
        if broken["on"]:
            raise OSError("the disk of the server is gone")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(client), "log_batch", log_batch)
    monkeypatch.setattr(type(client), "set_terminated", lambda *a, **k: log_batch(client))
    with caplog.at_level(logging.WARNING):
        run.metrics({"loss": 1.0}, 1)
        run.flush()
        run.metrics({"loss": 0.5}, 2)
        run.input_model(tracked / "no such file")
        run.finish()
    spill = tracked / ".work" / "rl" / f"{run.id}.unsent.jsonl"
    warnings = [record.getMessage() for record in caplog.records]
    assert sum(str(spill) in text for text in warnings) == 1, "one warning that names the file"
    assert any("no such file" in text for text in warnings)
    keys = [json.loads(line).get("key") for line in spill.read_text().splitlines()]
    assert keys.count("loss") == 2
    # the store is back: the next run of the stage sends what waited, the final state too
    monkeypatch.undo()
    broken["on"] = False
    later = open_run(FakeStage(tracked, work="two"), "g")
    later.finish()
    assert not spill.exists()
    assert history(run, "loss") == [(1, 1.0), (2, 0.5)]
    assert fetch(run).info.status == "FINISHED"


def test_addresses_that_cannot_work_are_refused(tracked):
    for uri, words in [
        ("mlruns", "kept in a database"),
        ("file:///tmp/x", "kept in a database"),
        ("sqlite:////proc/nowhere/mlflow.db", "does not open"),
        ("http://127.0.0.1:9", "does not open"),
    ]:
        with pytest.raises(UserError, match=words):
            open_run(FakeStage(tracked, runtime=Runtime(tracking_uri=uri)), "f")


def test_the_store_stands_where_dvc_root_says(tracked, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    copy.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tracked))
    monkeypatch.setenv("DVC_STAGE", "rl@grpo")
    monkeypatch.setenv("DVC_EXP_NAME", "brave-fox")
    monkeypatch.chdir(copy)
    run = open_run(FakeStage(copy), "f")
    run.finish()
    assert run.store.uri == f"sqlite:///{tracked / 'mlflow.db'}"
    assert not (copy / "mlflow.db").exists()
    tags = fetch(run).data.tags
    assert tags["dvc.stage"] == "rl@grpo"
    assert tags["dvc.exp_name"] == "brave-fox"


SCRIPT = """
    import os, sys, time
    sys.path.insert(0, {here!r})
    from pathlib import Path
    import mlflow
    from fake_stage import FakeStage
    from mathmill.workflow.tracking import open_run

    def work(name, seconds):
        run = open_run(FakeStage(Path({root!r}), work=name), "f", flush_seconds=0.2)
        run.metrics({{"x": 1.0}}, 1)
        print(run.id, flush=True)
        time.sleep(seconds)
        run.finish()

    if {forks} == 0:
        work("one", 60)
    # Forked when MLflow is loaded: they open the store within milliseconds of each other.
    pids = []
    for number in range({forks}):
        pid = os.fork()
        if pid == 0:
            work(str(number), 0)
            os._exit(0)
        pids.append(pid)
    sys.exit(sum(os.waitpid(pid, 0)[1] != 0 for pid in pids))
"""


def start(root: Path, forks: int = 0) -> subprocess.Popen:
    code = textwrap.dedent(SCRIPT).format(here=HERE, root=str(root), forks=forks)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_eight_processes_open_a_fresh_store_at_once(tmp_path):
    process = start(tmp_path, forks=8)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("mathmill")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in runs} == set(out.split())
    assert len(runs) == 8
    assert {(run.info.status, run.data.metrics["x"]) for run in runs} == {("FINISHED", 1.0)}


def test_a_killed_process_does_not_stay_running(tracked):
    process = start(tracked)
    run_id = process.stdout.readline().strip()
    alive = open_run(FakeStage(tracked, work="two"), "f")
    client = alive.store.client
    assert client.get_run(run_id).info.status == "RUNNING", "a living run is left alone"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    other = open_run(FakeStage(tracked, work="three"), "f")
    assert client.get_run(run_id).info.status == "KILLED"
    assert client.get_run(alive.id).info.status == "RUNNING"
    # the same work goes on in the same run
    again = open_run(FakeStage(tracked, work="one"), "f")
    assert again.id == run_id
    for run in (again, other, alive):
        run.finish()
        assert fetch(run).info.status == "FINISHED"


def test_a_run_whose_process_died_before_it_could_note_the_id_is_found_again(tracked, monkeypatch):
    def dies(path, value):
        if "run" in value:
            raise KeyboardInterrupt
        write_json(path, value)

    monkeypatch.setattr(tracking, "write_json", dies)
    with pytest.raises(KeyboardInterrupt):
        open_run(FakeStage(tracked), "f")
    monkeypatch.undo()
    run = open_run(FakeStage(tracked), "f")
    assert run.resumed
    run.finish()
    assert [one.info.run_id for one in run.store.client.search_runs([run.store.experiment_id])] == [run.id]
