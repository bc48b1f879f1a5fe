"""The threshold read from histograms is the cut that a sort of all pages would make."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.corpus.cut import BUCKETS, Threshold, bin_of, bucket_limit, edge, histogram, threshold_bin, url_bucket

BINS = 16
PAGES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), min_size=1, max_size=60)


def cut(pages: list[tuple[float, int]], budget: int) -> tuple[list[bool], Threshold]:
    scores = np.array([score for score, _ in pages])
    tokens = np.array([count for _, count in pages], dtype=np.int64)
    urls = [f"http://a/{n}" for n in range(len(pages))]
    place, left = threshold_bin(histogram(bin_of(scores, BINS), tokens, BINS), budget)
    tied = np.flatnonzero(bin_of(scores, BINS) == place)
    buckets = np.array([url_bucket(urls[n]) for n in tied], dtype=np.int64)
    limit = bucket_limit(histogram(buckets, tokens[tied], BUCKETS), left) if place >= 0 else 0
    threshold = Threshold(place, limit, BINS)
    return threshold.keeps(scores, urls).tolist(), threshold


def by_sorting(pages: list[tuple[float, int]], budget: int) -> list[bool]:
    """Best bin first, inside a bin by the bucket of the URL, until a page does not fit."""
    places = bin_of(np.array([score for score, _ in pages]), BINS)
    order = sorted(range(len(pages)), key=lambda n: (-places[n], url_bucket(f"http://a/{n}")))
    kept = [False] * len(pages)
    for n in order:
        if pages[n][1] > budget:
            break
        budget -= pages[n][1]
        kept[n] = True
    return kept


def test_the_urls_of_these_tests_share_no_bucket() -> None:
    assert len({url_bucket(f"http://a/{n}") for n in range(60)}) == 60


@settings(deadline=None)
@given(PAGES, st.integers(0, 3000))
def test_cut_is_the_sorted_cut(pages: list[tuple[float, int]], budget: int) -> None:
    assert cut(pages, budget)[0] == by_sorting(pages, budget)


@settings(deadline=None)
@given(PAGES, PAGES)
def test_histograms_add_up(left: list[tuple[float, int]], right: list[tuple[float, int]]) -> None:
    def total(pages: list[tuple[float, int]]) -> np.ndarray:
        tokens = np.array([p[1] for p in pages], dtype=np.int64)
        return histogram(bin_of(np.array([p[0] for p in pages]), BINS), tokens, BINS)

    assert (total(left) + total(right) == total(left + right)).all()


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_bins_are_in_the_order_of_scores(scores: list[float]) -> None:
    places = bin_of(np.array(sorted(scores)), 64)
    assert (np.diff(places) >= 0).all()
    assert places.min() >= 0
    assert places.max() < 64


def test_edges_are_those_of_the_bins() -> None:
    for place in range(1, BINS):
        low = edge(place, BINS)
        near = np.array([low - 1e-6 * low * (1 - low), low + 1e-6 * low * (1 - low)])
        assert bin_of(near, BINS).tolist() == [place - 1, place]
    assert edge(-1, BINS) == edge(0, BINS) == 0.0


def test_scores_near_one_are_told_apart() -> None:
    """A cut at the top thousandth of a crawl falls where all scores are 0.999 and more."""
    places = bin_of(np.array([0.999, 0.9999, 0.99999, 0.999999, 0.9999999]), 65_536)
    assert (np.diff(places) > 1000).all()


def test_ends() -> None:
    pages = [(1.0, 10), (0.5, 10), (0.0, 10)]
    assert cut(pages, 30)[0] == [True, True, True]
    assert cut(pages, 29)[0] == [True, True, False]
    assert cut(pages, 9)[0] == [False, False, False]
    assert cut(pages, 1000)[1].bin == -1


def test_a_lower_bin_is_never_preferred() -> None:
    rng = np.random.default_rng(0)
    pages = [(float(score), 5) for score in rng.random(200)]
    kept, threshold = cut(pages, 400)
    scores = np.array([score for score, _ in pages])
    lowest_kept = bin_of(scores[kept], BINS).min()
    assert lowest_kept >= bin_of(scores[~np.array(kept)], BINS).max()
    assert threshold.score <= scores[kept].min()
