import random
from pathlib import Path

import pytest
from pretrain.token_files import write_source
from training.toys import toy_tokenizer

WORDS = ["sum", "of", "the", "two", "numbers", "is", "seven", "so", "we", "add", "three", "and", "four"]


@pytest.fixture(scope="session")
def tokens(tmp_path_factory) -> Path:
    """data/tokens in small: two sources of word salad, one with held-out texts alone empty."""
    folder = tmp_path_factory.mktemp("tokens")
    rng = random.Random(0)
    for name, count in (("corpus", 60), ("code", 20)):
        texts = [" ".join(rng.choices(WORDS, k=rng.randint(2, 12))) for _ in range(count)]
        write_source(folder / name, texts, texts[:5])
    write_source(folder / "empty", [], [])
    return folder


@pytest.fixture(scope="session")
def init(tmp_path_factory) -> Path:
    """A folder with a tokenizer alone."""
    folder = tmp_path_factory.mktemp("models") / "tokenizer"
    toy_tokenizer().save_pretrained(folder)
    return folder
