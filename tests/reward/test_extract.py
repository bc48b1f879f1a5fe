import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.reward.extract import extract, last_boxed, last_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so \\boxed{12}.", "12"),
        ("\\boxed{1} then \\boxed{2}", "2"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed {7}", "7"),
        ("\\fbox{7}", "7"),
        ("\\boxed{\\{1,2\\}}", "\\{1,2\\}"),
        ("\\boxed{\\boxed{5}}", "5"),
        ("\\boxed{3} and then \\boxed{4", "3"),
        ("\\boxed{3", None),
        ("boxed{3}", None),
        ("nothing", None),
        ("} } \\boxed{9} }", "9"),
    ],
)
def test_last_balanced_box(text: str, expected: str | None) -> None:
    assert last_boxed(text) == expected


@pytest.mark.parametrize(
    ("text", "answer", "where"),
    [
        ("\\boxed{3} #### 4\nThe answer is 5. 6", "3", "boxed"),
        ("he has 4.\n#### 1,234\n", "1,234", "hash"),
        ("#### $18", "18", "hash"),
        ("It is 4. The answer is 18 dollars. Done 5.", "18", "phrase"),
        ("The final answer is $\\frac{1}{2}$. I hope it is correct.", "\\frac{1}{2}", "phrase"),
        ("Answer: 5 + 3 = 8", "8", "phrase"),
        ("3+4=7，所以答案是7个。", "7", "phrase"),
        ("答案为：\\(12\\)", "12", "phrase"),
        ("答案：-3", "-3", "phrase"),
        ("The answer is B.", "B", "phrase"),
        ("so there are 16-3=13 eggs", "13", "number"),
        ("from 16-3", "3", "number"),
        ("about 1,234.5 or 3/4", "3/4", "number"),
        ("adding gives $\\frac{1}{3} = \\frac{2}{6}$", "\\frac{1}{3} = \\frac{2}{6}", "formula"),
        ("a matrix \\[\\begin{pmatrix}1 & 2\\end{pmatrix}\\]", "\\begin{pmatrix}1 & 2\\end{pmatrix}", "formula"),
        ("so $x=5$ and there are 12", "12", "number"),
        ("it costs $5 and then some and $9", "9", "number"),
        ("paid $5 more than $9", "9", "number"),
        ("it is $E$", "E", "formula"),
        ("Final Answer: The largest $n$ is 34.", "34", "phrase"),
        ("The answer is $(-6, 10)$, as said.", "(-6, 10)", "phrase"),
        ("the answer is \\((-6, 10)\\). I hope it is correct.", "(-6, 10)", "phrase"),
        ("\\boxed{1} and \\boxed{2}", "1, 2", "boxed"),
        ("\\boxed{1}, \\boxed{2}和\\boxed{3}", "1, 2, 3", "boxed"),
        ("\\boxed{1} no no no \\boxed{2}", "2", "boxed"),
        ("\\boxed{1}, and so on and so forth, until at last it is \\boxed{2}", "2", "boxed"),
        ("model AZ2K", None, "none"),
        ("the chance is 2/3. Next", "2/3", "number"),
        ("the ratio 2/3.5", "3.5", "number"),
        ("得到。【答案】$12$", "12", "phrase"),
        ("Hence the result is $-7$. Next, 12.", "-7", "phrase"),
        ("no digits at all", None, "none"),
    ],
)
def test_lenient_order(text: str, answer: str | None, where: str) -> None:
    assert extract(text, "lenient") == (answer, where)


def test_strict_reads_only_boxes() -> None:
    assert extract("#### 5\nThe answer is 5.", "strict") == (None, "none")


def test_numbers_keep_their_sign_and_separators() -> None:
    assert last_number("it is -12") == "-12"
    assert last_number("x-12") == "12"
    assert last_number("12,345,678") == "12,345,678"
    assert last_number("12,34") == "34"
    assert last_number("50%") == "50%"


def test_megabytes_cost_little() -> None:
    start = time.perf_counter()
    for text in (
        "\\boxed{" * 300_000,
        "9" * 2_000_000,
        "{" * 1_000_000,
        "the answer is " * 100_000,
        "####\n" * 300_000,
    ):
        extract(text, "lenient")
    assert time.perf_counter() - start < 2.0


@settings(deadline=None)
@given(st.text(alphabet="ab{}\\ 12$", max_size=40), st.integers())
def test_a_closed_box_at_the_end_is_found(prefix: str, number: int) -> None:
    # A trailing backslash would escape the box itself.
    assert last_boxed(f"{prefix} \\boxed{{{number}}}") == str(number)


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from(["strict", "lenient"]))
def test_any_text_is_answered(text: str, mode: str) -> None:
    answer, where = extract(text, mode)
    assert (answer is None) == (where == "none")
