import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fake_stage import FakeStage, weights

from mathmill.workflow.files import digest
from mathmill.workflow.tracking import open_run
from mathmill.workflow.tracking_lineage import is_model, model_name


def models(run):
    return {m.name: m for m in run.store.client.search_logged_models([run.store.experiment_id])}


def linked(run):
    found = run.store.client.get_run(run.id)
    inputs = [m.model_id for m in (found.inputs.model_inputs or [])]
    outputs = [m.model_id for m in ((found.outputs.model_outputs if found.outputs else None) or [])]
    return inputs, outputs


@pytest.fixture
def files(tracked):
    (tracked / "data").mkdir()
    (tracked / "data" / "questions.jsonl").write_text('{"id": 1}\n')
    (tracked / "models" / "tokenizer").mkdir(parents=True)
    (tracked / "models" / "tokenizer" / "tokenizer.json").write_text("{}")
    weights(tracked / "models" / "pretrain" / "base", b"base")
    weights(tracked / "models" / "sft", b"sft")
    return tracked


def go(root, name, item=None, work="one", inputs=(), outputs=(), metrics=None):
    run = open_run(FakeStage(root, name=name, item=item, work=work), "f")
    run.inputs({f"i{n}": [root / path] for n, path in enumerate(inputs)})
    run.metrics(metrics or {})
    run.outputs({f"o{n}": root / path for n, path in enumerate(outputs)})
    run.finish()
    return run


def test_the_chain_from_data_to_scores(files):
    pretrain = go(files, "pretrain", "base", inputs=["models/tokenizer"], outputs=["models/pretrain/base"])
    sft = go(files, "sft", inputs=["models/pretrain/base", "data/questions.jsonl"], outputs=["models/sft", "data"])
    read = ["models/sft", "data/questions.jsonl"]
    evaluate = go(files, "evaluate", "sft", inputs=read, metrics={"accuracy": 0.5})
    found = models(sft)
    assert set(found) == {"pretrain-base", "sft"}
    base_id, sft_id = found["pretrain-base"].model_id, found["sft"].model_id
    assert linked(pretrain) == ([], [base_id])
    assert linked(sft) == ([base_id], [sft_id])
    assert linked(evaluate) == ([sft_id], [])
    assert found["sft"].source_run_id == sft.id
    assert found["sft"].tags["dvc.md5"] == digest(files / "models" / "sft")
    assert found["sft"].tags["dvc.path"] == "models/sft"
    assert found["sft"].params["sft.lr"] == "3e-05"
    # the score stands at the model too: the page of models is a leaderboard
    (score,) = found["sft"].metrics
    assert (score.key, score.value, score.dataset_name) == ("accuracy", 0.5, "data/questions.jsonl")
    assert found["pretrain-base"].metrics is None
    data = sft.store.client.get_run(sft.id).inputs.dataset_inputs
    assert {(d.dataset.name, d.dataset.digest, d.tags[0].value) for d in data} == {
        ("data/questions.jsonl", digest(files / "data" / "questions.jsonl"), "i1"),
        ("data", digest(files / "data"), "output o1"),
    }
    tokenizer = pretrain.store.client.get_run(pretrain.id).inputs.dataset_inputs
    assert [d.dataset.name for d in tokenizer] == ["models/tokenizer"]
    query = f"dataset.digest = '{digest(files / 'data' / 'questions.jsonl')}'"
    assert [r.info.run_id for r in sft.store.client.search_runs([sft.store.experiment_id], query)] == [
        evaluate.id,
        sft.id,
    ]


def test_equal_bytes_are_one_model_over_reruns_and_resumes(files):
    first = go(files, "sft", outputs=["models/sft"])
    resumed = go(files, "sft", outputs=["models/sft"])
    resumed_again = go(files, "sft", outputs=["models/sft"])
    rerun = go(files, "sft", work="two", outputs=["models/sft"])
    assert first.id == resumed.id == resumed_again.id != rerun.id
    (model,) = rerun.store.client.search_logged_models([rerun.store.experiment_id])
    assert linked(resumed)[1] == linked(rerun)[1] == [model.model_id]
    weights(files / "models" / "sft", b"other bytes")
    changed = go(files, "sft", work="three", outputs=["models/sft"])
    assert len(changed.store.client.search_logged_models([changed.store.experiment_id])) == 2
    assert linked(changed)[1] != [model.model_id]


def test_a_checkpoint_from_elsewhere_is_registered_when_it_is_read(files, tmp_path):
    outside = weights(tmp_path / "models" / "released", b"7b")
    run = go(files, "sft", inputs=[outside])
    model = models(run)["released"]
    assert model.source_run_id in (None, "")
    assert model.tags["dvc.path"] == str(outside)
    assert linked(run)[0] == [model.model_id]


def test_digests_of_dvc_lock_are_used_inside_dvc_alone(files, monkeypatch):
    (files / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  microworld:\n    cmd: x\n    outs:\n    - {path: data/questions.jsonl, md5: abc}\n"
    )
    outside = go(files, "sft", inputs=["data/questions.jsonl"])
    monkeypatch.setenv("DVC_STAGE", "sft")
    inside = go(files, "sft", work="two", inputs=["data/questions.jsonl"])

    def digests(run):
        return [d.dataset.digest for d in run.store.client.get_run(run.id).inputs.dataset_inputs]

    assert digests(outside) == [digest(files / "data" / "questions.jsonl")]
    assert digests(inside) == ["abc"]


def test_what_counts_as_a_model(files):
    assert is_model(files, files / "models" / "sft")
    assert not is_model(files, files / "models" / "tokenizer")
    assert not is_model(files, files / "data" / "questions.jsonl")
    assert model_name("models/rl/grpo") == "rl-grpo"
    assert model_name("multirun/rl/0a1b/2/models/rl/grpo") == "rl-grpo"
    assert model_name("/checkpoints/released") == "released"
