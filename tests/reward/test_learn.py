import pytest
import torch
from reward.reward_toys import base, config, planted
from torch.nn import functional
from training.toys import ToyStage, toy_tokenizer

from mathmill.reward.learn import (
    NO_LABEL,
    Labelled,
    RewardModule,
    batches,
    collate,
    end_losses,
    learn,
    replayed,
    retrain,
)
from mathmill.reward.model import Scorer, build
from mathmill.training.model import save
from mathmill.training.schedule import constant
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return base(tmp_path_factory.mktemp("learn") / "base")


def test_the_gradient_is_that_of_cross_entropy_at_the_ends_alone(checkpoint) -> None:
    """Padding, slices and masks against autograd on each sample by itself, in float64; soft labels included."""
    samples = [
        Labelled([5, 6], [7, 8, 9, 10], [1, 3], [1.0, 0.25]),
        Labelled([5, 6, 7, 8], [9], [0], [0.0]),
        Labelled([9], [3, 3, 4], [0, 1, 2], [0.5, 1.0, 0.0]),
    ]
    model = build(checkpoint, "process", [". "], 0).double()
    module = RewardModule(model, config().optim, constant(0), 1)
    module.micro_batch = 2
    batch = {**collate(samples), "ends_in_step": 6}
    batch["labels"] = batch["labels"].double()
    parts = module.parts(batch)
    assert [tuple(part["input_ids"].shape) for part in parts] == [(2, 6), (1, 4)]
    for part in parts:
        module.share(part).backward()
    ours = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    loss = torch.zeros((), dtype=torch.float64)
    for sample in samples:
        logits = model(input_ids=torch.tensor([sample.prompt + sample.output])).logits[0, :, 0]
        for end, label in zip(sample.ends, sample.labels, strict=True):
            logit = logits[len(sample.prompt) + end]
            loss = loss - (label * functional.logsigmoid(logit) + (1 - label) * functional.logsigmoid(-logit)) / 6
    loss.backward()
    for mine, parameter in zip(ours, model.parameters(), strict=True):
        assert torch.allclose(mine, parameter.grad, atol=1e-7)


def test_tokens_without_a_label_have_no_loss(checkpoint) -> None:
    model = build(checkpoint, "outcome", [], 0)
    ids = torch.tensor([[4, 5, 6, 7]])
    labels = torch.full(ids.shape, NO_LABEL)
    assert len(end_losses(model, ids, labels)) == 0
    labels[0, 2] = 1.0
    logit = model(input_ids=ids).logits[0, 2, 0]
    assert end_losses(model, ids, labels).tolist() == pytest.approx([-functional.logsigmoid(logit).item()])


def test_every_sample_once_in_each_pass_and_equal_over_ranks() -> None:
    samples = planted(12, 0)
    make = batches(samples, 4, seed=1)
    for first in (0, 3):  # two passes of three steps
        seen = torch.cat([make(step, 0, 1)["lengths"] for step in range(first, first + 3)]).tolist()
        assert sorted(seen) == sorted(len(sample) for sample in samples)
    whole = make(1, 0, 1)
    halves = [make(1, rank, 2) for rank in range(2)]
    assert {half["ends_in_step"] for half in halves} == {whole["ends_in_step"]}
    assert sum(int((half["labels"] != NO_LABEL).sum()) for half in halves) == whole["ends_in_step"]


def test_a_planted_rule_is_learnt_and_equal_runs_give_equal_bytes(checkpoint, tmp_path) -> None:
    settings = config(epochs=6.0)
    for name in ("one", "two"):
        start = build(checkpoint, "process", [". "], 0)
        model, report = learn(ToyStage(tmp_path / f"work-{name}"), settings, start, planted(200, 0), "training", 0)
        save(model, toy_tokenizer(), tmp_path / name)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert report["steps"] == 75
    assert report["history"][-1]["loss"] < 0.5 * report["history"][0]["loss"]
    held = planted(100, 1)
    scorer = Scorer.load(tmp_path / "one")
    scorer.ends = lambda output: [place for place, token in enumerate(output) if token == held[0].output[-1]]
    scored = scorer.score([sample.prompt for sample in held], [sample.output for sample in held])
    pairs = [
        (value, label)
        for one, sample in zip(scored, held, strict=True)
        for value, label in zip(one.values, sample.labels, strict=True)
    ]
    right = [value for value, label in pairs if label]
    wrong = [value for value, label in pairs if not label]
    auc = sum(high > low for high in right for low in wrong) / (len(right) * len(wrong))
    assert auc > 0.9


def test_replay_is_the_share_that_was_asked_for() -> None:
    new, old = planted(90, 0), planted(50, 1)
    mixed = replayed(new, old, 0.1, seed=0)
    assert len(mixed) == 100
    assert mixed[:90] == new
    assert len({id(sample) for sample in mixed[90:]}) == 10
    assert all(any(sample is other for other in old) for sample in mixed[90:])
    assert replayed(new, old, 0.1, seed=0) == mixed
    assert replayed(new, old, 0.1, seed=1) != mixed
    assert replayed(new, old, 0.0, seed=0) == new
    assert len(replayed(new, old, 0.5, seed=0)) == 90 + 50  # no more than there are


def test_retraining_goes_on_from_the_scorer(checkpoint, tmp_path) -> None:
    start = build(checkpoint, "process", [". "], 0)
    save(start, toy_tokenizer(), tmp_path / "scorer")
    host = ToyStage(tmp_path / "work")
    report = retrain(
        host, config(), tmp_path / "scorer", planted(90, 0), planted(50, 1), tmp_path / "next", "round-1", 0
    )
    assert (report["new"], report["old"], report["samples"]) == (90, 10, 100)
    after = Scorer.load(tmp_path / "next")
    assert (after.kind, after.delimiters) == ("process", [". "])
    assert not torch.equal(after.model.score.weight, Scorer.load(tmp_path / "scorer").model.score.weight)
    again = retrain(
        ToyStage(tmp_path / "other"),
        config(),
        tmp_path / "scorer",
        planted(90, 0),
        planted(50, 1),
        tmp_path / "same",
        "round-1",
        0,
    )
    assert again == report
    assert digest(tmp_path / "same") == digest(tmp_path / "next")


def test_no_samples_is_an_error(checkpoint, tmp_path) -> None:
    with pytest.raises(UserError, match="no labelled sample"):
        learn(ToyStage(tmp_path), config(), build(checkpoint, "outcome", [], 0), [], "training", 0)
