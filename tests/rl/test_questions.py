from collections import Counter
from pathlib import Path

import pytest

from mathmill.rl.questions import drawn, read_questions
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl

ROWS = [
    {"id": f"q{i}", "question": f"What is {i}?", "answer": str(i), "lang": "en" if i % 2 else "zh"} for i in range(10)
]


def test_our_schema_and_gsm8k(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    write_jsonl(path, [*ROWS, {"question": "How many?", "answer": "2 * 3 = <<2*3=6>>6\n#### 6"}])
    questions = read_questions(path)
    assert len(questions) == 11
    assert questions[-1].answer == "6"
    assert [q.lang for q in read_questions(path, ["zh"])] == ["zh"] * 5


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"question": "x"}, "answer"),
        ({"question": "x", "answer": ""}, "line 1"),
        ({"answer": "3"}, "question"),
        ({"question": "x", "answer": None}, "line 1: answer: null is no text"),
        ({"question": "x", "answer": ["3", "4"]}, "line 1: answer: .* is no text"),
        ({"question": 3, "answer": "3"}, "question .a text."),
    ],
)
def test_bad_items_name_file_and_line(tmp_path: Path, row: dict, words: str) -> None:
    path = tmp_path / "q.jsonl"
    write_jsonl(path, [row])
    with pytest.raises(UserError, match=words) as caught:
        read_questions(path)
    assert str(path) in str(caught.value)


def test_empty_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "x", "answer": "3"}\n\n{"question": "x", "answer": ""}\n')
    with pytest.raises(UserError, match="line 3"):
        read_questions(path)


def test_no_questions_left_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    write_jsonl(path, ROWS)
    with pytest.raises(UserError, match="languages ko"):
        read_questions(path, ["ko"])


def test_every_question_once_an_epoch_and_the_same_again() -> None:
    asked = [place for step in range(5) for place in drawn(10, step, 4, seed=1)]  # two epochs, across step borders
    assert Counter(asked) == dict.fromkeys(range(10), 2)
    assert drawn(10, 3, 4, seed=1) == asked[12:16]
    assert asked != [place for step in range(5) for place in drawn(10, step, 4, seed=2)]
