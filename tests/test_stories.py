"""What a user does in a fresh clone, from the first command to what is seen at the end."""

import gzip
import json
import os
import random
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from chain import Chain

from mathmill.plan.__main__ import main as plan
from mathmill.workflow.composition import compose_conf

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_an_own_checkpoint_is_tuned_on_own_questions(smoke_chain: Chain, tmp_path: Path) -> None:
    """docs/own_data.md: SFT and GRPO from a Hugging Face folder and JSON lines, with no other stage run before."""
    clone = Chain.create(tmp_path / "clone", ["scale=smoke", "runtime.progress=false"])
    for made in ("data", "models", "reports", "mlflow.db"):  # nothing of the chain but what the user brings
        path = clone.folder / made
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    own = clone.folder / "own"
    own.mkdir()
    shutil.copytree(smoke_chain.folder / "models/pretrain/base", own / "model")
    solved = [{"question": f"What is {n} + 2?", "solution": f"\\boxed{{{n + 2}}}"} for n in range(40)]
    asked = [{"question": f"What is {n} + 3?", "answer": str(n + 3)} for n in range(30)]
    for name, rows in {"instruct": solved, "questions": asked[:24], "validation": asked[24:]}.items():
        (own / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    clone.call("python", "-m", "mathmill.compose")
    sft = ("sft.checkpoint=own/model", "sft.instruct=[own/instruct.jsonl]", "sft.steps=4")
    clone.call("python", "-m", "mathmill.sft", *sft)
    rl = ("rl.questions=own/questions.jsonl", "rl.validation=own/validation.jsonl", "rl.steps=2")
    clone.call("python", "-m", "mathmill.rl", *rl)

    trained = json.loads((clone.folder / "reports/sft.json").read_text())
    assert trained["steps"] == 4
    tuned = json.loads((clone.folder / "reports/rl/grpo.json").read_text())
    assert tuned["final"]["held_out_questions"] == 6
    said = clone.call(
        "bash", "-c", "echo 'What is 1 + 3?' | python -m mathmill.chat models/rl/grpo --max-new-tokens 16"
    )
    assert said.strip()
    code = """
import json, mlflow
client = mlflow.MlflowClient('sqlite:///mlflow.db')
runs = [client.get_run(run.info.run_id) for run in client.search_runs(['1'])]
names = lambda links: [client.get_logged_model(link.model_id).tags['dvc.path'] for link in links]
print(json.dumps({r.data.tags['stage']: [r.info.status, names(r.inputs.model_inputs), names(r.outputs.model_outputs)]
    for r in runs}))
"""
    runs = json.loads(clone.call("python", "-c", code).splitlines()[-1])
    assert runs["sft"][0] == runs["rl"][0] == "FINISHED"
    assert runs["sft"][2] == ["models/sft"]
    assert runs["rl"][1:] == [["models/sft"], ["models/rl/grpo"]]


@pytest.mark.slow
def test_a_changed_learning_rate_is_compared_with_the_run_before(smoke_chain: Chain, tmp_path: Path) -> None:
    """README: make exp, two runs in MLflow, differences of DVC. The page of the UI: tests/workflow/test_ui.py."""
    clone = Chain(Path(shutil.copytree(smoke_chain.folder, tmp_path / "clone", symlinks=True)))
    clone.call("git", "add", "--", "conf", "src", "dvc.yaml", "dvc.lock", "params.yaml", "overrides.yaml", "reports")
    clone.call("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "all")
    clone.call("python", "-m", "mathmill.compose", "set", "rl.optim.lr=2.5e-4")
    clone.call("python", "-m", "mathmill.compose")
    assert clone.repro("rl@grpo") == ["compose", "rl@grpo"], "data and the models before it stay as they are"
    code = """
import json, mlflow
client = mlflow.MlflowClient('sqlite:///mlflow.db')
runs = client.search_runs(['1'], "tags.stage = 'rl'", order_by=['attributes.start_time'])
print(json.dumps([[r.info.status, r.data.params, r.data.metrics.get('final/held_out_accuracy'),
    [d.dataset.digest for d in client.get_run(r.info.run_id).inputs.dataset_inputs
     if not any(tag.value.startswith('output') for tag in d.tags)]] for r in runs]))
"""
    before, after = json.loads(clone.call("python", "-c", code).splitlines()[-1])
    assert before[0] == after[0] == "FINISHED"
    changed = {key for key in after[1] if before[1].get(key) != after[1][key]}
    assert changed == {"rl.optim.lr"}
    assert float(after[1]["rl.optim.lr"]) == 2.5e-4
    assert None not in (before[2], after[2])
    assert before[3] == after[3] != [], "both runs saw the same data"
    assert "rl.optim.lr" in clone.call("dvc", "params", "diff")
    assert re.search(r"runs\?\S*", clone.call("python", "-m", "mathmill.workflow.ui", "--addresses"))


DISH = "simmer onion garlic butter flour oven whisk saucepan dough cream basil thyme roast stir broth knead boil pepper"
OTHER = "engine railway goalkeeper parliament satellite insurance keyboard orchestra harbour mortgage referee voltage"
PLAIN = "the a of and with then for about until some more very over under every small large first second after before"


def prose(rng: random.Random, words: str) -> str:
    """Paragraphs that no two pages share, of one subject's words and everybody's."""
    subject, plain = words.split(), PLAIN.split()
    sentences = (
        " ".join(rng.choice(subject if rng.random() < 0.4 else plain) for _ in range(rng.randint(8, 16))).capitalize()
        for _ in range(12)
    )
    return ". ".join(sentences) + "."


def warc(path: Path, pages: dict[str, str]) -> None:
    """A WARC file with a response for each address."""
    with gzip.open(path, "wb") as file:
        for number, (url, text) in enumerate(pages.items()):
            body = f"<html><head><title>{number}</title></head><body><p>{text}</p></body></html>".encode()
            content = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
            lines = [
                "WARC/1.0",
                "WARC-Type: response",
                f"WARC-Target-URI: {url}",
                "WARC-Date: 2024-01-01T00:00:00Z",
                f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>",
                "Content-Type: application/http; msgtype=response",
                f"Content-Length: {len(content)}",
            ]
            file.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n\r\n")


def test_a_crawl_and_a_seed_of_another_domain_give_its_corpus(tmp_path: Path) -> None:
    """docs/own_data.md: recipes out of a crawl in which they are a third of the pages."""
    rng = random.Random(0)
    clone = Chain.create(tmp_path / "clone", ["scale=smoke", "runtime.progress=false", "engine=serial"])
    own = clone.folder / "own"
    (own / "crawl").mkdir(parents=True)
    pages = {f"http://kitchen{n % 5}.example/recipes/{n}.html": prose(rng, DISH) for n in range(60)}
    pages |= {f"http://news{n % 9}.example/{n}.html": prose(rng, OTHER) for n in range(120)}
    warc(own / "crawl/pages.warc.gz", pages)
    (own / "seed.jsonl").write_text("".join(json.dumps({"text": prose(rng, DISH)}) + "\n" for _ in range(60)))
    (own / "annotations.yaml").write_text("[]\n")
    words = (
        "pages.crawl=[own/crawl]",
        "corpus.seed_corpus=[own/seed.jsonl]",
        "corpus.annotations=own/annotations.yaml",
    )
    clone.call("python", "-m", "mathmill.compose", "set", *words, "corpus.rounds=1", "corpus.budget_share=[0.3]")
    clone.call("python", "-m", "mathmill.compose")
    for stage in ("pages", "corpus"):
        clone.call("python", "-m", f"mathmill.{stage}")
    found = [
        row
        for path in (clone.folder / "data/corpus/final").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    recipes = [row for row in found if row["host"].startswith("kitchen")]
    assert len(recipes) >= 45, "most recipes are found"
    assert len(recipes) >= 0.9 * len(found), "and little else"
    report = json.loads((clone.folder / "reports/corpus.json").read_text())
    assert report["pages"] == len(found)
    assert "`corpus.seed_corpus`" in (clone.folder / "data/corpus/README.md").read_text()


def test_a_move_to_a_cluster_is_planned_composed_and_submitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/cluster.md, docs/scaling.md: the plan refuses what does not fit and names what does; the job script's words
    are the plan's, and every process of the job composes to it."""
    asked = ["scale=1b", "gpus=8", "memory=24"]
    assert plan([*asked, "trainer=ddp"], ROOT) == 1
    assert "does not fit" in capsys.readouterr().out
    assert plan(["scale=1b", "gpus=8", "trainer=deepspeed_zero1"], ROOT) == 0
    assert "does not fit" not in capsys.readouterr().out
    scripts = sorted((ROOT / "docs/slurm").glob("*.sbatch"))
    assert {script.name for script in scripts} == {"merge.sbatch", "part.sbatch", "train.sbatch"}
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("srun", "python"):  # print the words that they are called with
        (programs / name).write_text(f"#!/bin/sh\nprintf '%s ' {name} \"$@\"; echo\n")
        (programs / name).chmod(0o755)
    job = {"SLURM_JOB_NUM_NODES": "2", "SLURM_NTASKS_PER_NODE": "4"}
    part = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "16", "SLURM_ARRAY_TASK_MIN": "1"}
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **job, **part}

    def submitted(script: str, *words: str) -> list[str]:
        command = ["bash", str(ROOT / "docs/slurm" / script), *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return shlex.split(done.stdout.splitlines()[-1])

    called = submitted("train.sbatch", "pretrain", "pretrain.run=base", "scale=1b", "trainer=deepspeed_zero1")
    assert called[:4] == ["srun", "python", "-m", "mathmill.pretrain"]
    params = compose_conf(ROOT, called[4:])
    assert params.runtime.trainer.strategy == "deepspeed_stage_1"
    assert params.runtime.trainer.num_nodes * params.runtime.trainer.devices == 8
    assert (params.pretrain.run, params.scale) == ("base", "1b")
    called = submitted("part.sbatch", "pages", "crawl=commoncrawl")
    assert "mathmill.pages" in called
    assert "3/16" in " ".join(called)
    assert "--shard" not in submitted("merge.sbatch", "pages", "crawl=commoncrawl")
