"""Number facts, as the tables and drills of mathematics pages list them: what every longer solution is made of."""

import random
from collections.abc import Callable

from mathmill.microworld.problems.base import Show


def _product(rng: random.Random, show: Show) -> str:
    return show.multiply(rng.randint(2, 9), rng.randint(2, 9))


def _quotient(rng: random.Random, show: Show) -> str:
    divisor = rng.randint(2, 9)
    return show.divide(divisor * rng.randint(2, 9), divisor)


def _sum(rng: random.Random, show: Show) -> str:
    return show.add(rng.randint(2, 9), rng.randint(2, 9))


def _difference(rng: random.Random, show: Show) -> str:
    second = rng.randint(2, 9)
    return show.subtract(second + rng.randint(2, 9), second)


def _long_sum(rng: random.Random, show: Show) -> str:
    return show.add(rng.randint(11, 89), rng.randint(2, 49))


def _long_difference(rng: random.Random, show: Show) -> str:
    second = rng.randint(2, 49)
    return show.subtract(second + rng.randint(5, 49), second)


def _long_product(rng: random.Random, show: Show) -> str:
    return show.multiply(rng.randint(11, 49), rng.randint(2, 9))


_KINDS: dict[Callable[[random.Random, Show], str], float] = {
    _product: 0.25,
    _quotient: 0.15,
    _sum: 0.15,
    _difference: 0.1,
    _long_sum: 0.15,
    _long_difference: 0.1,
    _long_product: 0.1,
}


def number_facts(rng: random.Random, count: int) -> list[str]:
    r"""`count` calculations in TeX, such as 7\times8=56 or 46+17=56+7=63, each right."""
    kinds = rng.choices(list(_KINDS), list(_KINDS.values()), k=count)
    return [kind(rng, Show(worked=True)) for kind in kinds]
