"""Paired differences over seeds and their intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathmill.compare.intervals import paired, t_interval


def test_the_t_interval_is_the_textbook_s() -> None:
    # n = 5, mean 3, s = sqrt(2.5), t(0.975, 4) = 2.776445: 3 +- 2.776445 * sqrt(2.5 / 5)
    low, high = t_interval([1.0, 2.0, 3.0, 4.0, 5.0], 0.95) or (0.0, 0.0)
    assert (low, high) == pytest.approx((3 - 1.963243, 3 + 1.963243), abs=1e-5)


def test_one_seed_has_no_interval() -> None:
    assert t_interval([1.0], 0.95) is None
    found = paired({0: 1.0}, {0: 3.0})
    assert found is not None
    assert (found.mean, found.low, found.high) == (2.0, None, None)


def test_only_seeds_of_both_sides_count() -> None:
    found = paired({0: 1.0, 1: 1.0, 2: 9.0}, {0: 2.0, 1: 4.0, 3: 9.0})
    assert found is not None
    assert found.seeds == (0, 1)
    assert found.differences == (1.0, 3.0)
    assert paired({0: 1.0}, {1: 1.0}) is None


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-10, 10)), min_size=2, max_size=9))
def test_what_a_seed_adds_to_both_sides_cancels(rows: list[tuple[float, float]]) -> None:
    plain = paired(dict.fromkeys(range(len(rows)), 0.0), {i: one for i, (one, _) in enumerate(rows)})
    shifted = paired({i: add for i, (_, add) in enumerate(rows)}, {i: one + add for i, (one, add) in enumerate(rows)})
    assert plain is not None
    assert shifted is not None
    assert shifted.mean == pytest.approx(plain.mean, abs=1e-9)
    assert (shifted.low, shifted.high) == pytest.approx((plain.low, plain.high), abs=1e-6)
