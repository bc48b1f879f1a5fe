"""What a user does in a fresh clone, from the first command to what is seen at the end."""

import json
import shutil
from pathlib import Path

import pytest
from chain import Chain


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
