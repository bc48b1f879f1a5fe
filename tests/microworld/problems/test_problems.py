import contextlib
import io
import random
import re
from fractions import Fraction

import pytest

from mathmill.microworld.problems import DIFFICULTIES, LANGUAGES, STYLES, families, make_problem
from mathmill.reward.verifier import verify

DRAWS = 40


def value(expression: str) -> Fraction:
    """The value of a formula made of numbers, + - \\times \\div and \\frac."""
    text = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"(Fraction(\1)/\2)", expression)
    text = text.replace("\\times", "*").replace("\\div", "/")
    assert re.fullmatch(r"[\dFraction()+\-*/ ]+", text), expression
    return Fraction(eval(text, {"Fraction": Fraction}))  # the pattern above lets nothing but arithmetic pass


@pytest.mark.parametrize("name", families())
@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_answer_program_and_every_equality_agree(name: str, difficulty: int) -> None:
    for seed in range(DRAWS):
        for lang in LANGUAGES:
            problem = make_problem(name, difficulty, lang, random.Random(seed), "worked")
            assert verify(problem.solution, problem.answer, mode="strict").correct
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(problem.program, {})
            assert Fraction(printed.getvalue().strip()) == value(problem.answer)
            for formula in re.findall(r"\$([^$]*=[^$]*)\$", problem.solution):
                sides = [side for side in formula.split("=") if not re.search(r"(?<!\\)\b\d*[xyntak]\b", side)]
                assert len({value(side) for side in sides}) == 1, formula


@pytest.mark.parametrize("name", families())
def test_language_and_style_change_the_words_alone(name: str) -> None:
    for seed in range(DRAWS):
        drawn = [make_problem(name, 3, lang, random.Random(seed), style) for lang in LANGUAGES for style in STYLES]
        assert len({problem.answer for problem in drawn}) == 1
        numbers = {tuple(sorted(re.findall(r"\d+", problem.question))) for problem in drawn}
        assert len(numbers) == 1
        terse = [problem.solution for problem in drawn if problem.style == "terse"]
        assert all("=" not in solution for solution in terse)


def test_there_are_enough_families_and_different_questions() -> None:
    assert len(families()) >= 8
    rng = random.Random(0)
    for name in families():
        for difficulty in DIFFICULTIES:
            asked = {make_problem(name, difficulty, "en", rng).question for _ in range(500)}
            assert len(asked) > 150, (name, difficulty)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("golf", 1, "en"), "golf"), (("sums", 9, "en"), "9"), (("sums", 1, "fr"), "fr"), (("sums", 1, "en"), "loud")],
)
def test_unknown_arguments_are_named(arguments: tuple, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make_problem(*arguments, random.Random(0), "loud" if word == "loud" else "worked")
