"""Fuzzed answers: none hangs, none crashes, none that is unequal by construction is taken for equal."""

import random
import time
from collections.abc import Callable
from fractions import Fraction

from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import same_answer, verify

ANSWERS = 10_000
CONFIG = VerifierConfig(seconds=0.5)
Pair = tuple[str, str]


def number(rng: random.Random, value: Fraction) -> str:
    """One of the ways to write a rational number; every one of them means this number and no other."""
    above, below = value.numerator, value.denominator
    forms = [f"\\frac{{{above}}}{{{below}}}", f"{above}/{below}", f"\\dfrac{{{above}}}{{{below}}}"]
    if below == 1:
        forms += [
            str(above),
            f"{above:,}",
            f"{above}.0",
            f"${above}$",
            f"\\text{{{above}}}",
            f"x={above}",
            f" {above} ",
        ]
        forms += [f"{above} apples", f"({above})", f"1+{above - 1}={above}" if above > 0 else str(above)]
    return rng.choice(forms)


def different(rng: random.Random) -> tuple[Fraction, Fraction]:
    """Two numbers that differ, often by the little that a lax comparison forgives."""
    first = Fraction(rng.randint(-10_000, 10_000), rng.choice((1, 1, 1, 2, 3, 7, 12)))
    changes: list[Callable[[], Fraction]] = [
        lambda: -first,
        lambda: first + 1,
        lambda: first * 10,
        lambda: first / 100,
        lambda: first + Fraction(1, 10_007),
        lambda: Fraction(first.denominator, first.numerator or 1),
        lambda: Fraction(int(str(abs(first.numerator))[::-1])),
        lambda: Fraction(rng.randint(-10_000, 10_000)),
    ]
    second = rng.choice(changes)()
    return (first, second) if first != second else (first, first + 1)


def plain(rng: random.Random) -> Pair:
    ours, theirs = different(rng)
    return number(rng, ours), number(rng, theirs)


def listed(rng: random.Random) -> Pair:
    """Lists, sets, tuples and intervals with one wrong part, one part too many, another bracket or another order."""
    ours, theirs = different(rng)
    others = [Fraction(rng.randint(20_000, 30_000)) for _ in range(rng.randint(1, 4))]
    left, right = [*others, ours], [*others, theirs]
    kind = rng.randrange(4)
    if kind == 0:
        right = [*left, theirs]
    if kind == 1:  # order counts in a tuple
        left, right = [ours, theirs, *others], [theirs, ours, *others]
        opening, closing = rng.choice((("(", ")"), ("[", "]")))
        other_opening, other_closing = opening, closing
    elif kind == 2:  # brackets count in an interval
        left = right = [ours, theirs]
        (opening, closing), (other_opening, other_closing) = rng.sample([("(", "]"), ("[", ")"), ("[", "]")], 2)
    else:
        opening, closing = rng.choice((("\\{", "\\}"), ("(", ")"), ("", "")))
        other_opening, other_closing = opening, closing
        if opening != "(":
            rng.shuffle(left)
            rng.shuffle(right)
    space = rng.choice((",", ", "))
    write = [[str(part) for part in side] for side in (left, right)]
    if opening == "" and any("," in text for side in write for text in side):
        space = ", "
    return (
        opening + "; ".join(write[0]) + closing if rng.random() < 0.2 else opening + space.join(write[0]) + closing,
        other_opening + ", ".join(write[1]) + other_closing,
    )


def matrix(rng: random.Random) -> Pair:
    rows, columns = rng.randint(1, 3), rng.randint(2, 3)
    cells = [[rng.randint(-9, 9) for _ in range(columns)] for _ in range(rows)]
    other = [row[:] for row in cells]
    other[rng.randrange(rows)][rng.randrange(columns)] += rng.choice((-1, 1, 10))

    def write(table: list[list[int]]) -> str:
        name = rng.choice(("pmatrix", "bmatrix"))
        return f"\\begin{{{name}}}" + " \\\\ ".join(" & ".join(map(str, row)) for row in table) + f"\\end{{{name}}}"

    return write(cells), write(other)


def equation(rng: random.Random) -> Pair:
    ours, theirs = different(rng)
    name = rng.choice(("x", "y_1", "f(2)", "|AB|"))
    return f"{name} = {number(rng, ours).strip('x=')}", str(theirs)


def undone(rng: random.Random) -> Pair:
    """Work that is not done: the value is right, but nobody has computed it."""
    first, second = rng.randint(2, 99), rng.randint(2, 99)
    sign, value = rng.choice((("+", first + second), ("\\times", first * second), ("*", first * second)))
    return f"{first}{sign}{second}", str(value)


def hedged(rng: random.Random) -> Pair:
    """Several answers at once, the right one among them."""
    ours, theirs = different(rng)
    joint = rng.choice((" or ", ", ", " and ", "; ", "或", "\\text{ or }"))
    parts = [str(ours), str(theirs)]
    rng.shuffle(parts)
    return joint.join(parts), str(theirs)


def percent(rng: random.Random) -> Pair:
    value = rng.randint(1, 999)
    return f"{value}\\%", str(Fraction(value, 100) if value % 100 else value + 1)


UNEQUAL = (plain, plain, plain, listed, matrix, equation, undone, hedged, percent)
NOISE = "0123456789+-*/^=(){}[]\\frac sqrt,.$%x!ab\n&_;:|<>#答案是\u0000\u2212²½"


def test_no_false_positive_by_construction() -> None:
    rng = random.Random(0)
    wrong: list[tuple[str, Pair]] = []
    start = time.process_time()
    for _ in range(ANSWERS):
        kind = rng.choice(UNEQUAL)
        answer, gold = kind(rng)
        if same_answer(answer, gold, config=CONFIG) or verify(f"so \\boxed{{{answer}}}.", gold, config=CONFIG).correct:
            wrong.append((kind.__name__, (answer, gold)))
    assert wrong == []
    assert time.process_time() - start < 60


def test_no_false_negative_by_construction() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        value = Fraction(rng.randint(-10_000, 10_000), rng.choice((1, 1, 2, 3, 12)))
        ours, theirs = number(rng, value), number(rng, value)
        assert verify(f"so \\boxed{{{ours}}}.", theirs, config=CONFIG).correct, (ours, theirs)


def test_formulas_that_differ_in_one_coefficient() -> None:
    rng = random.Random(3)
    for _ in range(100):
        ours = [rng.randint(1, 9) for _ in range(3)]
        theirs = ours[:]
        theirs[rng.randrange(3)] += rng.randint(1, 3)
        name = rng.choice("xyn")
        answer = f"{ours[2]}+{ours[0]}{name}^2+{ours[1]}{name}"
        assert verify(f"\\boxed{{{answer}}}", _formula(ours, name)).correct
        assert not verify(f"\\boxed{{{answer}}}", _formula(theirs, name)).correct
        assert not verify(f"\\boxed{{{answer}}}", _formula(ours, "z")).correct


def _formula(coefficients: list[int], name: str) -> str:
    first, second, third = coefficients
    return f"{first}{name}^{{2}}+{second}{name}+{third}"


def test_noise_never_crashes_and_is_never_right() -> None:
    rng = random.Random(2)
    start = time.process_time()
    for _ in range(ANSWERS):
        text = "".join(rng.choice(NOISE) for _ in range(rng.randint(0, 60)))
        shapes = (
            text,
            f"\\boxed{{{text}}}",
            f"The answer is {text}",
            f"#### {text}",
            f"${text}$",
            "\\boxed{" * 9 + text,
        )
        verdict = verify(rng.choice(shapes), "123457/891", mode="lenient", config=CONFIG)
        assert not verdict.correct, text
    assert time.process_time() - start < 60
