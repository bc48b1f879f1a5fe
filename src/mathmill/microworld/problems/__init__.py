"""The problems of the microworld: twelve families, four difficulties, two languages, three styles of solution.

The mathematics of the pages and of the instruction sets and benchmarks comes from here alone, so that a better corpus
can make a better model; nothing here knows which model will be trained on what.
"""

import random

from mathmill.microworld.problems import algebra, numbers, words
from mathmill.microworld.problems.base import DIFFICULTIES, LANGUAGES, STYLES, Family, Problem, Show, finish

_FAMILIES = (
    Family("sums", {"en": "addition and subtraction", "zh": "加减法"}, numbers.sums),
    Family("product", {"en": "multiplication", "zh": "乘法"}, numbers.product),
    Family("remainder", {"en": "division with remainder", "zh": "带余除法"}, numbers.remainder),
    Family("fraction", {"en": "adding fractions", "zh": "分数加法"}, numbers.fraction),
    Family("average", {"en": "averages", "zh": "平均数"}, numbers.average),
    Family("shopping", {"en": "cost of a purchase", "zh": "购物问题"}, words.shopping),
    Family("journey", {"en": "speed and distance", "zh": "行程问题"}, words.journey),
    Family("percent", {"en": "percentages", "zh": "百分数"}, words.percent),
    Family("ratio", {"en": "sharing by a ratio", "zh": "按比例分配"}, words.ratio),
    Family("linear", {"en": "linear equations", "zh": "一元一次方程"}, algebra.linear),
    Family("sequence", {"en": "arithmetic sequences", "zh": "等差数列"}, algebra.sequence),
    Family("rectangle", {"en": "perimeter and area", "zh": "周长与面积"}, algebra.rectangle),
)


def families() -> dict[str, Family]:
    """All families by name, in a fixed order."""
    return {family.name: family for family in _FAMILIES}


def make_problem(family: str, difficulty: int, lang: str, rng: random.Random, style: str = "worked") -> Problem:
    """Draw one problem.

    family: a name of families(); difficulty: 1..4; lang: en or zh; style: worked, short or terse.
    The same state of rng gives the same numbers in every language and style.
    Raises ValueError naming the argument that is not known.
    """
    known = families()
    for value, allowed in ((family, known), (difficulty, DIFFICULTIES), (lang, LANGUAGES), (style, STYLES)):
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(map(str, allowed))}")
    draft = known[family].recipe(rng, difficulty, Show(worked=style == "worked"))
    return finish(family, difficulty, lang, style, draft)


__all__ = ["DIFFICULTIES", "LANGUAGES", "STYLES", "Family", "Problem", "families", "make_problem"]
