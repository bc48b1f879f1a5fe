"""Copies are found, worksheets with other numbers are not copies."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.pages.near import Components, bucket_pairs, similar_pairs
from mathmill.pages.shingles import band_keys, minhash, permutations, shingles, similarity, sketch, tokens

BANDS, ROWS, SKETCH, THRESHOLD = 40, 3, 256, 0.42
FUNCTIONS = permutations(BANDS * ROWS, 0)


def join(*texts: str, threshold: float = THRESHOLD) -> list[int]:
    """The smallest index of each text's component."""
    items = [shingles(tokens(text), 5) for text in texts]
    keys = np.stack([band_keys(minhash(one, FUNCTIONS), BANDS) for one in items])
    sketches = np.stack([sketch(one, SKETCH) for one in items])
    ids = np.repeat(np.arange(len(texts)), BANDS)
    pairs = similar_pairs(
        keys.reshape(-1),
        ids.astype(np.uint64),
        ids,
        64,
        lambda left, right: similarity(sketches[left], sketches[right]) >= threshold,
    )
    return Components(pairs).label(np.arange(len(texts))).tolist()


def prose(seed: int, words: int = 300) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghij", k=5)) for _ in range(words)]


def worksheet(seed: int) -> str:
    rng = random.Random(seed)
    return "Practice. " + " ".join(
        f"{n}. Find x if {rng.randint(2, 99)}x + {rng.randint(2, 99)} = {rng.randint(100, 999)}." for n in range(1, 20)
    )


def jaccard(left: np.ndarray, right: np.ndarray) -> float:
    one, two = set(left.tolist()), set(right.tolist())
    return len(one & two) / len(one | two)


def test_tokens_keep_numbers_commands_and_characters() -> None:
    assert tokens(r"Solve \frac{1}{2}x = 30, 解方程") == ["solve", r"\frac", "1", "2", "x", "30", "解", "方", "程"]


def test_copies_with_small_edits_are_one_component() -> None:
    words = prose(1)
    edited = [*words[:100], "another", "word", *words[100:250]]
    assert join(" ".join(words), " ".join(edited), " ".join(prose(2))) == [0, 0, 2]


def test_worksheets_with_other_numbers_are_not_copies() -> None:
    assert join(*[worksheet(seed) for seed in range(8)]) == list(range(8))


def test_formulas_with_other_commands_are_not_copies() -> None:
    commands = [r"\sin", r"\cos", r"\tan", r"\log", r"\exp", r"\sup", r"\inf", r"\max", r"\min"]
    sheets = []
    for start in (0, 3, 6):
        a, b, c = commands[start : start + 3]
        sheets.append(f"Show ${a}(x)$ of {b} is {c} for ${a}[1]$ then find ${b}$ where {c} and {a} hold. " * 2)
    assert join(*sheets) == [0, 1, 2]


def test_chinese_copies() -> None:
    rng = random.Random(0)
    text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(300))
    assert join(text, text[:140] + "改" + text[140:], text[::-1]) == [0, 0, 2]


def test_chains_are_one_component() -> None:
    words = prose(3, 400)
    texts = [" ".join(words[start : start + 300]) for start in (0, 60, 120)]
    assert join(*texts, threshold=0.6) == [0, 0, 0]


def test_short_and_empty_texts() -> None:
    assert len(shingles([], 5)) == 0
    assert len(shingles(["a", "b"], 5)) == 1
    empty = sketch(shingles([], 5), 16)[None]
    assert similarity(empty, empty).tolist() == [1.0]
    assert similarity(empty, sketch(shingles(["a"], 5), 16)[None]).tolist() == [0.0]
    assert Components(np.zeros((0, 2), dtype=np.int64)).groups() == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 60), max_size=60), st.lists(st.integers(0, 60), max_size=60))
def test_similarity_of_small_pages_is_exact(left: list[int], right: list[int]) -> None:
    sets = [shingles([str(n) for n in words], 1) for words in (left, right)]
    if left or right:
        found = similarity(sketch(sets[0], 128)[None], sketch(sets[1], 128)[None])
        assert found[0] == pytest.approx(jaccard(*sets))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.floats(0.1, 0.9))
def test_signature_and_sketch_estimate_the_jaccard_similarity(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    common, other = int(1000 * share), 1000 - int(1000 * share)
    items = rng.integers(0, 2**63, size=common + 2 * other, dtype=np.uint64)
    one, two = np.unique(items[: common + other]), np.unique(np.concatenate([items[:common], items[common + other :]]))
    functions = permutations(400, 1)
    expected = common / (common + 2 * other)
    assert (minhash(one, functions) == minhash(two, functions)).mean() == pytest.approx(expected, abs=0.13)
    found = similarity(sketch(one, 256)[None], sketch(two, 256)[None])
    assert found[0] == pytest.approx(expected, abs=0.16)  # five standard deviations


def test_the_estimate_has_no_bias() -> None:
    rng = np.random.default_rng(0)
    functions, found = permutations(120, 0), []
    for _ in range(60):
        items = np.unique(rng.integers(0, 2**63, size=900, dtype=np.uint64))
        rng.shuffle(items)
        found.append((minhash(items[:600], functions) == minhash(items[300:], functions)).mean())
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.02)


def test_blocks_do_not_change_a_signature() -> None:
    items = np.random.default_rng(0).integers(0, 2**63, size=3000, dtype=np.uint64)
    assert (minhash(items, FUNCTIONS, block=7) == minhash(items, FUNCTIONS)).all()


def test_band_keys_are_equal_where_bands_are() -> None:
    one = np.arange(120, dtype=np.uint32)
    two = one.copy()
    two[2] += 1
    assert (band_keys(one, BANDS) == band_keys(two, BANDS)).tolist() == [False] + [True] * 39
    same = np.zeros(120, dtype=np.uint32)
    assert len(set(band_keys(same, BANDS).tolist())) == BANDS


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 4), st.integers(0, 1000))
def test_buckets_pair_all_or_the_first_by_order(keys: list[int], pivots: int, seed: int) -> None:
    order = list(range(len(keys)))
    random.Random(seed).shuffle(order)
    found = set()
    for left, right in bucket_pairs(np.array(keys, dtype=np.uint64), np.array(order, dtype=np.uint64), pivots):
        found |= set(zip(left.tolist(), right.tolist(), strict=True))
    expected = set()
    for key in set(keys):
        members = sorted((i for i in range(len(keys)) if keys[i] == key), key=lambda i: order[i])
        expected |= {(a, b) for place, a in enumerate(members[:pivots]) for b in members[place + 1 :]}
    assert found == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_components_are_those_of_a_search_edge_by_edge(edges: list[tuple[int, int]]) -> None:
    label = list(range(31))
    for _ in range(31):
        for a, b in edges:
            label[a] = label[b] = min(label[a], label[b])
    found = Components(np.array(edges, dtype=np.int64).reshape(-1, 2))
    assert found.label(np.arange(31)).tolist() == label
    again = Components(found.forest())
    assert again.label(np.arange(31)).tolist() == label
    assert len(found.forest()) == sum(label[i] != i for i in range(31))
    groups = [group.tolist() for group in found.groups()]
    assert all(group == [i for i in range(31) if label[i] == group[0]] for group in groups)
