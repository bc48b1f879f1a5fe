"""The norm beside that of transformers: the same numbers up to rounding."""

import copy

import pytest
import torch
from training.toys import toy_model
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from mathmill.training.losses import shifted, token_losses
from mathmill.training.norm import _Normed, install


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests start from the library as it comes, and leave it as they found it."""
    theirs = getattr(LlamaRMSNorm.forward, "mathmill", LlamaRMSNorm.forward)
    monkeypatch.setattr(LlamaRMSNorm, "forward", theirs)


def test_gradients_are_those_of_the_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, 8, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(8, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda *given: _Normed.apply(*given, 1e-6), (x, weight))


@pytest.mark.parametrize("scale", [1.0, 1e-4, 0.0])
def test_the_numbers_of_transformers(scale: float) -> None:
    """scale: states near zero are where eps counts."""
    generator = torch.Generator().manual_seed(0)
    found = []
    state = scale * torch.randn(3, 7, 32, generator=generator)
    gradient = torch.randn(3, 7, 32, generator=generator)
    norm = LlamaRMSNorm(32)
    torch.nn.init.normal_(norm.weight, generator=generator)
    for ours in (False, True):
        if ours:
            assert install(torch.nn.Sequential(norm))
        x = state.clone().requires_grad_()
        norm.weight.grad = None
        out = norm(x)
        out.backward(gradient)
        with torch.no_grad():
            sampled = norm(x)
        found.append([out.detach(), sampled, x.grad, norm.weight.grad])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=2e-6, atol=2e-6 * float(one.abs().max()))


@pytest.mark.parametrize("autocast", [False, True])
def test_a_model_learns_the_same(autocast: bool) -> None:
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    found = []
    for ours in (False, True):
        model = toy_model()
        if ours:
            assert install(model)
            assert install(model)
            assert hasattr(LlamaRMSNorm.forward, "mathmill")
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            losses = token_losses(model, ids, shifted(ids))
        losses.sum().backward()
        found.append([losses.detach(), *(parameter.grad for parameter in model.parameters())])
    allowed = 3e-2 if autocast else 1e-5
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=allowed, atol=allowed * float(one.abs().max()))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_types_are_left_to_transformers(dtype: torch.dtype) -> None:
    x = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
    norm = LlamaRMSNorm(16).to(dtype)
    before = norm(x)
    install(torch.nn.Sequential(norm))
    assert torch.equal(norm(x), before)


@pytest.mark.parametrize(
    ("family", "taken"), [("qwen3", True), ("mistral", True), ("gemma2", False), ("gpt_neox", False)]
)
def test_families(family: str, taken: bool) -> None:
    """Gemma's norm multiplies by one plus its weight; GPT-NeoX has another norm."""
    shape = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "num_key_value_heads": 2,
    }
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **shape, vocab_size=50))
    ids = torch.arange(12).view(2, 6)
    kinds = {type(module) for module in model.modules() if type(module).__name__.endswith("RMSNorm")}
    kept = {kind: kind.forward for kind in kinds}
    before = copy.deepcopy(model)(ids).logits
    try:
        assert install(model) is taken
        torch.testing.assert_close(model(ids).logits, before, rtol=1e-5, atol=1e-6)
    finally:
        for kind, forward in kept.items():
            kind.forward = forward
