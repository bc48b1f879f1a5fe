"""Tiny models, a small configuration and the part of a stage that training needs, for the tests of rl."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForCausalLM

from mathmill.rl.config import RlConfig, SamplingConfig
from mathmill.training.config import OptimConfig
from mathmill.workflow.config import RuntimeConfig


def tiny(vocab: int, seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    return LlamaForCausalLM(config).eval()


class Host:
    """The part of a stage that training needs; it remembers what was logged."""

    def __init__(self, scratch: Path, **runtime) -> None:
        self.name, self.scratch = "rl", scratch
        self.runtime = RuntimeConfig(progress=False, checkpoint_every_seconds=0, log_every=1, **runtime)
        self.rows: list[dict] = []
        self.run = SimpleNamespace(
            metrics=lambda values, step: self.rows.append({"step": step, **values}), flush=lambda: None
        )

    @contextmanager
    def progress(self, total, description, unit):
        yield SimpleNamespace(update=lambda n: None)


def config(**changes) -> RlConfig:
    settings = {
        "steps": 4,
        "questions_per_step": 3,
        "outputs": 8,
        "eval_every": 2,
        "eval_questions": 5,
        "answer_mode": "lenient",  # an untrained model never boxes; its first digits can be right by chance
        "reward_truncated": True,
        "sampling": SamplingConfig(max_new_tokens=2),
        "optim": OptimConfig(lr=1e-3, schedule="constant", drop_at=[], drop_to=[]),
    }
    return RlConfig(**{**settings, **changes})


def qwen2() -> Qwen2ForCausalLM:
    small = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    return Qwen2ForCausalLM(Qwen2Config(**small, intermediate_size=64, num_key_value_heads=2, initializer_range=0.3))


def qwen3() -> Qwen3ForCausalLM:
    """Norms on queries and keys; heads wider than their share of the states."""
    small = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 16}
    return Qwen3ForCausalLM(Qwen3Config(**small, intermediate_size=64, num_key_value_heads=2, initializer_range=0.3))


def gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3))


def bloom() -> BloomForCausalLM:
    """ALiBi: its layers take no registered attention function."""
    return BloomForCausalLM(BloomConfig(vocab_size=60, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.3))


FAMILIES: dict[str, Callable] = {
    "llama": lambda: tiny(60),
    "qwen2": qwen2,
    "qwen3": qwen3,
    "gpt2": gpt2,
    "bloom": bloom,
}
