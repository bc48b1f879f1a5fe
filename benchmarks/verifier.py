"""Agreement of the verifier with math-verify's own tests, and its speed.

    pip download --no-binary :all: --no-deps math-verify && tar xf math_verify-*.tar.gz
    python benchmarks/verifier.py math_verify-*/tests

Every parametrised case (expected answer, text, verdict) of the tests is put before `verify` in lenient mode, with the
tolerance that the case names (else 1e-6, math-verify's own). Their expected answers are texts, too: a long one, or one
with a box, goes through the extraction first. Cases that are not reasonable for a reward are listed with the reason.
"""

import argparse
import ast
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathmill.reward.config import VerifierConfig
from mathmill.reward.extract import extract
from mathmill.reward.verifier import verify

COMMA = "a comma separates answers or thousands; as a decimal sign it would make 1,22 of the list 1, 22"
UNDONE = "the work is left undone: a sum for a number, a product for a matrix"
TYPING = "a slip of typing in the test: a form feed, a doubled backslash"
DIFFERENT = "they are not equal"
# (test, end of the text) -> why the case is left out
LEFT_OUT: dict[tuple[str, str], str] = {
    ("test_number_extraction", "1 000"): "spaces separate words of a sentence (in a box, 1 000 is a thousand)",
    ("test_number_extraction", "1000,99"): COMMA,
    ("test_number_extraction", "1.22"): COMMA,
    ("test_number_extraction", "Soucis : 2,74 $ a.."): COMMA,
    ("test_number_extraction", "0.111"): COMMA,
    ("test_latex_notation", "Answer \\( (9+1) \\)"): UNDONE,
    ("test_latex_notation", "Answer $ \n 9 \n $"): "a line break does not make a right answer wrong",
    ("test_latex_notation", "Answer \\( \n 9 \n \\)"): "a line break does not make a right answer wrong",
    ("test_matrix_extraction", "+ \\begin{pmatrix}5 & 6 \\\\ 7 & 8\\end{pmatrix}$"): UNDONE,
    (
        "test_matrix_extraction",
        "$\\begin{pmatrix}1 & 0 \\\\ 0 & 1\\end{pmatrix} \\begin{pmatrix}1 & 0 \\\\ 0 & 1\\end{pmatrix}$",
    ): UNDONE,
    ("test_complex_math_expressions", "-\\\frac{7}{4}&-2\\\\4&\\frac{1}{4}\\\\\\end{pmatrix}$"): TYPING,
    ("test_math_extraction_additional_cases", "${1,3}$"): "an interval or a point is not the set of its two numbers",
    ("test_set_rel_assymetry", "$-2 \\\\le x \\\\le 7$"): TYPING,
    ("test_boxed", "${35 cm,4}$"): TYPING,
    ("test_strict_variable_comparison", "$f(y)$"): DIFFERENT,
    ("test_string_extraction", "$1 + \\frac{1}{\\mathrm{e}}$"): DIFFERENT,
}


def cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(test, arguments) of every parametrised test whose cases are plain values."""
    for file in sorted(folder.glob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("parametrize"):
                    names = [name.strip() for name in ast.literal_eval(call.args[0]).split(",")]
                    try:
                        rows = ast.literal_eval(call.args[1])
                    except ValueError:  # the cases are made by code
                        print(f"not read: {file.name} {node.name}")
                        continue
                    yield from ((node.name, dict(zip(names, row, strict=True))) for row in rows)


def gold_of(text: str) -> str:
    if len(text) < 70 and "boxed" not in text and "\\[" not in text:
        return text
    return extract(text, "lenient")[0] or text


def agreement(folder: Path) -> None:
    total = right = 0
    reasons: dict[str, int] = {}
    for name, case in cases(folder):
        expected = bool(case.get("expected", case.get("result")))
        reason = next((why for (test, end), why in LEFT_OUT.items() if test == name and case["pred"].endswith(end)), "")
        config = VerifierConfig(mode="lenient", tolerance=10.0 ** -case.get("precision", 6))
        verdict = verify(case["pred"], gold_of(case["gold"]), config=config)
        if reason and verdict.correct != expected:
            reasons[reason] = reasons.get(reason, 0) + 1
            continue
        total += 1
        right += verdict.correct == expected
        if verdict.correct != expected:
            print(f"DISAGREE {name}: {case['gold'][-80:]!r} {case['pred'][-80:]!r} expected {expected}: {verdict.how}")
    print(f"agreement: {right} of {total} ({right / total:.2%}); left out: {sum(reasons.values())}")
    print(json.dumps(reasons, indent=2, sort_keys=True))


def speed() -> None:
    text = "She has 12 apples and buys 3 more, which makes 15. " * 4
    for kind, answer, gold in (
        ("integer", "15", "15"),
        ("wrong integer", "16", "15"),
        ("fraction", "\\frac{3}{4}", "0.75"),
        ("list", "1, 2, 3", "3,2,1"),
        ("algebra", "(x+1)^2", "x^2+2x+1"),
    ):
        count = 50 if kind == "algebra" else 5000
        verify(f"\\boxed{{{answer}}}", gold)
        begun, wall = time.process_time(), time.perf_counter()
        for _ in range(count):
            verify(f"{text}\\boxed{{{answer}}}", gold)
        used, wall = time.process_time() - begun, time.perf_counter() - wall
        seconds = wall if kind == "algebra" else used
        print(f"{kind}: {1e6 * seconds / count:.1f} microseconds {'(wall)' if kind == 'algebra' else '(processor)'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", type=Path, help="folder of math-verify's tests")
    agreement(parser.parse_args().tests)
    speed()
