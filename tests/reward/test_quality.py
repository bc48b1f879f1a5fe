import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathmill.reward.labelling import Judged
from mathmill.reward.model import Scored
from mathmill.reward.quality import agreement, auc, auc_within, measures, outcome_quality, process_quality, reliability


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_auc_counts_pairs(rows: list[tuple[int, bool]]) -> None:
    right = [value for value, good in rows if good]
    wrong = [value for value, good in rows if not good]
    found = auc(numpy.array([value for value, _ in rows], float), numpy.array([good for _, good in rows]))
    if not right or not wrong:
        assert found is None
    else:
        wins = sum((high > low) + 0.5 * (high == low) for high in right for low in wrong)
        assert found == pytest.approx(wins / (len(right) * len(wrong)))


def test_within_a_question_only_its_own_pairs_count() -> None:
    values, right = numpy.array([0.9, 0.8, 0.2, 0.1]), numpy.array([False, True, False, True])
    assert auc_within(values, right, numpy.array([0, 0, 1, 1])) == {"value": 0.0, "pairs": 2}
    assert auc_within(values, right, numpy.array([0, 1, 1, 0])) == {"value": 0.5, "pairs": 2}
    assert auc_within(values, right, numpy.array([0, 1, 2, 3])) == {"value": None, "pairs": 0}


def test_a_calibrated_prediction_has_no_calibration_error() -> None:
    values = numpy.repeat([0.25, 0.75], 40)
    labels = numpy.concatenate([numpy.arange(40) < 10, numpy.arange(40) < 30]).astype(float)
    bins = reliability(values, labels)
    assert [(entry["from"], entry["n"], entry["observed"]) for entry in bins] == [(0.2, 40, 0.25), (0.7, 40, 0.75)]
    found = measures(values, labels, range(80))
    assert found["ece"] == pytest.approx(0)
    assert found["accuracy"] == pytest.approx(0.75)
    assert found["majority_accuracy"] == pytest.approx(0.5)
    assert found["brier"] == pytest.approx(0.25 * 0.75)
    assert found["brier_of_mean"] == pytest.approx(0.25)
    low, high = found["auc_interval"]
    assert found["auc"] == pytest.approx(0.75)
    assert low < 0.75 < high


def test_one_class_has_no_auc() -> None:
    found = measures([0.1, 1.0], [0.0, 0.0], [0, 1])
    assert (found["auc"], found["auc_interval"], found["n"], found["right"]) == (None, None, 2, 0)
    assert measures([], [], []) == {"n": 0}


def test_the_reports_of_both_kinds() -> None:
    judged = [
        Judged(0, [1], [2, 3, 4], [0, 2], [3, 1], [4, 1]),
        Judged(0, [1], [2, 3], [0, 1], [1, 0], [4, 1]),
        Judged(1, [1], [2], [0], [0], [1]),
    ]
    scored = [Scored([0, 2], [0.9, 0.8]), Scored([0, 1], [0.7, 0.3]), Scored([0], [0.6])]
    outcome = outcome_quality(judged, scored)["solutions"]
    assert (outcome["n"], outcome["right"], outcome["auc"], outcome["accuracy"]) == (3, 1, 1.0, pytest.approx(2 / 3))
    process = process_quality(judged, scored, "hard")
    assert (process["steps"]["n"], process["inner_steps"]["n"], process["solutions"]["n"]) == (5, 2, 3)
    assert process["steps"]["right"] == 3
    assert process_quality(judged, scored, "soft")["steps"]["right"] == 2  # a quarter is no half
    assert process["labels"] == agreement(judged)
    assert agreement(judged) == {"n": 2, "hard_right": 1.0, "soft_mean": 0.5, "same_class": 0.5, "all_or_none": 0.0}
    assert agreement(judged[2:]) == {"n": 0}
