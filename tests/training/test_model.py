import copy

import pytest
import safetensors.torch
import torch
from training.toys import SHAPE, toy_model, toy_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from mathmill.training.config import ModelShape, OptimConfig
from mathmill.training.model import build, cast, has_weights, load, load_tokenizer, parameter_count, save
from mathmill.training.optim import adamw, parameter_groups
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import digest


def test_a_seed_gives_the_same_weights_and_touches_no_other_random_number() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = toy_model(1), toy_model(1), toy_model(2)
    assert torch.equal(torch.rand(1), expected)
    weights = [model.model.layers[0].mlp.down_proj.weight for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_projections_that_end_a_block_start_smaller() -> None:
    layer = build(ModelShape(hidden=128, layers=8, ffn=256), toy_tokenizer()).model.layers[0]
    assert float(layer.mlp.up_proj.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert float(layer.mlp.down_proj.weight.detach().std()) == pytest.approx(0.02 / 4, rel=0.05)


def test_folder_has_the_same_bytes_and_loads_with_plain_transformers(tmp_path) -> None:
    model, tokenizer = toy_model(), toy_tokenizer()
    save(model, tokenizer, tmp_path / "a")
    save(load(tmp_path / "a"), load_tokenizer(tmp_path / "a"), tmp_path / "b")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert not list((tmp_path / "a").glob("*.bin"))
    assert has_weights(tmp_path / "a")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    ids = torch.tensor([AutoTokenizer.from_pretrained(tmp_path / "a").encode("1 + 1 = 2")])
    assert torch.equal(plain(ids).logits, model.eval()(ids).logits)


def test_attention_implementations_agree(tmp_path) -> None:
    save(toy_model(), toy_tokenizer(), tmp_path / "m")
    ids = torch.arange(3, 19)[None]
    torch.testing.assert_close(
        load(tmp_path / "m", "eager")(ids).logits, load(tmp_path / "m", "sdpa")(ids).logits, atol=1e-5, rtol=1e-5
    )


def test_bad_shapes_and_folders_are_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"model\.heads: 3 does not divide hidden"):
        build(ModelShape(heads=3, hidden=32), toy_tokenizer())
    with pytest.raises(ConfigError, match=r"model\.vocab=10"):
        build(ModelShape(vocab=10), toy_tokenizer())
    with pytest.raises(UserError, match="not a model folder"):
        load(tmp_path)
    with pytest.raises(UserError, match="no tokenizer"):
        load_tokenizer(tmp_path)


def test_broken_folders_are_named(tmp_path) -> None:
    folder = tmp_path / "m"
    save(toy_model(), toy_tokenizer(), folder)
    weights, tokens = (folder / "model.safetensors").read_bytes(), (folder / "tokenizer.json").read_text()
    for broken in (b"", weights[:100], weights[: len(weights) // 2]):
        (folder / "model.safetensors").write_bytes(broken)
        with pytest.raises(UserError, match=r"/m: the model cannot be loaded: .*is every file there, and whole"):
            load(folder)
    tensors = safetensors.torch.load(weights)
    tensors.pop("model.norm.weight")
    safetensors.torch.save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"1 weights are missing, such as model\.norm\.weight"):
        load(folder)
    (folder / "tokenizer.json").write_text("")
    with pytest.raises(UserError, match=r"tokenizer\.json cannot be read"):
        load_tokenizer(folder)
    (folder / "tokenizer.json").write_text(tokens)
    larger = load_tokenizer(folder)
    larger.add_tokens(["new"])
    larger.save_pretrained(folder)
    with pytest.raises(UserError, match=r"the tokenizer knows \d+ tokens and the model \d+"):
        load_tokenizer(folder)


def test_only_matrices_decay() -> None:
    model = toy_model()
    decayed, kept = parameter_groups(model.parameters(), 0.1)
    assert all(p.dim() >= 2 for p in decayed["params"])
    assert all(p.dim() == 1 for p in kept["params"])
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.1, 0.0)
    counted = sum(p.numel() for group in (decayed, kept) for p in group["params"])
    assert counted == parameter_count(model)
    settings = adamw(model.parameters(), OptimConfig(), lr=0.5).param_groups[0]
    assert (settings["lr"], settings["betas"], settings["eps"]) == (0.5, (0.9, 0.95), 1e-8)


def test_tied_and_untied_embeddings() -> None:
    tied = parameter_count(build(SHAPE, toy_tokenizer()))
    untied = ModelShape(**{**SHAPE.__dict__, "tie_embeddings": False})
    assert parameter_count(build(untied, toy_tokenizer())) == tied + 259 * 32


def test_bfloat16_weights_keep_exact_positions() -> None:
    """At far positions the model of plain `to` is another one: its rotary frequencies are rounded, too."""
    shape = ModelShape(hidden=256, layers=2, heads=2, kv_heads=2, ffn=256, context=2048, vocab=300, init_std=0.1)
    exact = build(shape, toy_tokenizer()).eval()
    ids = torch.randint(3, 200, (1, 1200), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = exact(input_ids=ids).logits[0, -100:]
        careful = cast(copy.deepcopy(exact), "cpu", torch.bfloat16)
        plain = copy.deepcopy(exact).to(dtype=torch.bfloat16)
        errors = [(model(input_ids=ids).logits[0, -100:].float() - expected).std().item() for model in (careful, plain)]
    assert {parameter.dtype for parameter in careful.parameters()} == {torch.bfloat16}
    assert all(buffer.dtype == torch.float32 for buffer in careful.buffers())
    assert errors[0] < errors[1] / 2
