"""What a hit takes out of a text."""

from mathmill.decontaminate.grams import GramIndex, tokens
from mathmill.decontaminate.remove import clean, removal_rows

QUESTION = "A baker makes 125 loaves a day and sells 98 of them, how many are left after 14 days"
INDEX = GramIndex.build([("gsm", "7", tokens(QUESTION)), ("gsm", "8", tokens("add 15 to 27"))], 10, 3, 10)
BEFORE, AFTER = "The first paragraph says something else entirely.", "The last paragraph says goodbye to everybody."


def cleaned(text: str, granularity: str = "segment", min_chars: int = 10) -> str | None:
    return clean(text, INDEX, granularity, min_chars, "drop").text


def test_a_segment_goes_and_the_rest_stays() -> None:
    assert cleaned(f"{BEFORE}\n\n{QUESTION}?\n\n{AFTER}") == f"{BEFORE}\n\n{AFTER}"


def test_a_quotation_over_several_lines() -> None:
    broken = QUESTION.replace("and sells", "\nand\nsells").replace("left", "left\n")
    result = clean(f"{BEFORE}\n{broken}\n{AFTER}", INDEX, "segment", 10, "drop")
    assert result.text == f"{BEFORE}\n{AFTER}"
    assert result.segments == 4


def test_lines_that_become_neighbours_are_compared_again() -> None:
    text = f"{BEFORE}\nadd 15\nadd 15 to 27\nto 27\n{AFTER}"
    left = cleaned(text)
    assert left is not None
    assert not INDEX.find(tokens(left))


def test_document() -> None:
    assert cleaned(f"{BEFORE}\n{QUESTION}\n{AFTER}", "document") is None
    assert cleaned(f"{BEFORE}\n{AFTER}", "document") == f"{BEFORE}\n{AFTER}"


def test_too_little_left() -> None:
    assert cleaned(f"Hello.\n{QUESTION}", min_chars=50) is None
    assert cleaned(QUESTION) is None


def test_a_clean_text_is_not_touched() -> None:
    text = f"  {BEFORE} \n\n\n\n{AFTER}\n"
    assert cleaned(text) == text


def test_removals_name_every_item_once() -> None:
    hits = clean(f"{QUESTION}\n{QUESTION}\nadd 15 to 27", INDEX, "segment", 10, "drop").hits
    rows = removal_rows("corpus", "http://a/1", hits)
    assert [(row["item"], row["rule"]) for row in rows] == [("7", "A"), ("8", "B")]
    assert rows[0]["gram"] == "a baker makes 125 loaves a day and sells 98"
    assert rows[1]["gram"] == "add 15 to 27"
