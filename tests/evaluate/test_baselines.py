from typing import Any

import pytest

from mathmill.evaluate.baselines import baselines
from mathmill.evaluate.item import Item


def item(family: str, answer: str, question: str = "?", lang: str = "en") -> Item:
    return Item(f"{family}/{answer}/{question}", family, 1, lang, question, "", answer)


TRAINING = [
    item("a", "1"),
    item("a", "1"),
    item("a", "2"),
    item("b", "7"),
    item("b", "7"),
    item("b", "7"),
    item("b", "8"),
]


def value(result: dict[str, Any], name: str) -> float:
    return result[name]["value"]


def test_worked_example() -> None:
    tests = [item("a", "1", "is it 1"), item("a", "2"), item("b", "7"), item("b", "9", "2 or 9", "zh")]
    result = baselines(tests, TRAINING)
    assert value(result, "random") == pytest.approx((2 / 3 + 1 / 3 + 3 / 4 + 0) / 4)
    assert value(result, "frequent") == pytest.approx(1 / 4)  # 7
    assert value(result, "frequent_in_family") == pytest.approx(2 / 4)  # 1 for a, 7 for b
    assert value(result, "last_number") == pytest.approx(2 / 4)
    assert result["random"]["by_family"]["a"]["value"] == pytest.approx(0.5)
    assert result["last_number"]["by_lang"]["zh"] == {
        "value": 1.0,
        "items": 1,
        "low": pytest.approx(0.2065, abs=1e-3),
        "high": 1.0,
    }
    assert result["unknown_family"] == 0
    for name in ("random", "frequent", "frequent_in_family", "last_number"):
        assert result[name]["low"] <= result[name]["value"] <= result[name]["high"]


def test_equal_answers_in_other_dress_count_together() -> None:
    result = baselines([item("a", "0.5")], [item("a", "\\frac{1}{2}"), item("a", "1/2"), item("a", "3")])
    assert value(result, "random") == pytest.approx(2 / 3)
    assert value(result, "frequent") == 1.0


def test_unknown_family_falls_back_on_all() -> None:
    result = baselines([item("c", "7")], TRAINING)
    assert result["unknown_family"] == 1
    assert value(result, "random") == pytest.approx(3 / 7)


def test_without_training_answers_only_the_question_is_left() -> None:
    result = baselines([item("a", "3", "1, 2, 3")], [])
    assert "random" not in result
    assert value(result, "last_number") == 1.0
