"""The whole chain at scale=smoke, with the real stages: what runs, what reruns, what survives a kill."""

import json
import re
import shutil
from pathlib import Path

import pytest
from chain import Chain

from mathmill.workflow.graph import nodes


@pytest.fixture(scope="module")
def chain(smoke_chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A copy of the finished chain, which these tests may change."""
    folder = tmp_path_factory.mktemp("changed") / "project"
    return Chain(Path(shutil.copytree(smoke_chain.folder, folder, symlinks=True)))


def test_outputs_are_there_and_plain_transformers_loads_the_models(chain: Chain) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for model in ("models/pretrain/base", "models/sft", "models/rl/grpo"):
        folder = chain.folder / model
        assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl", ".ckpt")]
        loaded = AutoModelForCausalLM.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert loaded.config.vocab_size == len(tokenizer)
        assert tokenizer.decode(tokenizer("12 + 7", add_special_tokens=False)["input_ids"]) == "12 + 7"
    page = (chain.folder / "reports/index.html").read_text()
    # Links may point anywhere; what the page needs to be shown is in the page.
    assert re.findall(r"<script|<link|<iframe|@import|src\s*=\s*[\"'](?!data:)|url\((?![\"']?(?:#|data:))", page) == []


def test_the_summary_says_where_to_look_next(chain: Chain) -> None:
    summary = chain.call("python", "-m", "mathmill.report.summary")
    assert "reports/index.html" in summary
    assert "make ui" in summary


def test_a_second_run_runs_nothing(chain: Chain) -> None:
    assert chain.repro() == []


def test_mlflow_has_a_run_for_every_stage_and_the_lineage(chain: Chain) -> None:
    code = """
import json, mlflow
mlflow.set_tracking_uri('sqlite:///mlflow.db')
client = mlflow.MlflowClient()
experiments = [e.experiment_id for e in client.search_experiments()]
runs = [client.get_run(r.info.run_id) for r in client.search_runs(experiments, max_results=1000)]
print(json.dumps([[r.data.tags.get('stage'), r.data.tags.get('item'), r.info.status, r.data.tags.get('ablation'),
    [d.dataset.digest for d in r.inputs.dataset_inputs], len(r.inputs.model_inputs), len(r.outputs.model_outputs)]
    for r in runs]))
"""
    rows = json.loads(chain.call("python", "-c", code).splitlines()[-1])
    assert {row[2] for row in rows} == {"FINISHED"}
    named = {(row[0], row[1]): row for row in rows}
    assert {stage for stage, _ in named} >= {"corpus", "tokens", "pretrain", "sft", "reward", "rl", "evaluate"}
    assert named["pretrain", "code_math"][3]
    assert named["pretrain", "math_arxiv"][3]
    assert chain.hashes()["data/tokens"] in named["pretrain", "base"][4]
    assert named["rl", "grpo"][5] == 1
    assert named["rl", "grpo"][6] == 1


def test_ground_truth_is_read_by_the_report_alone(chain: Chain) -> None:
    readers = [node.name for node in nodes() for path in node.inputs.values() if "truth" in path]
    assert readers == ["report"]


# The order matters below: each of these changes the checkout.


@pytest.mark.parametrize(
    ("stage", "sign"),
    [
        ("corpus", "*/*/round_1"),
        ("pretrain@base", "*/*/step-0000000[2-9]"),
        ("sft", "*/*/step-0000000[2-9]"),
        ("rl@grpo", "*/*/step-00000001"),
    ],
)
def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(chain: Chain, stage: str, sign: str) -> None:
    before = chain.hashes()
    chain.kill_in_the_middle(stage, sign)
    assert chain.repro()[0] == stage
    assert chain.hashes() == before


def test_a_comment_in_conf_reruns_compose_alone(chain: Chain) -> None:
    path = chain.folder / "conf/rl/default.yaml"
    path.write_text("# another thought\n" + path.read_text())
    assert chain.repro() == ["compose"]


def test_a_changed_learning_rate_reruns_what_it_must(chain: Chain) -> None:
    chain.call("python", "-m", "mathmill.compose", "set", "rl.optim.lr=1e-5")
    assert chain.repro() == ["compose", "rl@grpo", "evaluate@grpo", "report"]


def test_a_value_set_on_params_by_hand_stops_the_run(chain: Chain) -> None:
    path = chain.folder / "params.yaml"
    text = path.read_text()
    path.write_text(text.replace("outputs: 4", "outputs: 5", 1))
    assert path.read_text() != text
    output = chain.call("dvc", "repro", fails=True)
    assert "rl.outputs" in output
    assert "overrides.yaml" in output
    path.write_text(text)
    chain.call("git", "add", "-A")
    chain.call("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "all")
    output = chain.call("dvc", "exp", "run", "--name", "lost", "-S", "rl.beta=0.5", fails=True)
    assert "rl.beta" in output


def test_a_sweep_is_one_parent_with_its_children(chain: Chain) -> None:
    path = chain.folder / "params.yaml"
    if "beta: 0.5" in path.read_text():  # left by the refused experiment
        path.unlink()
        chain.repro("compose")
    command = ("python", "-m", "mathmill.rl", "-m", "rl.optim.lr=1e-4,2e-4")
    chain.call(*command)
    code = """
import json, mlflow
mlflow.set_tracking_uri('sqlite:///mlflow.db')
client = mlflow.MlflowClient()
runs = client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=1000)
children = [r for r in runs if r.data.tags.get('mlflow.parentRunId')]
print(json.dumps([[r.data.tags['mlflow.parentRunId'], r.info.status] for r in children]))
"""
    rows = json.loads(chain.call("python", "-c", code).splitlines()[-1])
    assert len(rows) == 2
    assert len({row[0] for row in rows}) == 1
    assert {row[1] for row in rows} == {"FINISHED"}
    again = chain.call(*command)
    assert "done already" in again  # the same command skips what is finished
    assert len(json.loads(chain.call("python", "-c", code).splitlines()[-1])) == 2
    assert (Path(chain.folder) / "models/rl/grpo").is_dir()  # a sweep leaves the graph's own outputs alone
