"""Measures of scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.corpus.measures import auc, calibration, measures


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_auc_counts_pairs(yes: list[float], no: list[float]) -> None:
    pairs = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    assert auc(yes, no) == pytest.approx(pairs / (len(yes) * len(no)))


def test_measures() -> None:
    found = measures(np.array([0.9, 0.4]), np.array([0.6, 0.1, 0.2]))
    assert found["recall"] == 0.5
    assert found["precision"] == 0.5
    assert found["auc"] == pytest.approx(5 / 6)


def test_calibration_counts_each_class_by_bin() -> None:
    rows = calibration(np.array([0.95, 1.0, 0.05]), np.array([0.0, 0.55]), 10)
    assert [(row["low"], row["documents"], row["positives"]) for row in rows] == [(0.0, 2, 1), (0.5, 1, 0), (0.9, 2, 2)]
    assert rows[2]["score"] == pytest.approx(0.975)
