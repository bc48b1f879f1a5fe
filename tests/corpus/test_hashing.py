"""Words as numbers are those that `words` finds."""

import random

import numpy as np
import pytest

from mathmill.corpus.hashing import Rows, of_texts, of_words
from mathmill.corpus.wording import words

# Letters of several scripts, digits, operators, what only separates, and what changes its length in lower case.
CHARACTERS = [*"abYZ09٣１ \n\\\\\\=+-*/^<>%$_.,'()é²½İΣßΩя中は한×≤—…’\u00a0\u0301\u200b\ud800\x00\U0001d465"]


@pytest.mark.parametrize("numbers", ["keep", "zero"])
def test_texts_hold_their_words(numbers: str) -> None:
    draw = random.Random(0)
    texts = ["", "\\", "x", *("".join(draw.choices(CHARACTERS, k=draw.randint(0, 60))) for _ in range(3000)), "last"]
    found, ends = of_texts(texts, numbers)
    expected = [words(text, numbers) for text in texts]
    assert ends == np.cumsum([len(some) for some in expected]).tolist()
    hashed = of_words([word for some in expected for word in some])
    assert (found.hashes == hashed.hashes).all()
    assert (found.keys == hashed.keys).all()


def test_the_hash_is_of_signed_bytes() -> None:
    """Of `a` the value of FNV-1a; of two bytes over 127 what fastText makes of them, as test_linear confirms."""
    assert of_words(["a"]).hashes.tolist() == [0xE40C292C | 0xFFFFFFFF00000000]


def test_words_of_any_length() -> None:
    lengths = [70_000, 1, 255, 256, 257, 65_535, 3]
    found, _ = of_texts([" ".join(letter * length for letter, length in zip("abcdefg", lengths, strict=True))], "keep")
    alone = [of_words([letter * length]) for letter, length in zip("abcdefg", lengths, strict=True)]
    assert found.keys.tolist() == [int(one.keys[0]) for one in alone]
    assert len(set(found.keys.tolist())) == len(lengths)


def test_rows_are_found_by_the_whole_key() -> None:
    rng = np.random.default_rng(0)
    near = np.arange(50, dtype=np.uint64) + np.uint64(7 << 60)  # equal but for their last bits
    known = np.concatenate([rng.permutation(near), rng.integers(0, 2**64, 1000, dtype=np.uint64)])
    rows = Rows(known)
    assert rows.find(known).tolist() == list(range(len(known)))
    strangers = np.concatenate([near + np.uint64(50), near - np.uint64(50), np.array([0, 2**64 - 1], dtype=np.uint64)])
    assert set(rows.find(strangers).tolist()) == {-1}
    assert Rows(np.empty(0, dtype=np.uint64)).find(known).max() == -1


@pytest.mark.parametrize("texts", [[], [""], ["", " . "]])
def test_no_text_has_no_words(texts: list[str]) -> None:
    found, ends = of_texts(texts, "keep")
    assert len(found.keys) == 0
    assert ends == [0] * len(texts)
