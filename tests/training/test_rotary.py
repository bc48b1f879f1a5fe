"""The rotation beside that of transformers: the same bits; under autocast gradients that are rounded less often."""

import sys

import pytest
import torch
from training.toys import toy_model
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama import modeling_llama

from mathmill.training.losses import shifted, token_losses
from mathmill.training.rotary import NAME, _Turned, install


@pytest.fixture(autouse=True)
def put_back():
    """Tests leave the library as they found it."""
    families = ["llama", "qwen2", "qwen3", "mistral"]
    modules = [sys.modules.get(f"transformers.models.{family}.modeling_{family}") for family in families]
    kept = [(module, getattr(module, NAME)) for module in modules if module is not None]
    for module, function in kept:
        setattr(module, NAME, getattr(function, "mathmill", function))
    yield
    for module, function in kept:
        setattr(module, NAME, function)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3])
def test_states_and_gradients_are_the_same_bits(dtype: torch.dtype, rows: int) -> None:
    """rows: of the angles; more than one where documents have positions of their own."""
    generator = torch.Generator().manual_seed(0)
    angles = torch.randn(rows, 7, 8, generator=generator).repeat(1, 1, 2)
    cos, sin = angles.cos().to(dtype), angles.sin().to(dtype)
    weight = torch.randn(3, 4, 7, 16, generator=generator).to(dtype)
    found = []
    for ours in (False, True):
        # As in a model: heads stand behind positions in memory.
        x = torch.randn(3, 7, 4, 16, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
        q = x.transpose(1, 2)
        if ours:
            turned = _Turned.apply(q, cos.unsqueeze(1), sin.unsqueeze(1))
        else:
            turned, _ = getattr(modeling_llama, NAME)(q, q.detach(), cos, sin)
        turned.backward(weight)
        found.append((turned.detach(), x.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


@pytest.mark.parametrize("autocast", [False, True])
def test_a_model_computes_the_same_bits(autocast: bool) -> None:
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    found = []
    for ours in (False, True):
        model = toy_model()
        if ours:
            assert install(model)
            assert install(model)
            assert hasattr(getattr(modeling_llama, NAME), "mathmill")
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            losses = token_losses(model, ids, shifted(ids))
        losses.sum().backward()
        found.append([losses.detach(), *(parameter.grad for parameter in model.parameters())])
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(*found, strict=True):
        if autocast:  # transformers rounds each of the gradient's terms to bfloat16, and their sum
            torch.testing.assert_close(one, other, rtol=2e-2, atol=2e-2 * float(one.abs().max()))
        else:
            assert torch.equal(one, other)


def test_other_families_are_left_alone() -> None:
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 48}
    for family, taken in (("qwen2", True), ("gpt_neox", False)):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **shape, vocab_size=50))
        module = sys.modules[type(model).__module__]
        before = getattr(module, NAME)
        assert install(model) is taken
        assert (getattr(module, NAME) is not before) is taken
        setattr(module, NAME, before)
