"""Families about bare numbers: sums, products, remainders, fractions, averages."""

import random
from math import gcd

from mathmill.microworld.problems.base import Draft, Show
from mathmill.microworld.problems.names import asked


def sums(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Add two or three numbers; from difficulty 3 on also subtract one."""
    low, top = ((2, 9), (2, 9), (3, 19), (11, 60))[difficulty - 1]
    terms = [rng.randint(low, top) for _ in range((2, 3, 3, 3)[difficulty - 1])]
    total = sum(terms)
    expression = "+".join(map(str, terms))
    steps_en, steps_zh = [f"Adding gives ${show.add(*terms)}$."], [f"相加得${show.add(*terms)}$。"]
    if difficulty >= 3:
        minus = rng.randint(2, 9) if difficulty == 3 else rng.randint(11, 29)
        expression += f"-{minus}"
        steps_en.append(f"Then ${show.subtract(total, minus)}$.")
        steps_zh.append(f"再算${show.subtract(total, minus)}$。")
        total -= minus
    question = asked(rng, f"what is ${expression}$?", f"${expression}$等于多少？")
    return Draft(question, {"en": steps_en, "zh": steps_zh}, str(total), f"print({expression})")


def product(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Multiply two numbers, up to two digits by one; difficulty 2 adds a third number to a small product."""
    low, high, low2, high2 = ((2, 9, 2, 9), (2, 6, 2, 6), (11, 29, 2, 5), (12, 99, 3, 9))[difficulty - 1]
    first, second = rng.randint(low, high), rng.randint(low2, high2)
    expression, result = f"{first}\\times{second}", first * second
    chain = show.multiply(first, second)
    steps = {"en": [f"Multiplying gives ${chain}$."], "zh": [f"相乘得${chain}$。"]}
    if difficulty == 2:
        more = rng.randint(2, 9)
        expression += f"+{more}"
        steps["en"].append(f"Then ${show.add(result, more)}$.")
        steps["zh"].append(f"再算${show.add(result, more)}$。")
        result += more
    question = asked(rng, f"what is ${expression}$?", f"${expression}$等于多少？")
    program = expression.replace("\\times", " * ")
    return Draft(question, steps, str(result), f"print({program})")


def remainder(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """The remainder of a division."""
    divisor = rng.randint(2, (5, 5, 9, 9)[difficulty - 1])
    quotient = rng.randint(2, (4, 9, 9, 19)[difficulty - 1])
    rest = rng.randint(0, divisor - 1)
    number = divisor * quotient + rest
    question = asked(
        rng, f"what is left when ${number}$ is divided by ${divisor}$?", f"${number}$除以${divisor}$，余数是多少？"
    )
    product_chain, difference = show.multiply(divisor, quotient), show.subtract(number, divisor * quotient)
    steps = {
        "en": [f"The largest multiple is ${product_chain}$.", f"What is left is ${difference}$."],
        "zh": [f"最大的倍数是${product_chain}$。", f"剩下${difference}$。"],
    }
    return Draft(question, steps, str(rest), f"print({number} % {divisor})")


def fraction(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """Add two proper fractions and reduce the sum."""
    if difficulty == 1:
        first_below = second_below = rng.randint(3, 9)
    else:
        first_below = rng.randint(2, (3, 6, 8)[difficulty - 2])
        second_below = first_below * rng.randint(1, 3) if difficulty == 2 else rng.randint(2, 2 * difficulty)
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
    question = asked(rng, f"what is ${expression}$ in lowest terms?", f"${expression}$的最简结果是多少？")
    steps = {
        "en": [f"Over the common denominator ${below}$, ${chain}$."],
        "zh": [f"通分，公分母是${below}$，${chain}$。"],
    }
    source = "from fractions import Fraction as F"
    program = f"{source}\nprint(F({first_above}, {first_below}) + F({second_above}, {second_below}))"
    return Draft(question, steps, answer, program)


def average(rng: random.Random, difficulty: int, show: Show) -> Draft:
    """The mean of two to five numbers; the mean is a whole number."""
    count, low, top = ((2, 2, 9), (3, 2, 9), (3, 3, 15), (4, 5, 30))[difficulty - 1]
    values = [rng.randint(low, top) for _ in range(count)]
    values[-1] += -sum(values) % count
    listing = ", ".join(map(str, values))
    total = sum(values)
    question = asked(rng, f"what is the average of ${listing}$?", f"${listing}$的平均数是多少？")
    steps = {
        "en": [f"The sum is ${show.add(*values)}$.", f"Divide: ${show.divide(total, count)}$."],
        "zh": [f"总和是${show.add(*values)}$。", f"相除：${show.divide(total, count)}$。"],
    }
    return Draft(question, steps, str(total // count), f"values = [{listing}]\nprint(sum(values) // len(values))")


def _fraction(above: int, below: int) -> str:
    return str(above) if below == 1 else f"\\frac{{{above}}}{{{below}}}"
