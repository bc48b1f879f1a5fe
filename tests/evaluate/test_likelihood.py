import math
from pathlib import Path

import pytest
import torch

from mathmill.evaluate.likelihood import bits_per_byte, untrained_like
from mathmill.training.model import load, load_tokenizer
from mathmill.workflow.errors import UserError


def test_agrees_with_a_plain_loop(chat_model: Path) -> None:
    model, tokenizer = load(chat_model).eval(), load_tokenizer(chat_model)
    texts = [("User: 1+1\n\nAssistant:", " it is 2"), ("Q", " the answer is \\boxed{7}."), ("", "问题：一加一")]
    nats = 0.0
    for context, text in texts:
        before = tokenizer(context)["input_ids"]
        ids = before + tokenizer(text, add_special_tokens=False)["input_ids"]
        logprobs = model.requires_grad_(False)(torch.tensor([ids])).logits[0].log_softmax(-1)
        nats -= sum(float(logprobs[i - 1, ids[i]]) for i in range(len(before), len(ids)))
    size = sum(len(text.encode()) for _, text in texts)
    result = bits_per_byte(model, tokenizer, texts, rows=2)
    assert result["bits_per_byte"] == pytest.approx(nats / math.log(2) / size, rel=1e-5)
    assert (result["bytes"], result["texts"], result["cut"]) == (size, 3, 0)


def test_long_texts_are_cut_to_the_context(chat_model: Path) -> None:
    model, tokenizer = load(chat_model).eval(), load_tokenizer(chat_model)
    result = bits_per_byte(model, tokenizer, [("long " * 400, " short"), ("short", " 1234567890" * 200)])
    assert result["cut"] == 1
    assert result["bytes"] < 2000


def test_nothing_to_score_is_an_error(chat_model: Path) -> None:
    with pytest.raises(UserError, match="no text"):
        bits_per_byte(load(chat_model), load_tokenizer(chat_model), [("a", "")])


def test_untrained_model_knows_no_more_than_chance(chat_model: Path) -> None:
    model, tokenizer = load(chat_model).eval(), load_tokenizer(chat_model)
    state = torch.get_rng_state()
    fresh = untrained_like(model, seed=3)
    assert torch.equal(state, torch.get_rng_state())
    result = bits_per_byte(fresh, tokenizer, [("", "Seven and eight make fifteen.")])
    nats_per_token = result["bits_per_byte"] * result["bytes"] * math.log(2) / result["tokens"]
    assert nats_per_token == pytest.approx(math.log(model.config.vocab_size), rel=0.05)
