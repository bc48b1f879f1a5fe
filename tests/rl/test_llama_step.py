"""Decoding by joined weights: the model's own numbers, for the models whose numbers it has."""

import pytest
import torch
from rl_models import FAMILIES, tiny
from torch import nn
from transformers import GemmaConfig, GemmaForCausalLM, GraniteConfig, GraniteForCausalLM
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from mathmill.rl import rollout
from mathmill.rl.rollout import Sampling, generate

EOS = 1
PROMPTS = [[0, 5, 6, 7], [0, 9], [0, 11, 12, 13, 14, 15, 16]]
SETTINGS = Sampling(40, temperature=1.3, seed=5)


def both(policy, monkeypatch):
    """Samples by joined weights, and by the model's forward pass."""
    found = []
    for joined in (True, False):
        monkeypatch.setattr(rollout, "_joins", lambda _, joined=joined: joined)
        found.append(generate(policy, PROMPTS, 6, SETTINGS, EOS))
    return found


SMALL = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def gemma() -> GemmaForCausalLM:
    """Scaled embeddings, another norm, another gate, one head of keys."""
    return GemmaForCausalLM(GemmaConfig(**SMALL, num_key_value_heads=1, head_dim=8, initializer_range=0.3))


def granite() -> GraniteForCausalLM:
    """Llama's parts, put to another use: what a block adds is scaled."""
    return GraniteForCausalLM(GraniteConfig(**SMALL, residual_multiplier=0.5, initializer_range=0.3))


def adapted() -> LlamaForCausalLM:
    """A projection that is more than a linear layer, as LoRA's."""

    class Twice(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * 2

    policy = tiny(60)
    policy.model.layers[1].self_attn.q_proj = Twice(32, 32, bias=False)
    return policy


MODELS = {**FAMILIES, "gemma": gemma, "granite": granite, "adapted": adapted}


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gemma"])
def test_samples_are_those_of_the_model_s_forward_pass(family, monkeypatch) -> None:
    torch.manual_seed(0)
    policy = MODELS[family]().eval()
    assert rollout._joins(policy)
    with torch.no_grad():
        for parameter in policy.parameters():  # biases and norms start at 0 and 1
            parameter.add_(0.1 * torch.randn_like(parameter))
        policy.get_output_embeddings().weight[EOS] *= 3  # rows that leave at different times
    joined, plain = both(policy, monkeypatch)
    assert [r.tokens for r in joined] == [r.tokens for r in plain]
    assert len({len(r.tokens) for r in joined}) > 3
    for one, other in zip(joined, plain, strict=True):
        assert torch.allclose(torch.tensor(one.logprobs), torch.tensor(other.logprobs), atol=1e-4)


def test_under_autocast_it_is_as_near_to_float32_as_the_forward_pass(monkeypatch) -> None:
    policy = tiny(60)
    exact = {(row, place): value for row, place, value in _values(generate(policy, PROMPTS, 6, SETTINGS, EOS))}
    with torch.autocast("cpu", torch.bfloat16):
        apart = []
        for samples in both(policy, monkeypatch):
            # Only the first tokens: later ones follow other tokens, where rounding chose another.
            apart.append([abs(value - exact[row, place]) for row, place, value in _values(samples) if place == 1])
    ours, theirs = (sum(some) / len(some) for some in apart)
    assert 0 < ours < 2 * theirs


def _values(samples):
    return [(row, place, value) for row, one in enumerate(samples) for place, value in enumerate(one.logprobs)]


def test_the_weights_are_those_of_now(monkeypatch) -> None:
    policy = tiny(60)
    monkeypatch.setattr(rollout, "_joins", lambda _: True)
    before = generate(policy, PROMPTS, 6, SETTINGS, EOS)
    with torch.no_grad():
        policy.model.layers[0].mlp.up_proj.weight.mul_(-1)
    joined, plain = both(policy, monkeypatch)
    assert [r.tokens for r in joined] == [r.tokens for r in plain] != [r.tokens for r in before]


@pytest.mark.parametrize("family", ["gpt2", "granite", "adapted"])
def test_other_models_take_their_own_forward_pass(family) -> None:
    torch.manual_seed(0)
    policy = MODELS[family]().train()
    assert not rollout._joins(policy)
    assert policy.training  # the probe leaves the mode as it was
    samples = generate(policy.eval(), PROMPTS, 2, Sampling(5, temperature=0), EOS)
    for row, sample in enumerate(samples):
        with torch.no_grad():
            logits = policy(input_ids=torch.tensor([PROMPTS[row // 2] + sample.tokens])).logits[0]
        expected = logits[len(PROMPTS[row // 2]) - 1 : -1].argmax(-1).tolist()
        assert sample.tokens == expected
