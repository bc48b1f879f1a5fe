"""The world as a whole: the same bytes for the same seed, no truth outside its folder, sets without overlap."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mathmill.microworld.sets import tokens
from mathmill.workflow.files import digest, read_json, read_jsonl, read_parquet
from mathmill.workflow.tables import TEXT


def test_the_number_of_workers_changes_no_byte(
    made: Any, tmp_path: Path, small: Callable[..., Any], build: Callable[..., dict[str, Path]]
) -> None:
    again = build(small(), tmp_path, workers=2)
    for label, path in made.out.items():
        assert digest(path) == digest(again[label]), label


def test_another_seed_makes_another_world(
    made: Any, tmp_path: Path, small: Callable[..., Any], build: Callable[..., dict[str, Path]]
) -> None:
    other = build(small(seed=1, pages=120), tmp_path)
    for label, path in made.out.items():
        assert digest(path) != digest(other[label]), label


def test_shares_and_counts(made: Any) -> None:
    summary = read_json(made.out["truth"] / "summary.json")
    assert summary["pages"] == made.config.crawl.pages
    assert 0.12 <= summary["math_share"] <= 0.15
    assert summary["hosts"] == made.config.crawl.hosts
    unique = [row for row in made.rows if row["valid"] and not row["is_copy"]]
    assert summary["math_pages"] == sum(row["is_math"] for row in unique)
    assert {"en", "zh", "ko", "ru"} <= {row["lang"] for row in unique}
    assert {row["lang"] for row in unique if row["is_math"]} == {"en", "zh"}


def test_no_question_stands_in_two_sets(made: Any) -> None:
    sets = {name: read_jsonl(made.out["benchmarks"] / f"{name}.jsonl") for name in ("validation", "test")}
    sets |= {name: read_jsonl(made.out[name]) for name in ("instruct", "questions")}
    planted = {row["id"] for row in read_jsonl(made.out["truth"] / "contamination.jsonl")}
    seen: dict[tuple[str, ...], str] = {}
    for name, rows in sets.items():
        assert len({row["id"] for row in rows}) == len(rows)
        for row in rows:
            if row["id"] not in planted:
                question = tuple(tokens(row["question"]))
                assert question not in seen, (name, seen.get(question), row["question"])
                seen[question] = name


def test_sets_have_their_sizes_languages_and_formats(made: Any) -> None:
    sizes = made.config.sets
    instruct = read_jsonl(made.out["instruct"])
    assert len(instruct) == sizes.instruct
    assert len(read_jsonl(made.out["questions"])) == sizes.questions
    assert len(read_jsonl(made.out["benchmarks"] / "test.jsonl")) == sizes.test
    assert {row["lang"] for row in instruct} == {"en", "zh"}
    assert {row["format"] for row in instruct} == {"cot", "pot", "tir"}
    assert {row["difficulty"] for row in instruct} == {1, 2, 3, 4}
    for row in instruct:
        if row["format"] == "pot":
            assert row["solution"].startswith("```python")
        else:
            assert f"\\boxed{{{row['answer']}}}" in row["solution"]


def test_truth_stays_in_its_folder(made: Any) -> None:
    for name in ("instruct", "questions"):
        assert not {"planted", "contaminated"} & set(read_jsonl(made.out[name])[0])
    for path in [made.out["seed"], *sorted(made.out["text"].glob("*.parquet"))]:
        assert read_parquet(path).column_names == TEXT().names
    for part in sorted(made.out["crawl"].iterdir()):
        content = part.read_bytes()
        assert b"is_math" not in content
    assert "is_math" not in made.out["annotations"].read_text()


def test_texts_have_their_sizes(made: Any) -> None:
    for source in ("code", "algebraic_stack", "arxiv", "general"):
        rows = read_parquet(made.out["text"] / f"{source}.parquet").to_pylist()
        wanted = getattr(made.config.text, source)
        assert wanted <= sum(len(row["text"]) for row in rows) < 2 * wanted + 20_000
        assert all(row["source"] == source for row in rows)
        assert len({row["id"] for row in rows}) == len(rows)


def test_planted_texts_hold_their_benchmark_question(made: Any) -> None:
    items = {
        row["id"]: row
        for name in ("validation", "test")
        for row in read_jsonl(made.out["benchmarks"] / f"{name}.jsonl")
    }
    planted = read_jsonl(made.out["truth"] / "contamination.jsonl")
    assert {row["source"] for row in planted} == {"page", "instruct", "code", "algebraic_stack", "arxiv", "general"}
    instruct = {row["id"]: row for row in read_jsonl(made.out["instruct"])}
    for row in planted:
        question = items[row["benchmark"]]["question"]
        if row["source"] == "instruct":
            assert instruct[row["id"]]["question"] == question
        elif row["source"] != "page":
            table = read_parquet(made.out["text"] / f"{row['source']}.parquet").to_pylist()
            assert any(text["id"] == row["id"] and question in text["text"] for text in table)
