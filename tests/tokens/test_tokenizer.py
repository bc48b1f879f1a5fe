import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.tokenizer import BOS, EOS, from_checkpoint, sample, train
from mathmill.training.model import identity
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import digest

CONFIG = TokensConfig(vocab=330, weights={"corpus": 0.5, "code": 0.3, "instruct": 0.2}, characters=40_000, heldout=0.1)


@pytest.fixture(scope="module")
def tokenizer(clean):
    return train(clean, CONFIG)


def test_size_and_special_tokens(tokenizer) -> None:
    assert len(tokenizer) == 330
    assert (tokenizer.bos_token, tokenizer.eos_token) == (BOS, EOS)
    assert len({tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}) == 3
    assert tokenizer("1").input_ids[0] == tokenizer.bos_token_id


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60))
def test_every_text_comes_back(tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="0123456789 .,abc=+小苹", max_size=40))
def test_every_digit_is_a_token_of_its_own(tokenizer, text: str) -> None:
    tokens = tokenizer.convert_ids_to_tokens(tokenizer.encode(text, add_special_tokens=False))
    with_digits = [token for token in tokens if re.search("[0-9]", token)]
    assert with_digits == re.findall("[0-9]", text)


def test_the_same_texts_give_the_same_bytes(clean, tokenizer, tmp_path) -> None:
    tokenizer.save_pretrained(tmp_path / "a")
    train(clean, CONFIG).save_pretrained(tmp_path / "b")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    plain = AutoTokenizer.from_pretrained(tmp_path / "a")
    assert identity(plain) == identity(tokenizer)
    assert plain("x = 12").input_ids == tokenizer("x = 12").input_ids


def test_sample_follows_the_weights_and_leaves_held_out_texts_alone(clean) -> None:
    config = TokensConfig(weights={"corpus": 0.5, "code": 0.5}, characters=200_000, heldout=0.3)
    chosen = list(sample(clean, config))
    assert sum(map(len, chosen)) == pytest.approx(200_000, rel=0.05)
    apart = TokensConfig(weights={"code": 1.0}, characters=200_000, heldout=0.3)
    assert sum(map(len, sample(clean, apart))) == pytest.approx(200_000, rel=0.05)
    every = set(sample(clean, TokensConfig(weights={"code": 1.0}, characters=200_000, heldout=0.0)))
    assert len(set(sample(clean, apart))) < len(every)


def test_wrong_weights_are_named(clean) -> None:
    with pytest.raises(ConfigError, match=r"tokens\.weights\.web: no such source"):
        list(sample(clean, TokensConfig(weights={"web": 1.0})))
    with pytest.raises(ConfigError, match="positive"):
        list(sample(clean, TokensConfig(weights={"code": 0.0})))


def test_taken_from_a_checkpoint(tokenizer, tmp_path) -> None:
    tokenizer.save_pretrained(tmp_path / "base")
    assert identity(from_checkpoint(tmp_path / "base")) == identity(tokenizer)
    with pytest.raises(UserError, match="no tokenizer"):
        from_checkpoint(tmp_path / "nothing")
