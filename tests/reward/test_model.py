import random

import pytest
import torch
from reward.reward_toys import base, planted
from training.toys import toy_tokenizer

from mathmill.reward.model import Scorer, build
from mathmill.training.model import load, save
from mathmill.workflow.errors import UserError


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reward")
    base(folder / "base")
    for kind in ("outcome", "process"):
        model = build(folder / "base", kind, [". "], seed=3)
        with torch.no_grad():  # values far from each other
            model.score.weight.mul_(30)
        save(model, toy_tokenizer(), folder / kind)
    return folder


def test_the_body_is_the_base_and_the_head_is_drawn_by_the_seed(folders) -> None:
    start = load(folders / "base").state_dict()
    one, same, other = (build(folders / "base", "outcome", ["\n"], seed).state_dict() for seed in (1, 1, 2))
    heads = {name for name in one if name not in start}
    assert heads == {"score.weight", "score.bias"}
    assert one["score.weight"].shape == (1, 32)
    for name in one:
        assert torch.equal(one[name], same[name])
        assert name in heads or torch.equal(one[name], start[name])
    assert not torch.equal(one["score.weight"], other["score.weight"])


def test_plain_transformers_loads_the_folder(folders) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    folder = folders / "process"
    assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl", ".ckpt")]
    loaded = AutoModelForTokenClassification.from_pretrained(folder).eval()
    assert loaded.num_labels == 1
    assert loaded.config.classifier_dropout == 0.0
    ids = AutoTokenizer.from_pretrained(folder)("1 2. 3 4.", return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        theirs = loaded(input_ids=ids).logits[0, :, 0].sigmoid()
    ours = Scorer.load(folder).score([ids[0, :2].tolist()], [ids[0, 2:].tolist()])[0]
    assert ours.ends == [1, 6]  # `. ` ends at the dot
    assert ours.values == pytest.approx([float(theirs[2 + 1]), float(theirs[-1])])


def test_an_outcome_has_one_end_and_a_process_several(folders) -> None:
    samples = planted(5, 0)
    prompts, outputs = [s.prompt for s in samples], [s.output for s in samples]
    for scored, output in zip(Scorer.load(folders / "outcome").score(prompts, outputs), outputs, strict=True):
        assert scored.ends == [len(output) - 1]
        assert 0 <= scored.values[0] <= 1
    process = Scorer.load(folders / "process")
    assert process.kind == "process"
    assert process.delimiters == [". "]


def test_values_do_not_depend_on_what_is_scored_beside(folders) -> None:
    rng = random.Random(0)
    prompts, outputs = ([rng.choices(range(3, 200), k=rng.randint(1, 12)) for _ in range(40)] for _ in range(2))
    scorer = Scorer.load(folders / "outcome")
    together = scorer.score(prompts, outputs)
    assert len({round(one.values[0], 3) for one in together}) > 5
    scorer.tokens = 20
    pieces = scorer.score(prompts, outputs)
    alone = [scorer.score([prompt], [output])[0] for prompt, output in zip(prompts, outputs, strict=True)]
    backwards = scorer.score(prompts[::-1], outputs[::-1])[::-1]
    for one, *others in zip(together, pieces, alone, backwards, strict=True):
        for other in others:
            assert other.ends == one.ends
            assert other.values == pytest.approx(one.values, abs=1e-6)


def test_a_scorer_is_frozen_and_leaves_nothing_behind(folders) -> None:
    scorer = Scorer.load(folders / "outcome")
    assert not scorer.model.training
    assert not any(parameter.requires_grad for parameter in scorer.model.parameters())
    with pytest.raises(ValueError, match="empty output"):
        scorer.score([[5]], [[]])
    scorer.check(toy_tokenizer())


def test_other_folders_and_other_tokenizers_are_refused(folders) -> None:
    with pytest.raises(UserError, match="not a reward model"):
        Scorer.load(folders / "base")
    with pytest.raises(UserError, match="not a model folder"):
        Scorer.load(folders / "nothing")
    with pytest.raises(UserError, match="not a model folder"):
        build(folders / "nothing", "outcome", [], 0)
    other = toy_tokenizer()
    other.add_tokens(["<new>"])
    with pytest.raises(UserError, match="different tokenizers"):
        Scorer.load(folders / "outcome").check(other)
