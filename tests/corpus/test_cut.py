"""The threshold read from histograms is the cut that a sort of all pages would make."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.corpus.cut import Threshold, bin_of, hash_limit, histogram, threshold_bin, url_hash

BINS = 16
PAGES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), min_size=1, max_size=60)


def cut(pages: list[tuple[float, int]], budget: int) -> tuple[list[bool], Threshold]:
    scores = np.array([score for score, _ in pages])
    tokens = np.array([count for _, count in pages], dtype=np.int64)
    urls = [f"http://a/{n}" for n in range(len(pages))]
    place, left = threshold_bin(histogram(scores, tokens, BINS), budget)
    tied = [(urls[n], int(tokens[n])) for n in np.flatnonzero(bin_of(scores, BINS) == place)]
    threshold = Threshold(place, hash_limit(tied, left), BINS)
    return threshold.keeps(scores, urls).tolist(), threshold


def by_sorting(pages: list[tuple[float, int]], budget: int) -> list[bool]:
    """Best bin first, inside a bin by the hash of the URL, until a page does not fit."""
    order = sorted(
        range(len(pages)), key=lambda n: (-min(int(pages[n][0] * BINS), BINS - 1), url_hash(f"http://a/{n}"))
    )
    kept = [False] * len(pages)
    for n in order:
        if pages[n][1] > budget:
            break
        budget -= pages[n][1]
        kept[n] = True
    return kept


@settings(deadline=None)
@given(PAGES, st.integers(0, 3000))
def test_cut_is_the_sorted_cut(pages: list[tuple[float, int]], budget: int) -> None:
    assert cut(pages, budget)[0] == by_sorting(pages, budget)


@settings(deadline=None)
@given(PAGES, PAGES)
def test_histograms_add_up(left: list[tuple[float, int]], right: list[tuple[float, int]]) -> None:
    def total(pages: list[tuple[float, int]]) -> np.ndarray:
        return histogram(np.array([p[0] for p in pages]), np.array([p[1] for p in pages], dtype=np.int64), BINS)

    assert (total(left) + total(right) == total(left + right)).all()


def test_ends() -> None:
    pages = [(1.0, 10), (0.5, 10), (0.0, 10)]
    assert cut(pages, 30)[0] == [True, True, True]
    assert cut(pages, 29)[0] == [True, True, False]
    assert cut(pages, 9)[0] == [False, False, False]
    assert cut(pages, 1000)[1].bin == -1


def test_a_lower_score_is_never_preferred() -> None:
    rng = np.random.default_rng(0)
    pages = [(float(score), 5) for score in rng.random(200)]
    kept, threshold = cut(pages, 400)
    lowest_kept = min(pages[n][0] for n in range(200) if kept[n])
    highest_left = max(pages[n][0] for n in range(200) if not kept[n])
    assert highest_left - lowest_kept <= 1 / BINS
    assert threshold.score <= lowest_kept
