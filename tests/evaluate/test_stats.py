import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.evaluate.stats import maj_at_k, mcnemar, mean_interval, paired, pass_at_k, vote, wilson


def test_wilson_against_published_values() -> None:
    # Newcombe 1998, table I: 81/263 -> 0.2553..0.3662; 0/20 -> 0..0.1611; 1/29 -> 0.0061..0.1718
    for correct, items, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):
        interval = wilson(correct, items)
        assert interval.low == pytest.approx(low, abs=1e-4)
        assert interval.high == pytest.approx(high, abs=1e-4)
    with pytest.raises(ValueError, match="no share"):
        wilson(1, 0)


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share(correct: int, items: int) -> None:
    correct = min(correct, items)
    interval = wilson(correct, items)
    assert 0 <= interval.low <= interval.value + 1e-12
    assert interval.value - 1e-12 <= interval.high <= 1


@settings(deadline=None)
@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_mean_over_all_subsets(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    outcomes = [i < c for i in range(n)]
    subsets = list(itertools.combinations(outcomes, k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


def test_votes() -> None:
    assert vote(["3", "3", "4"], [True, True, False]) == 1.0
    assert vote(["3", "4"], [True, False]) == 0.5
    assert vote(["4", "4", "3", None], [False, False, True, False]) == 0.0
    assert vote([None, None], [False, False]) == 0.0


def test_maj_at_k_near_the_mean_over_all_subsets() -> None:
    answers = ["a", "a", "b", "b", "b", None]
    correct = [True, True, False, False, False, False]
    for k in range(1, 7):
        chosen = list(itertools.combinations(range(6), k))
        exact = sum(vote([answers[i] for i in c], [correct[i] for i in c]) for c in chosen) / len(chosen)
        assert maj_at_k(answers, correct, k, draws=4000) == pytest.approx(exact, abs=0.03)
    assert maj_at_k(answers, correct, 1) == pytest.approx(2 / 6)


def test_mcnemar_against_the_binomial() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(1, 8) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(8, 1) == mcnemar(1, 8)
    assert 0 <= mcnemar(2000, 1000) < 1e-60


def test_paired_interval_covers_and_is_clear_of_zero_where_it_should_be() -> None:
    before = [False] * 100 + [True] * 100
    after = [True] * 40 + [False] * 60 + [True] * 90 + [False] * 10
    result = paired(before, after)
    assert (result.wins, result.losses, result.items) == (40, 10, 200)
    assert result.difference.value == pytest.approx(0.15)
    spread = math.sqrt((0.25 - 0.15**2) / 200)
    assert result.difference.low == pytest.approx(0.15 - 1.96 * spread, abs=0.01)
    assert result.difference.high == pytest.approx(0.15 + 1.96 * spread, abs=0.01)
    assert result.p_value < 1e-4
    assert paired(before, before).difference == paired(after, after).difference
    with pytest.raises(ValueError, match="paired"):
        paired([True], [])


def test_mean_interval() -> None:
    interval = mean_interval([0.0, 1.0] * 200)
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.01)
    assert interval == mean_interval([0.0, 1.0] * 200)
