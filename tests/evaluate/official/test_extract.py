"""The behaviours of the official extraction (paper 8.2), one test each."""

import pytest

from mathmill.evaluate.official import extract
from mathmill.evaluate.official.extract import answers, boxed, listed, single
from mathmill.evaluate.official.strip import strip_string


def test_order_of_the_rules() -> None:
    minerva = "The final answer is $\\frac12$. I hope it is correct."
    assert single(minerva + " \\boxed{7} the answer is 9") == "\\frac{1}{2}"
    assert single("\\boxed{7}. The answer is 9.\n```output\n5\n```") == "7"
    assert single("The answer is 8, no, the answer is 9.\n```output\n5\n```\n4") == "9"
    assert single("so\n```output\n4\n```\nand\n```output\n5\n```\nthen 6") == "5"
    assert single("first 1,234 then 2,500.5 it is") == "2500.5"
    assert single("nothing") == ""


def test_all_balanced_boxes_count() -> None:
    assert boxed("\\boxed{1} and \\boxed{\\frac{1}{2}} and \\boxed{open") == ["1", "\\frac{1}{2}"]
    assert answers("\\boxed{1}, \\boxed{2}") == ["1", "2"]
    assert single("\\boxed{1}, \\boxed{2}") == "2"


def test_quirk_a_box_without_braces_finds_nothing_and_nothing_else_is_tried() -> None:
    assert answers("It is \\boxed 5. The answer is 5.") == []


def test_first_line_only_and_marks_at_the_ends_go() -> None:
    assert single("The answer is: 12/\nand 13") == "12"
    assert single("The answer is: 12.") == "12"


def test_lists_of_math() -> None:
    question = "Give the roots, separated by commas."
    assert listed(question, "\\boxed{1, 2,3}") == ["1", "2", "3"]
    assert listed(question, "\\boxed{(1, 2)}") == ["(1,2)"]
    assert listed("Find the roots.", "\\boxed{1, 2}") == ["1,2"]
    assert listed("Find the roots.", "\\boxed{1 \\text{ and } 2}") == ["1", "2"]


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("\\dfrac12", "\\frac{1}{2}"),
        ("\\tfrac1{72}", "\\frac{1}{72}"),
        ("\\frac{3}4", "\\frac{3}4"),
        ("3/4", "\\frac{3}{4}"),
        ("03/4", "03/4"),
        ("sqrt3/2", "\\frac{sqrt3}{2}"),
        ("\\left(1, 2\\right]", "(1,2]"),
        ("12\n\\text{ miles}", "12"),
        ("\\text{even}", "even"),
        ("90^\\circ", "90"),
        ("90^{\\circ}", "90"),
        ("\\$5", "5"),
        (".5", "0.5"),
        ("x^{.5}", "x^{0.5}"),
        ("3.0", "3"),
        ("3.00x", "3x"),
        ("2\\cdot3", "23"),
        ("\\mathbf{v}", "{v}"),
        ("5\\mbox{ cm}", "5"),
        ("\\sqrt2", "\\sqrt{2}"),
        ("\\tan x", "\\tan{x}"),
        ("1\\!000", "1000"),
        ("2+3j", "2+3i"),
        ("50\\%", "50%"),
        ("12...", "12"),
    ],
)
def test_spelling(written: str, spelled: str) -> None:
    assert strip_string(written) == spelled


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("infinite", "\\inftyinite"),  # "inf" inside any word
        ("infinity", "\\infty"),
        ("\\infty", "\\infty"),
        ("6t", "6"),  # the unit ton, or a time
        ("5{cm}^2", "5"),
        ('"yes"', '"yes"'),  # quotation marks stay
    ],
)
def test_spelling_quirks(written: str, spelled: str) -> None:
    assert strip_string(written) == spelled


def test_gsm8k_few_shot() -> None:
    assert extract.gsm8k_few_shot("It is 3 + 4 = 7 apples.\nQ: How many 9s?") == "7"
    assert extract.gsm8k_few_shot("none") == "[invalid]"
    # quirk: commas are not dropped first
    assert extract.gsm8k_few_shot("It is 1,200.") == "200."


def test_cmath_few_shot() -> None:
    assert extract.cmath_few_shot("先算3×4，答案是12。\n问题：7个") == "12"
    assert extract.cmath_few_shot("一共15个") == "15"
    assert extract.cmath_few_shot("答案是：不知道") == "[invalid]"
    assert extract.cmath_few_shot("答案是3/4") == "4"  # quirk: the last number of a fraction


def test_choice_few_shot() -> None:
    assert extract.choice_few_shot("Final Answer: The final answer is (C). I hope") == "C"
    assert extract.choice_few_shot("the final answer is b") == "B"
    assert extract.choice_few_shot("So (C).\nProblem: x The final answer is (A)") == "placeholder"


def test_ocw_few_shot() -> None:
    assert extract.ocw_few_shot("Final Answer: The final answer is 1.6 cm. I hope it is correct.") == "1.6 cm"
    assert extract.ocw_few_shot("The final answer is 1.6.") == "[invalid]"


def test_gaokao_few_shot() -> None:
    assert extract.gaokao_few_shot("于是答案是 $5$;$10$\n问题 7.  答案是 3") == "$5$;$10$"
    assert extract.gaokao_few_shot("因此选B") == "placeholder"
