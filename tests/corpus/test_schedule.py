"""The rule of updates: the paper's settings at the paper's size, more passes and a higher rate for fewer rows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.schedule import schedule

FREE = ClassifierConfig(epochs=None, lr=None)


def test_the_papers_size_gives_the_papers_rate() -> None:
    assert schedule(1_000_000, replace(FREE, min_updates=3_000_000)).as_json() == {
        "epochs": 3,
        "lr": pytest.approx(0.1),
        "updates": 3_000_000,
    }


def test_what_the_configuration_gives_stands() -> None:
    assert schedule(1000, ClassifierConfig()).as_json() == {"epochs": 3, "lr": 0.1, "updates": 3000}
    assert schedule(1000, replace(FREE, lr=0.7)).lr == 0.7
    assert schedule(1000, replace(FREE, epochs=7)).updates == 7000


def test_few_updates_get_a_higher_rate() -> None:
    assert schedule(20_000, replace(FREE, epochs=1)).lr == pytest.approx(0.2)
    assert schedule(40_000, replace(FREE, epochs=1)).lr == pytest.approx(0.1)
    assert schedule(100, replace(FREE, epochs=1)).lr == 0.5


@given(st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_fewer_updates_never_give_a_lower_rate(few: int, more: int) -> None:
    few, more = min(few, more), max(few, more)
    plans = [schedule(few, replace(FREE, epochs=1)), schedule(more, replace(FREE, epochs=1))]
    assert 0.1 <= plans[1].lr <= plans[0].lr <= 0.5


@given(st.integers(1, 2_000_000))
def test_there_are_at_least_as_many_updates_as_asked_for(rows: int) -> None:
    plan = schedule(rows, FREE)
    assert FREE.min_updates <= plan.updates < FREE.min_updates + rows
