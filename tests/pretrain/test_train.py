import math
import shutil
from dataclasses import replace

import pytest
import torch
from training.toys import SHAPE, ToyStage, toy_tokenizer
from transformers import AutoModelForCausalLM

from mathmill.pretrain.config import PretrainConfig, RunConfig, run_of, steps_of
from mathmill.pretrain.mixture import Mixture
from mathmill.pretrain.source import Source
from mathmill.pretrain.train import train
from mathmill.training.config import OptimConfig
from mathmill.training.model import load
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import digest

CONFIG = PretrainConfig(
    runs={
        "base": RunConfig(mixture={"corpus": 0.75, "code": 0.25}, tokens=20 * 4 * 32),
        "more": RunConfig(mixture={"corpus": 1.0}, tokens=5 * 4 * 32, ablation="order", lr=1e-4, warmup=2),
    },
    model=SHAPE,
    optim=OptimConfig(lr=1e-2, warmup=3),
    batch=4,
    context=32,
    heldout_tokens=200,
)


@pytest.fixture(scope="module")
def base(tokens, init, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    return folder, train(ToyStage(folder / "scratch"), "base", CONFIG, tokens, init, folder / "model")


def test_report(base) -> None:
    _, report = base
    assert (report["steps"], report["tokens"], report["ablation"]) == (20, 2560, None)
    assert report["history"][-1]["step"] == 20
    assert report["history"][-1]["loss"] < report["history"][0]["loss"]
    assert set(report["bits_per_byte"]) == {"corpus", "code"}
    seen = dict(report["epochs"].items())
    assert seen["corpus"] > 0.5


def test_a_second_stage_goes_on_from_the_weights(base, tokens, tmp_path) -> None:
    folder, _ = base
    stage = ToyStage(tmp_path / "scratch")
    report = train(stage, "more", CONFIG, tokens, folder / "model", tmp_path / "model")
    assert report["ablation"] == "order"
    assert stage.run.curve("train/lr")[2] == pytest.approx(1e-4)
    start, end = load(folder / "model"), AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    moved = max(float((a - b).abs().max()) for a, b in zip(start.parameters(), end.parameters(), strict=True))
    assert 0 < moved < 0.01


def test_the_same_run_gives_the_same_bytes_also_after_a_break(base, tokens, init, tmp_path) -> None:
    folder, report = base

    class Breaking(ToyStage):
        def progress(self, total, description, unit):
            if "held-out" in description:
                raise KeyboardInterrupt
            return super().progress(total, description, unit)

    with pytest.raises(KeyboardInterrupt):
        train(Breaking(tmp_path / "scratch"), "base", CONFIG, tokens, init, tmp_path / "model")
    again = train(ToyStage(tmp_path / "scratch"), "base", CONFIG, tokens, init, tmp_path / "model")
    assert again == report
    assert digest(tmp_path / "model") == digest(folder / "model")


def test_budget_in_whole_steps() -> None:
    assert steps_of(CONFIG, CONFIG.runs["base"]) == 20


def test_what_is_wrong_is_named(tokens, init, tmp_path) -> None:
    def attempt(config: PretrainConfig, name: str = "base"):
        return train(ToyStage(tmp_path / "s"), name, config, tokens, init, tmp_path / "m")

    with pytest.raises(ConfigError, match=r"pretrain\.runs\.other: no such run"):
        attempt(CONFIG, "other")
    with pytest.raises(ConfigError, match="mixture"):
        run_of(PretrainConfig(runs={"base": RunConfig()}), "base")
    with pytest.raises(ConfigError, match="names web"):
        attempt(replace(CONFIG, runs={"base": RunConfig(mixture={"web": 1.0})}))
    with pytest.raises(UserError, match="no training tokens"):
        attempt(replace(CONFIG, runs={"base": RunConfig(mixture={"empty": 1.0})}))
    with pytest.raises(UserError, match=r"pretrain\.context=64"):
        attempt(replace(CONFIG, context=64))
    half = tmp_path / "half"
    shutil.copytree(init, half)
    (half / "config.json").write_text("{}")  # a model whose weights were forgotten, not a tokenizer alone
    with pytest.raises(UserError, match=r"config\.json but no model\.safetensors"):
        train(ToyStage(tmp_path / "s"), "base", CONFIG, tokens, half, tmp_path / "m")
    other = toy_tokenizer()
    other.add_tokens(["new"])
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="another tokenizer"):
        train(ToyStage(tmp_path / "s"), "base", CONFIG, tokens, tmp_path / "other", tmp_path / "m")


def test_training_learns(base) -> None:
    """Word salad of 13 words: far below the bits of a uniform byte."""
    _, report = base
    assert report["bits_per_byte"]["corpus"]["bits_per_byte"] < 6.0
    assert torch.isfinite(torch.tensor([row["grad_norm"] for row in report["history"]])).all()


def test_each_source_has_a_curve_of_its_own(tokens, init, tmp_path) -> None:
    stage = ToyStage(tmp_path / "scratch", log_every=5)
    train(stage, "base", CONFIG, tokens, init, tmp_path / "model")
    whole, corpus, code = (stage.run.curve(f"train/{name}") for name in ("loss", "loss/corpus", "loss/code"))
    assert list(whole) == list(corpus) == list(code) == [5, 10, 15, 20]
    assert corpus[20] < corpus[5]
    bits = stage.run.curve("train/bits_per_byte/corpus")
    index = Source(tokens / "corpus", 0).index["train"]
    assert bits[20] == pytest.approx(corpus[20] / math.log(2) * index["tokens"] / index["bytes"])


def test_curves_of_sources_add_up_to_the_loss(tokens, init, tmp_path) -> None:
    """Of one step, in parts: the sources' losses, weighted by their sequences, are the loss of the step."""
    stage = ToyStage(tmp_path / "scratch", micro_batch=1)
    train(stage, "base", CONFIG, tokens, init, tmp_path / "model")
    mixture = Mixture(CONFIG.runs["base"].mixture, CONFIG.seed)
    for step, loss in stage.run.curve("train/loss").items():
        read = [mixture.place(4 * (step - 1) + row)[0] for row in range(4)]
        parts = [stage.run.curve(f"train/loss/{name}")[step] for name in read]
        assert sum(parts) / 4 == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_a_folder_of_plain_transformers_goes_there_and_back(tokens, tmp_path, family: str) -> None:
    from transformers import AutoConfig

    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = AutoConfig.for_model(
        family, **shape, intermediate_size=48, vocab_size=300, max_position_embeddings=64, tie_word_embeddings=False
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "plain")
    toy_tokenizer().save_pretrained(tmp_path / "plain")
    ten = replace(CONFIG, runs={"base": RunConfig(mixture={"corpus": 1.0}, tokens=10 * 4 * 32)})
    report = train(ToyStage(tmp_path / "scratch"), "base", ten, tokens, tmp_path / "plain", tmp_path / "trained")
    assert report["steps"] == 10
    ids = torch.arange(3, 35)[None]
    before, ours, plain = (
        model(input_ids=ids).logits
        for model in (
            AutoModelForCausalLM.from_pretrained(tmp_path / "plain").eval(),
            load(tmp_path / "trained").eval(),
            AutoModelForCausalLM.from_pretrained(tmp_path / "trained").eval(),
        )
    )
    assert torch.equal(ours, plain)
    assert float((plain - before).abs().max()) > 0.01
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "trained").config.model_type == family
