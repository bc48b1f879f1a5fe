"""Texts beside the web: programs that run, preprints in LaTeX, a seed corpus of its own genres."""

import contextlib
import io
import random

import pytest

from mathmill.microworld.catalogue import KINDS
from mathmill.microworld.codegen import algebra_file, code_file
from mathmill.microworld.config import MathConfig
from mathmill.microworld.document import plain_text
from mathmill.microworld.mathpages import math_document
from mathmill.microworld.preprints import preprint


@pytest.mark.parametrize("seed", range(12))
def test_code_files_run_and_their_tests_hold(seed: int) -> None:
    source = code_file(random.Random(seed))
    scope: dict[str, object] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, scope)
        for name, value in list(scope.items()):
            if name.startswith("test_"):
                value()  # type: ignore[operator]


def test_code_main_blocks_say_what_they_print() -> None:
    for seed in range(40):
        source = code_file(random.Random(seed))
        if "__main__" in source:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(source, {"__name__": "__main__"})
            said = [line.split("  # ", 1)[1] for line in source.splitlines() if line.startswith("    print(")]
            assert [str(eval(line)) for line in said] == printed.getvalue().splitlines()
            return
    pytest.fail("no file with a main block")


@pytest.mark.parametrize("seed", range(6))
def test_algebra_files_are_python(seed: int) -> None:
    compile(algebra_file(random.Random(seed)), "algebra", "exec")


def test_preprints_are_balanced_latex() -> None:
    for seed in range(10):
        text = preprint(random.Random(seed))
        assert text.startswith("\\documentclass")
        assert text.count("\\begin{") == text.count("\\end{")
        assert "\\newcommand" in text or "\\DeclareMathOperator" in text or "\\def" in text
        assert "\\boxed" not in text


GENRES = sorted({section.genre for kind in KINDS for section in kind.sections if section.is_math})


@pytest.mark.parametrize("genre", GENRES)
def test_math_pages_carry_worked_examples(genre: str) -> None:
    sizes = []
    for seed in range(6):
        document = math_document(genre, random.Random(seed), MathConfig(), {})
        sizes.append(len(plain_text(document)))
        assert len(document.formulas) > 10
    assert sum(sizes) / len(sizes) > 900
