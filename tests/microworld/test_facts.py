"""The number facts of the pages: every equality in them holds."""

import random
import re

from mathmill.microworld.problems.facts import number_facts


def test_every_side_of_a_fact_has_the_same_value() -> None:
    facts = number_facts(random.Random(0), 2000)
    assert len(facts) == 2000
    for fact in facts:
        sides = fact.replace(r"\times", "*").replace(r"\div", "/").split("=")
        assert len(sides) >= 2
        assert all(re.fullmatch(r"[\d+*/-]+", side) for side in sides)
        assert len({eval(side) for side in sides}) == 1, fact


def test_they_cover_the_tables() -> None:
    facts = number_facts(random.Random(1), 5000)
    products = {fact.split("=")[0] for fact in facts if re.fullmatch(r"\d\\times\d=\d+", fact)}
    assert len(products) == 64
