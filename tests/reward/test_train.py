import json
import random
from pathlib import Path

import pytest
from reward.reward_toys import LONG, base, config, toy_tokenizer_ids
from training.toys import ToyStage, toy_tokenizer

from mathmill.reward import shards
from mathmill.reward.config import RewardConfig, SolutionsConfig, StepsConfig, VerifierConfig
from mathmill.reward.model import Scorer
from mathmill.reward.samples import read_samples
from mathmill.reward.train import labelled, train
from mathmill.rl.rollout import Rollout
from mathmill.training.model import build, save
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, write_jsonl


def settings(**changes) -> RewardConfig:
    chosen = {
        "train_questions": 10,
        "held_out_questions": 0,
        "outputs": 4,
        "unique": False,
        "completions": 2,
        "shard_questions": 3,
        "solutions": SolutionsConfig(max_new_tokens=6),
        "steps": StepsConfig(delimiters=["1"]),
        # An untrained model never boxes; its first digits can be right by chance.
        "verifier": VerifierConfig(mode="lenient", symbolic=False),
    }
    return config(**{**chosen, **changes})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    model = build(LONG, toy_tokenizer(), seed=1)
    save(model, toy_tokenizer(), folder / "sft")
    rows = [{"id": str(i), "question": f"What is {i}?", "answer": str(i % 3 + 1)} for i in range(20)]
    write_jsonl(folder / "questions.jsonl", rows[:14])
    write_jsonl(folder / "validation.jsonl", rows[14:])
    return {
        "base": base(folder / "base"),
        "sampler": folder / "sft",
        "questions": folder / "questions.jsonl",
        "validation": folder / "validation.jsonl",
    }


@pytest.fixture(autouse=True)
def writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for `generate`: an untrained model ends no output. Digits by the row's random numbers, as its own."""

    def generate(model, prompts, n, sampling, eos, row_ids):
        found = []
        for row in row_ids:
            rng = random.Random(f"{sampling.seed}-{row}")
            text = "".join(rng.choices("123", k=rng.randint(1, 3)))
            found.append(Rollout([*toy_tokenizer_ids(text), eos], [], finished=True))
        return found

    monkeypatch.setattr("mathmill.reward.labelling.generate", generate)


def host(folder: Path) -> ToyStage:
    stage = ToyStage(folder)
    stage.runtime.engine = EngineConfig(backend="serial", progress=False)
    return stage


def labels(files: dict[str, Path], folder: Path, chosen: RewardConfig):
    return labelled(host(folder), chosen, files["sampler"], files["questions"], files["validation"])


def test_a_killed_job_loses_a_shard_and_ends_as_if_undisturbed(files, tmp_path, monkeypatch) -> None:
    chosen = settings(kind="process")
    undisturbed = labels(files, tmp_path / "one", chosen)
    assert {name: len(found) for name, found in undisturbed.items()} == {"train": 40, "held_out": 24}
    assert {one.question for one in undisturbed["train"]} == set(range(10))
    assert any(one.correct for one in undisturbed["train"])
    assert any(len(one.ends) > 1 for one in undisturbed["train"])
    calls: list[str] = []
    real = shards.label

    def killed(*arguments):
        calls.append("shard")
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(shards, "label", killed)
    with pytest.raises(KeyboardInterrupt):
        labels(files, tmp_path / "two", chosen)
    assert len(list((tmp_path / "two" / "labels").glob("*.parquet"))) == 2
    assert labels(files, tmp_path / "two", chosen) == undisturbed
    assert len(calls) == 3 + 4  # six shards in all: two were finished
    for path in sorted((tmp_path / "one" / "labels").glob("*.parquet")):
        assert (tmp_path / "two" / "labels" / path.name).read_bytes() == path.read_bytes()
    assert labels(files, tmp_path / "two", chosen) == undisturbed
    assert len(calls) == 7


def test_shards_may_be_cut_elsewhere(files, tmp_path) -> None:
    """Which questions share a shard changes no solution."""
    one, other = (labels(files, tmp_path / str(size), settings(shard_questions=size)) for size in (3, 7))
    assert [(a.question, a.output) for a in one["train"]] == [(b.question, b.output) for b in other["train"]]


@pytest.mark.parametrize(("backend", "workers", "threads"), [("serial", 2, 4), ("pool", 1, 4), ("pool", 2, 1)])
def test_workers_do_not_share_a_core(files, tmp_path, monkeypatch, backend: str, workers: int, threads: int) -> None:
    """Two workers of two threads each on two cores are four times as slow as two of one."""
    seen = []
    monkeypatch.setattr(shards, "run_shards", lambda *args, params, **others: seen.append(params.runtime) or [])
    stage = host(tmp_path)
    stage.runtime.engine = EngineConfig(backend=backend, workers=workers, progress=False)
    stage.runtime.threads = 4
    labelled(stage, settings(), files["sampler"], files["questions"], files["validation"])
    assert seen[0].threads == threads
    assert stage.runtime.threads == 4


@pytest.mark.parametrize("kind", ["outcome", "process"])
def test_a_reward_model_and_its_report(files, tmp_path, kind: str) -> None:
    chosen = settings(kind=kind)
    reports = []
    for name in ("one", "two"):
        stage = host(tmp_path / f"work-{name}")
        found = labelled(stage, chosen, files["sampler"], files["questions"], files["validation"])
        reports.append(train(stage, chosen, files["base"], files["sampler"], found, tmp_path / name))
    assert reports[0] == reports[1]
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    report = reports[0]
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["data"]["train"]["solutions"] == report["samples"] == 40
    solutions = report["held_out"]["solutions"]
    assert solutions["n"] == report["data"]["held_out"]["solutions"] == 24
    assert solutions["right"] == report["data"]["held_out"]["right"] > 0
    assert sum(entry["n"] for entry in solutions["bins"]) == 24
    assert set(report["held_out"]) == (
        {"solutions"} if kind == "outcome" else {"steps", "inner_steps", "solutions", "last_step", "labels"}
    )
    assert read_samples(tmp_path / "one") == [sample.labelled() for sample in found["train"]]
    scorer = Scorer.load(tmp_path / "one")
    assert scorer.kind == kind
    one = found["held_out"][0]
    assert scorer.score([one.prompt], [one.output])[0].ends == one.ends  # it finds the places that it was trained at


def test_another_tokenizer_is_refused(files, tmp_path) -> None:
    other = toy_tokenizer()
    other.add_tokens(["<new>"])
    save(build(LONG, other), other, tmp_path / "base")
    with pytest.raises(UserError, match="different tokenizers"):
        train(host(tmp_path), settings(), tmp_path / "base", files["sampler"], {"train": [], "held_out": []}, tmp_path)
