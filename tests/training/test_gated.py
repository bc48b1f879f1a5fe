"""The gated feed-forward layer beside that of transformers: the same numbers, and less kept."""

import copy

import pytest
import torch
from training.toys import toy_model
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama.modeling_llama import LlamaMLP

from mathmill.training.gated import _Gated, install
from mathmill.training.losses import shifted, token_losses


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests start from the library as it comes, and leave it as they found it."""
    theirs = getattr(LlamaMLP.forward, "mathmill", LlamaMLP.forward)
    monkeypatch.setattr(LlamaMLP, "forward", theirs)


def test_gradients_are_those_of_the_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    gate, up = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64).unbind()
    assert torch.autograd.gradcheck(_Gated.apply, (gate.requires_grad_(), up.requires_grad_()))


@pytest.mark.parametrize("autocast", [False, True])
def test_a_model_learns_the_same_and_keeps_less(autocast: bool) -> None:
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    found, kept = [], []
    for ours in (False, True):
        model = toy_model()
        if ours:
            assert install(model)
            assert install(model)
        held: dict[int, int] = {}

        def pack(tensor: torch.Tensor, held: dict[int, int] = held) -> torch.Tensor:
            storage = tensor.untyped_storage()
            held[storage.data_ptr()] = storage.nbytes()
            return tensor

        with (
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
            torch.autocast("cpu", torch.bfloat16, enabled=autocast),
        ):
            losses = token_losses(model, ids, shifted(ids))
        losses.sum().backward()
        found.append([losses.detach(), *(parameter.grad for parameter in model.parameters())])
        kept.append(sum(held.values()))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
    config = model.config
    tensor = ids.numel() * config.intermediate_size * (2 if autocast else 4)
    assert kept[0] - kept[1] == config.num_hidden_layers * tensor


@pytest.mark.parametrize(
    ("family", "activation", "taken"),
    [("qwen3", "silu", True), ("mistral", "silu", True), ("llama", "gelu", True), ("gpt_neox", "gelu", False)],
)
def test_families(family: str, activation: str, taken: bool) -> None:
    """A layer of Llama's form with another activation is taken, and computes what it did."""
    shape = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "num_key_value_heads": 2,
        "hidden_act": activation,
    }
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **shape, vocab_size=50))
    ids = torch.arange(12).view(2, 6)
    kinds = {type(module) for module in model.modules() if type(module).__name__.endswith("MLP")}
    kept = {kind: kind.forward for kind in kinds}
    before = copy.deepcopy(model)(ids).logits
    try:
        assert install(model) is taken
        assert torch.equal(model(ids).logits, before)
    finally:
        for kind, forward in kept.items():
            kind.forward = forward
