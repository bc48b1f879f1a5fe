"""Iterative GRPO with a real reward model: Algorithm 1 of the paper, small."""

from pathlib import Path

import pytest
from rl_models import Host, config

from mathmill.reward.config import RewardConfig, SolutionsConfig
from mathmill.reward.learn import Labelled
from mathmill.reward.model import build
from mathmill.reward.samples import read_samples, write_samples
from mathmill.rl.reward_source import RewardSource
from mathmill.rl.train import train
from mathmill.training.config import OptimConfig
from mathmill.training.model import load_tokenizer, save
from mathmill.workflow.errors import UserError


@pytest.fixture
def source(files: dict[str, Path], tmp_path: Path) -> RewardSource:
    folder = tmp_path / "reward"
    save(build(files["sft"], "outcome", ["."], seed=0), load_tokenizer(files["sft"]), folder)
    write_samples(folder, [Labelled([0, 5], [7, 1], [1], [float(i % 2)]) for i in range(12)])
    optim = OptimConfig(lr=1e-3, schedule="constant", drop_at=[], drop_to=[])
    solutions = SolutionsConfig(max_new_tokens=2)
    return RewardSource(
        folder, RewardConfig(train_questions=6, outputs=3, batch=4, epochs=1.0, optim=optim, solutions=solutions)
    )


def go(files: dict[str, Path], source: RewardSource, host: Host, out: Path) -> dict:
    settings = config(reward="outcome", rounds=2, steps=2)
    return train(host, settings, files["sft"], files["questions.jsonl"], files["validation.jsonl"], out, reward=source)


def test_the_second_round_is_scored_by_a_model_trained_on(files, source, tmp_path: Path) -> None:
    report = go(files, source, Host(tmp_path / "work"), tmp_path / "out")
    assert report["rounds"] == 2
    assert set(report["models"]) == {"policy", "start", "reward"}
    made = tmp_path / "work" / "round_0"
    assert (made / "reward" / "model.safetensors").read_bytes() != (source.folder / "model.safetensors").read_bytes()
    assert len(read_samples(made / "reward")) > len(read_samples(source.folder))


def test_killed_while_the_reward_model_learns_it_goes_on(files, source, tmp_path: Path, monkeypatch) -> None:
    whole = go(files, source, Host(tmp_path / "w0"), tmp_path / "o0")
    monkeypatch.setattr("mathmill.rl.reward_source.write_samples", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        go(files, source, Host(tmp_path / "w1"), tmp_path / "o1")
    monkeypatch.undo()
    assert go(files, source, Host(tmp_path / "w1"), tmp_path / "o1") == whole


def test_a_reward_model_without_its_samples_cannot_be_trained_on(files, source, tmp_path: Path) -> None:
    (source.folder / "samples.jsonl").unlink()
    with pytest.raises(UserError, match=r"samples\.jsonl is missing"):
        go(files, source, Host(tmp_path / "work"), tmp_path / "out")


def test_a_reward_model_of_another_kind_is_refused(files, source, tmp_path: Path) -> None:
    settings = config(reward="process", rounds=1, steps=1)
    places = (files["sft"], files["questions.jsonl"], files["validation.jsonl"], tmp_path / "out")
    with pytest.raises(UserError, match="of kind outcome, but"):
        train(Host(tmp_path / "work"), settings, *places, reward=source)
