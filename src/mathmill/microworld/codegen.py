"""Program files: small functions with docstrings, comments and tests whose values were computed by running them."""

import math
import random
from collections.abc import Set
from functools import lru_cache
from importlib import resources
from string import Template
from typing import Any

from mathmill.microworld.grammar import Grammar, load
from mathmill.microworld.problems import families, make_problem
from mathmill.microworld.sets import Gram, resembles

_TRIES = 30
Recipe = tuple[tuple[str, ...], Template]


@lru_cache(maxsize=1)
def _functions() -> tuple[Recipe, ...]:
    source = resources.files("mathmill.microworld").joinpath("grammars", "code", "functions.txt")
    found: list[Recipe] = []
    for block in source.read_text(encoding="utf-8").split("@ ")[1:]:
        kinds, _, body = block.partition("\n")
        found.append((tuple(kinds.split()), Template(body.rstrip())))
    return tuple(found)


def _argument(kind: str, rng: random.Random, words: Grammar) -> Any:
    name, *bounds = kind.split(":")
    if name == "int":
        return rng.randint(int(bounds[0]), int(bounds[1]))
    if name == "ints":
        return [rng.randint(1, 60) for _ in range(rng.randint(int(bounds[0]), int(bounds[1])))]
    if name == "word":
        return words.expand("word_list", rng)
    return [words.expand("word_list", rng) for _ in range(rng.randint(2, 5))]


def _function(rng: random.Random, words: Grammar, taken: set[str]) -> tuple[str, str, list[str]]:
    """Source and name of one function, and lines that test it."""
    kinds, template = rng.choice(_functions())
    name = f"{words.expand('verb', rng)}_{words.expand('noun', rng)}"
    while name in taken:
        name += f"_{rng.randint(2, 99)}"
    taken.add(name)
    names = {
        "a": "letter_a",
        "b": "letter_b",
        "c": "letter_c",
        "xs": "list_x",
        "ys": "list_y",
        "x": "item",
        "s": "string",
    }
    source = template.substitute(
        {key: words.expand(rule, rng) for key, rule in names.items()}, name=name, total=words.expand("total", rng)
    )
    scope: dict[str, Any] = {"gcd": math.gcd}
    exec(source, scope)  # our own templates, to get the true values for the tests
    tests: list[str] = []
    for _ in range(rng.randint(1, 4)):
        arguments = [_argument(kind, rng, words) for kind in kinds]
        call = f"{name}({', '.join(map(repr, arguments))})"
        tests.append(f"assert {call} == {scope[name](*arguments)!r}")
    return source, name, tests


def code_file(rng: random.Random) -> str:
    """One module of a program: imports, functions, and tests as assertions, doctest lines or a main block."""
    words = load("code/words")
    taken: set[str] = set()
    made = [_function(rng, words, taken) for _ in range(rng.randint(3, 8))]
    parts = [f'"""{words.expand("doc", rng)}"""']
    if rng.random() < 0.4:
        parts.insert(0, f"# SPDX-License-Identifier: {words.expand('license', rng)}")
    if any("gcd(" in source for source, _, _ in made):
        parts.append("from math import gcd")
    shape = rng.choice(["tests", "inline", "main"])
    for source, name, tests in made:
        parts.append(("\n" + words.expand("comment", rng) if rng.random() < 0.3 else "") + "\n" + source)
        if shape == "tests":
            parts.append(f"\ndef test_{name}():\n" + "\n".join(f"    {line}" for line in tests))
        elif shape == "inline":
            parts.append("\n" + "\n".join(tests))
    if shape == "main":
        lines = [line.removeprefix("assert ").split(" == ") for _, _, tests in made for line in tests]
        body = "\n".join(f"    print({line[0]})  # {line[1]}" for line in lines)
        parts.append(f'\n\nif __name__ == "__main__":\n{body}')
    return "\n".join(parts) + "\n"


def _linear(rng: random.Random) -> str:
    a, x, b = rng.randint(2, 19), rng.randint(1, 30), rng.randint(1, 60)
    return (
        f"# Solve {a}*x + {b} = {a * x + b}\nfrom sympy import Eq, solve, symbols\n\nx = symbols('x')\n"
        f"equation = Eq({a} * x + {b}, {a * x + b})\nsolutions = solve(equation, x)\nprint(solutions)  # [{x}]\n"
        f"assert {a} * {x} + {b} == {a * x + b}\n"
    )


def _expand(rng: random.Random) -> str:
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    return (
        f"from sympy import expand, symbols\n\nx = symbols('x')\nproduct = expand((x + {a}) * (x + {b}))\n"
        f"print(product)  # x**2 + {a + b}*x + {a * b}\n"
    )


def _series(rng: random.Random) -> str:
    n, step, start = rng.randint(4, 30), rng.randint(2, 9), rng.randint(1, 20)
    last = start + (n - 1) * step
    return (
        f"# Sum of an arithmetic sequence, by formula and by loop.\nstart, step, n = {start}, {step}, {n}\n"
        f"last = start + (n - 1) * step  # {last}\nformula = n * (start + last) // 2\n"
        f"loop = sum(start + k * step for k in range(n))\nassert formula == loop == {n * (start + last) // 2}\n"
    )


def _fraction(rng: random.Random) -> str:
    from fractions import Fraction

    a, b, c, d = (rng.randint(1, 11) for _ in range(4))
    total = Fraction(a, b + 1) + Fraction(c, d + 1)
    return (
        f"from fractions import Fraction\n\nx = Fraction({a}, {b + 1})\ny = Fraction({c}, {d + 1})\n"
        f"print(x + y)  # {total}\nassert x + y == Fraction({total.numerator}, {total.denominator})\n"
    )


def _modular(rng: random.Random) -> str:
    base, power, modulus = rng.randint(2, 30), rng.randint(2, 20), rng.randint(3, 40)
    value = pow(base, power, modulus)
    return (
        f"def power_mod(base, exponent, modulus):\n    result = 1\n    for _ in range(exponent):\n"
        f"        result = result * base % modulus\n    return result\n\n\n"
        f"print(power_mod({base}, {power}, {modulus}))  # {value}\nassert pow({base}, {power}, {modulus}) == {value}\n"
    )


def _newton(rng: random.Random) -> str:
    n = rng.randint(2, 90)
    return (
        f"# Newton's method for the square root of {n}.\nx = {n} / 2\nfor _ in range(12):\n    x = (x + {n} / x) / 2\n"
        f"print(round(x, 6))  # {math.sqrt(n):.6f}\n"
    )


_SCRIPTS = (_linear, _expand, _series, _fraction, _modular, _newton)


def _worked(rng: random.Random, protected: Set[Gram]) -> str:
    """A problem in a comment and the program that computes its answer; drawn anew while it is like a benchmark item."""
    lang = "zh" if rng.random() < 0.25 else "en"
    for _ in range(_TRIES):
        problem = make_problem(rng.choice(list(families())), rng.randint(1, 4), lang, rng, "short")
        if not resembles(problem.question, protected):
            break
    question = problem.question.replace("$", "").replace("\\times", "*").replace("\\div", "/")
    return f"# {question}\n{problem.program}\n# prints {problem.answer}\n"


def algebra_file(rng: random.Random, protected: Set[Gram] = frozenset()) -> str:
    """One mathematical script: several computations one after the other; protected: the grams of the benchmarks."""
    parts = [
        _worked(rng, protected) if rng.random() < 0.6 else rng.choice(_SCRIPTS)(rng) for _ in range(rng.randint(3, 8))
    ]
    return "\n\n".join(parts)
