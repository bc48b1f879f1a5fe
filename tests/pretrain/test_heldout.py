import math

import pytest
import torch
from pretrain.token_files import write_source
from training.toys import toy_model, toy_tokenizer

from mathmill.pretrain.heldout import bits_per_byte
from mathmill.pretrain.source import Source


def test_a_uniform_model_needs_the_bits_of_its_vocabulary(tmp_path) -> None:
    """One token a byte: log2 of the vocabulary, whatever the windows."""
    write_source(tmp_path / "s", ["x"], ["hello world, hello again", "小明"])
    model = toy_model()
    with torch.no_grad():
        model.lm_head.weight.zero_()
    for context in (4, 7, 32):
        found = bits_per_byte(model, toy_tokenizer(), Source(tmp_path / "s", 0).heldout, context, 10**6, 4)
        assert found["bits_per_byte"] == pytest.approx(math.log2(259), abs=1e-5)
        assert found["bytes"] == found["tokens"] == 24 + 6
        assert found["loss"] == pytest.approx(math.log(259), abs=1e-5)


def test_one_window_is_the_loss_of_transformers(tmp_path) -> None:
    write_source(tmp_path / "s", ["x"], ["seven and four"])
    model, tokenizer = toy_model().eval(), toy_tokenizer()
    found = bits_per_byte(model, tokenizer, Source(tmp_path / "s", 0).heldout, 32, 100, 4)
    ids = torch.tensor([[0, *tokenizer.encode("seven and four", add_special_tokens=False)]])
    assert found["loss"] == pytest.approx(float(model(input_ids=ids, labels=ids).loss.detach()), abs=1e-5)


def test_the_limit_and_nothing_to_score(tmp_path) -> None:
    write_source(tmp_path / "s", ["x"], ["one two three"] * 20)
    source = Source(tmp_path / "s", 0)
    few = bits_per_byte(toy_model(), toy_tokenizer(), source.heldout, 32, 40, 4)
    assert few["documents"] == 3
    write_source(tmp_path / "none", ["x"], [])
    assert bits_per_byte(toy_model(), toy_tokenizer(), Source(tmp_path / "none", 0).heldout, 32, 40, 4) is None
