"""What a problem is, and the registry of the families that make problems."""

import random
from collections.abc import Callable
from dataclasses import dataclass

LANGUAGES = ("en", "zh")
DIFFICULTIES = (1, 2, 3, 4)
# How much work an author shows. Real annotations differ in this too: some write every step, some only the equation,
# some only the result.
STYLES = ("worked", "short", "terse")


@dataclass(frozen=True)
class Problem:
    r"""One problem with a worked solution.

    family, difficulty (1 easiest .. 4), lang and style say what it is; question and solution are text with formulas as
    `$...$`; the solution ends with the answer in \\boxed{}; answer is the bare answer; program is Python that prints
    it.
    """

    family: str
    difficulty: int
    lang: str
    style: str
    question: str
    solution: str
    answer: str
    program: str


@dataclass(frozen=True)
class Draft:
    """What a family's recipe returns: every part in English and Chinese; steps are the sentences of the working."""

    question: dict[str, str]
    steps: dict[str, list[str]]
    answer: str
    program: str


Recipe = Callable[[random.Random, int, "Show"], Draft]


@dataclass(frozen=True)
class Family:
    """A kind of problem: its name, what it is about, and the recipe that draws one."""

    name: str
    topic: dict[str, str]
    recipe: Recipe


@dataclass(frozen=True)
class Show:
    """Writes a calculation as a chain of equalities, as detailed as the author's style asks for."""

    worked: bool

    def add(self, *terms: int) -> str:
        """A sum of two or more terms; worked: one partial sum after the other."""
        parts = list(terms)
        chain = "+".join(map(str, parts))
        while self.worked and len(parts) > 2:
            parts = [parts[0] + parts[1], *parts[2:]]
            chain += "=" + "+".join(map(str, parts))
        if self.worked and len(parts) == 2 and min(parts) >= 10:
            first, second = parts
            tens, ones = second // 10 * 10, second % 10
            if ones:
                chain += f"={first + tens}+{ones}"
        return f"{chain}={sum(terms)}"

    def subtract(self, first: int, second: int) -> str:
        """A difference; worked: tens first, then ones."""
        chain = f"{first}-{second}"
        tens, ones = second // 10 * 10, second % 10
        if self.worked and tens and ones:
            chain += f"={first - tens}-{ones}"
        return f"{chain}={first - second}"

    def multiply(self, first: int, second: int) -> str:
        """A product; worked: split the second factor into tens and ones, then the first, then add."""
        chain = f"{first}\\times{second}"
        if not self.worked or min(first, second) < 2 or (first < 10 and second < 10):
            return f"{chain}={first * second}"
        if first < 10 <= second:
            first, second = second, first
        if second >= 10 and second % 10:
            tens, ones = second // 10 * 10, second % 10
            chain += f"={first}\\times{tens}+{first}\\times{ones}={first * tens}+{first * ones}"
        elif first >= 10 and first % 10 and second < 10:
            tens, ones = first // 10 * 10, first % 10
            chain += f"={tens}\\times{second}+{ones}\\times{second}={tens * second}+{ones * second}"
        return f"{chain}={first * second}"

    def divide(self, first: int, second: int) -> str:
        """An exact quotient; worked: split off the largest multiple of ten of the divisor."""
        chain = f"{first}\\div{second}"
        quotient = first // second
        tens, ones = quotient // 10 * 10, quotient % 10
        if self.worked and tens and ones:
            chain += f"={tens * second}\\div{second}+{ones * second}\\div{second}={tens}+{ones}"
        return f"{chain}={quotient}"


def finish(family: str, difficulty: int, lang: str, style: str, draft: Draft) -> Problem:
    """The problem in one language and style: terse authors write no working at all."""
    working = [] if style == "terse" else draft.steps[lang]
    closing = f"The answer is \\boxed{{{draft.answer}}}." if lang == "en" else f"答案是\\boxed{{{draft.answer}}}。"
    separator = " " if lang == "en" else ""
    return Problem(
        family=family,
        difficulty=difficulty,
        lang=lang,
        style=style,
        question=draft.question[lang],
        solution=separator.join([*working, closing]),
        answer=draft.answer,
        program=draft.program,
    )
