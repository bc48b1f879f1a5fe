"""Families about bare numbers: sums, products, remainders, fractions, averages."""

import random
from math import gcd

from mathmill.microworld.problems.base import Draft, Show


def sums(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Add three or four numbers; from difficulty 2 on also subtract one."""
    low, top = ((2, 9), (3, 19), (11, 60), (11, 300))[difficulty - 1]
    terms = [rng.randint(low, top) for _ in range((3, 3, 3, 4)[difficulty - 1])]
    total = sum(terms)
    expression = "+".join(map(str, terms))
    steps_en, steps_zh = [f"Adding gives ${show.add(*terms)}$."], [f"相加得${show.add(*terms)}$。"]
    if difficulty != 1:
        minus = rng.randint(2, 9) if difficulty == 2 else rng.randint(11, 29)
        expression += f"-{minus}"
        steps_en.append(f"Then ${show.subtract(total, minus)}$.")
        steps_zh.append(f"再算${show.subtract(total, minus)}$。")
        total -= minus
    question = {
        "en": rng.choice(
            [f"Compute ${expression}$.", f"What is ${expression}$?", f"Find the value of ${expression}$."]
        ),
        "zh": rng.choice([f"计算${expression}$。", f"求${expression}$的值。", f"${expression}$等于多少？"]),
    }
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(total), f"print({expression})")


def product(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Multiply two or three numbers, from single digits to three digits by two."""
    low, high, low2, high2 = ((2, 9, 2, 9), (11, 39, 2, 6), (12, 99, 3, 9), (12, 99, 11, 39))[difficulty - 1]
    first, second = rng.randint(low, high), rng.randint(low2, high2)
    expression = f"{first}\\times{second}"
    question = {
        "en": rng.choice([f"Compute ${expression}$.", f"What is ${expression}$?", f"Find the product ${expression}$."]),
        "zh": rng.choice([f"计算${expression}$。", f"求积${expression}$。", f"${expression}$等于多少？"]),
    }
    chain = show.multiply(first, second)
    steps = {"en": [f"Multiplying gives ${chain}$."], "zh": [f"相乘得${chain}$。"]}
    return Draft(question, steps, str(first * second), f"print({first} * {second})")


def remainder(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """The remainder of a division."""
    divisor = rng.randint(2, (5, 9, 9, 15)[difficulty - 1])
    quotient = rng.randint(2, (9, 9, 19, 29)[difficulty - 1])
    rest = rng.randint(0, divisor - 1)
    number = divisor * quotient + rest
    question = {
        "en": f"What is left when ${number}$ is divided by ${divisor}$?",
        "zh": f"${number}$除以${divisor}$，余数是多少？",
    }
    product_chain, difference = show.multiply(divisor, quotient), show.subtract(number, divisor * quotient)
    steps = {
        "en": [f"The largest multiple is ${product_chain}$.", f"What is left is ${difference}$."],
        "zh": [f"最大的倍数是${product_chain}$。", f"剩下${difference}$。"],
    }
    return Draft(question, steps, str(rest), f"print({number} % {divisor})")


def fraction(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Add two proper fractions and reduce the sum."""
    top = (4, 6, 8, 12)[difficulty - 1]
    first_below, second_below = rng.randint(2, top), rng.randint(2, top)
    first_above, second_above = rng.randint(1, first_below - 1), rng.randint(1, second_below - 1)
    below = first_below * second_below // gcd(first_below, second_below)
    left, right = first_above * below // first_below, second_above * below // second_below
    above = left + right
    common = gcd(above, below)
    answer = _fraction(above // common, below // common)
    expression = f"\\frac{{{first_above}}}{{{first_below}}}+\\frac{{{second_above}}}{{{second_below}}}"
    chain = expression
    if show.worked:
        chain += f"=\\frac{{{left}}}{{{below}}}+\\frac{{{right}}}{{{below}}}=\\frac{{{above}}}{{{below}}}"
        chain += f"={answer}" if common > 1 else ""
    else:
        chain += f"={answer}"
    question = {
        "en": rng.choice([f"Compute ${expression}$ in lowest terms.", f"Add ${expression}$ and reduce the result."]),
        "zh": rng.choice([f"计算${expression}$，化为最简分数。", f"求${expression}$的最简结果。"]),
    }
    steps = {
        "en": [f"Over the common denominator ${below}$, ${chain}$."],
        "zh": [f"通分，公分母是${below}$，${chain}$。"],
    }
    source = "from fractions import Fraction as F"
    program = f"{source}\nprint(F({first_above}, {first_below}) + F({second_above}, {second_below}))"
    return Draft(question, steps, answer, program)


def average(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """The mean of two to five numbers; the mean is a whole number."""
    count, low, top = ((2, 2, 9), (3, 3, 15), (4, 5, 30), (5, 10, 60))[difficulty - 1]
    values = [rng.randint(low, top) for _ in range(count)]
    values[-1] += -sum(values) % count
    listing = ", ".join(map(str, values))
    total = sum(values)
    question = {"en": f"What is the average of ${listing}$?", "zh": f"求${listing}$的平均数。"}
    steps = {
        "en": [f"The sum is ${show.add(*values)}$.", f"Divide: ${show.divide(total, count)}$."],
        "zh": [f"总和是${show.add(*values)}$。", f"相除：${show.divide(total, count)}$。"],
    }
    return Draft(question, steps, str(total // count), f"values = [{listing}]\nprint(sum(values) // len(values))")


def _fraction(above: int, below: int) -> str:
    return str(above) if below == 1 else f"\\frac{{{above}}}{{{below}}}"
