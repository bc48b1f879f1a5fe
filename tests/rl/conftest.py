"""A tiny random model and a tokenizer over bytes, without any file."""

from pathlib import Path

import pytest
import torch
from rl_models import tiny
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from mathmill.training.model import save
from mathmill.workflow.files import write_jsonl


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: place for place, token in enumerate(["<bos>", "<eos>", "<pad>", *alphabet])}
    raw = Tokenizer(models.BPE(vocab, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    return tiny(len(tokenizer))


@pytest.fixture
def files(tmp_path: Path, tokenizer) -> dict[str, Path]:
    model = tiny(len(tokenizer))
    with torch.no_grad():  # digits are likely, so that some answers are right
        model.get_output_embeddings().weight.mul_(0.2)
        for digit in "0123456789":
            model.get_output_embeddings().weight[tokenizer.convert_tokens_to_ids(digit)] *= 20
    save(model, tokenizer, tmp_path / "sft")
    rows = [{"id": str(i), "question": f"What is {i}?", "answer": str(i % 10)} for i in range(20)]
    write_jsonl(tmp_path / "questions.jsonl", rows[:12])
    write_jsonl(tmp_path / "validation.jsonl", rows[12:])
    return {name: tmp_path / name for name in ("sft", "questions.jsonl", "validation.jsonl")}
