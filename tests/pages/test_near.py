"""Copies are found, worksheets with other numbers are not copies."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.pages.near import band_keys, components
from mathmill.pages.shingles import permutations, shingles, signature, tokens

BANDS, ROWS = 20, 5
FUNCTIONS = permutations(BANDS * ROWS, 0)


def sign(text: str) -> np.ndarray:
    return signature(shingles(tokens(text), 5), FUNCTIONS)


def join(*texts: str, threshold: float = 0.55) -> list[int]:
    return components(np.stack([sign(text) for text in texts]), BANDS, threshold).tolist()


def prose(seed: int, words: int = 300) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghij", k=5)) for _ in range(words)]


def worksheet(seed: int) -> str:
    rng = random.Random(seed)
    return "Practice. " + " ".join(
        f"{n}. Find x if {rng.randint(2, 99)}x + {rng.randint(2, 99)} = {rng.randint(100, 999)}." for n in range(1, 20)
    )


def test_tokens_keep_numbers_commands_and_characters() -> None:
    assert tokens(r"Solve \frac{1}{2}x = 30, 解方程") == ["solve", r"\frac", "1", "2", "x", "30", "解", "方", "程"]


def test_copies_with_small_edits_are_one_component() -> None:
    words = prose(1)
    edited = [*words[:100], "another", "word", *words[100:250]]
    assert join(" ".join(words), " ".join(edited), " ".join(prose(2))) == [0, 0, 2]


def test_worksheets_with_other_numbers_are_not_copies() -> None:
    assert join(*[worksheet(seed) for seed in range(8)]) == list(range(8))


def test_chinese_copies() -> None:
    rng = random.Random(0)
    text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(300))
    assert join(text, text[:140] + "改" + text[140:], text[::-1]) == [0, 0, 2]


def test_chains_are_one_component() -> None:
    words = prose(3, 400)
    texts = [" ".join(words[start : start + 300]) for start in (0, 40, 80)]
    assert join(*texts) == [0, 0, 0]


def test_the_order_of_preference_decides_the_survivor() -> None:
    words = prose(4)
    near = " ".join([*words[:-3], "x"])
    assert join(near, " ".join(prose(5)), " ".join(words)) == [0, 1, 0]


def test_short_and_empty_texts() -> None:
    assert len(shingles([], 5)) == 0
    assert len(shingles(["a", "b"], 5)) == 1
    assert components(np.zeros((0, 100), dtype=np.uint32), BANDS, 0.5).tolist() == []


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.floats(0.1, 0.9))
def test_a_signature_estimates_the_jaccard_similarity(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    common, mine, other = int(1000 * share), 1000 - int(1000 * share), 1000 - int(1000 * share)
    items = rng.integers(0, 2**63, size=common + mine + other, dtype=np.uint64)
    functions = permutations(400, 1)
    left = signature(items[: common + mine], functions)
    right = signature(np.concatenate([items[:common], items[common + mine :]]), functions)
    expected = common / (common + mine + other)
    assert (left == right).mean() == pytest.approx(expected, abs=0.13)  # five standard deviations


def test_blocks_do_not_change_a_signature() -> None:
    items = np.random.default_rng(0).integers(0, 2**63, size=1000, dtype=np.uint64)
    assert (signature(items, FUNCTIONS, block=7) == signature(items, FUNCTIONS)).all()


def test_band_keys_are_equal_where_bands_are() -> None:
    one = np.arange(100, dtype=np.uint32)
    two = one.copy()
    two[3] += 1
    keys = band_keys(np.stack([one, two]), BANDS)
    assert (keys[0] == keys[1]).tolist() == [False] + [True] * 19
