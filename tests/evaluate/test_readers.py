from pathlib import Path

import pytest

from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.readers import read_training
from mathmill.evaluate.sources import read_benchmark
from mathmill.reward.verifier import verify
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl


@pytest.mark.parametrize(
    ("file", "count", "lang", "family"),
    [
        ("gsm8k_test.jsonl", 1319, "en", "gsm8k"),
        ("cmath_test.jsonl", 1098, "zh", "cmath"),
        ("mgsm_zh.jsonl", 250, "zh", "mgsm"),
    ],
)
def test_real_benchmarks(shared_data: Path, file: str, count: int, lang: str, family: str) -> None:
    items = read_benchmark(shared_data / "benchmarks" / file, EvaluateConfig()).items
    assert len(items) == count
    assert {(item.lang, item.family) for item in items} == {(lang, family)}
    # every expected answer is right when measured by itself
    assert all(verify(f"\\boxed{{{item.answer}}}", item.answer).correct for item in items)


def test_gsm8k_solutions_are_graded_right(shared_data: Path) -> None:
    items = read_benchmark(shared_data / "benchmarks" / "gsm8k_train.jsonl", EvaluateConfig()).items
    assert len(items) == 7473
    assert all(verify(item.solution, item.answer).correct for item in items)
    assert not any("<<" in item.solution or "####" in item.solution for item in items)
    assert min(item.difficulty for item in items) >= 1


def test_gsm8k_hash_form_is_graded_right(shared_data: Path) -> None:
    from mathmill.workflow.files import read_jsonl

    rows = read_jsonl(shared_data / "benchmarks" / "gsm8k_test.jsonl")
    items = read_benchmark(shared_data / "benchmarks" / "gsm8k_test.jsonl", EvaluateConfig()).items
    verdicts = [verify(row["answer"], item.answer, mode="lenient") for row, item in zip(rows, items, strict=True)]
    assert all(verdict.correct and verdict.where == "hash" for verdict in verdicts)


@pytest.mark.parametrize(
    ("rows", "reader", "message"),
    [
        ([], "auto", "no problems"),
        ([{"text": "x"}], "auto", "no known form"),
        ([{"question": "1+1?", "answer": "2"}, {"question": "1+2?"}], "auto", "line 2.*no 'answer'"),
        ([{"question": "1+1?", "answer": " "}], "auto", "line 1.*empty"),
        ([{"question": "1+1?", "answer": None}], "auto", "line 1.*answer: null is no text"),
        ([{"question": "1+1?", "answer": ["1", "2"]}], "auto", r'line 1.*answer: \["1", "2"\] is no text'),
        ([{"question": "1+1?", "answer": True}], "auto", "line 1.*answer: true is no text"),
        ([{"question": "1+1?", "golden": None, "grade": 1}], "auto", "line 1.*golden: null is no text"),
        ([{"question": " ", "answer": "2"}], "auto", "line 1.*question is empty"),
        ([{"question": "1+1?", "answer": "2"}], "gsm8k", "line 1.*####"),
        (
            [{"id": 1, "question": "a", "answer": "2"}, {"id": 1, "question": "b", "answer": "2"}],
            "auto",
            "stands twice",
        ),
        ([{"question": "a", "golden": "2"}], "auto", "line 1.*grade"),
    ],
)
def test_bad_benchmarks_are_named(tmp_path: Path, rows: list[dict], reader: str, message: str) -> None:
    path = tmp_path / "set.jsonl"
    write_jsonl(path, rows)
    with pytest.raises(UserError, match=message):
        read_benchmark(path, EvaluateConfig(reader=reader))


def test_training_rows_count_once_per_question(tmp_path: Path) -> None:
    path = tmp_path / "instruct.jsonl"
    row = {"question": "1+1?", "answer": "2", "family": "sums"}
    write_jsonl(path, [{**row, "format": "cot"}, {**row, "format": "pot"}, {"question": "?", "answer": ""}])
    assert [item.answer for item in read_training(path)] == ["2"]
    for rows in ([], [{"question": "?", "answer": None}]):
        write_jsonl(path, rows)
        with pytest.raises(UserError, match="no question with a usable answer"):
            read_training(path)


def test_limit(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    write_jsonl(path, [{"question": f"{i}+1?", "answer": str(i + 1)} for i in range(9)])
    assert [item.answer for item in read_benchmark(path, EvaluateConfig(limit=3)).items] == ["1", "2", "3"]
