import pytest

from mathmill.sft.config import SftConfig
from mathmill.sft.readers import Example, read_examples
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl, write_parquet

GSM8K = {
    "question": "Natalia sold 48 clips and half as many more. How many?\n",
    "answer": "She sold 48/2 = <<48/2=24>>24 more.\nTogether 48+24 = <<48+24=72>>72.\n#### 72",
}


def test_own_rows(tmp_path) -> None:
    rows = [
        {"id": "a", "question": "1 + 1?", "solution": "\\boxed{2}", "answer": "2", "lang": "en", "format": "pot"},
        {"question": "小明有几个？", "solution": "\\boxed{3}"},
    ]
    write_jsonl(tmp_path / "f.jsonl", rows)
    assert read_examples([tmp_path / "f.jsonl"]) == [
        Example("a", "1 + 1?", "\\boxed{2}", "en", "pot"),
        Example("2", "小明有几个？", "\\boxed{3}", "zh", "cot"),
    ]


def test_gsm8k_rows(tmp_path) -> None:
    write_jsonl(tmp_path / "g.jsonl", [GSM8K])
    (example,) = read_examples([tmp_path / "g.jsonl"])
    assert example.question == "Natalia sold 48 clips and half as many more. How many?"
    assert example.solution == ("She sold 48/2 = 24 more.\nTogether 48+24 = 72. The answer is \\boxed{72}.")
    assert (example.lang, example.format) == ("en", "cot")


def test_real_gsm8k(shared_data) -> None:
    examples = read_examples([shared_data / "benchmarks" / "gsm8k_train.jsonl"])
    assert len(examples) == 7473
    assert all("<<" not in example.solution and "\\boxed{" in example.solution for example in examples)


def test_fields_can_be_mapped(tmp_path) -> None:
    write_jsonl(tmp_path / "f.jsonl", [{"problem": "1 + 1?", "text": "2"}])
    (example,) = read_examples([tmp_path / "f.jsonl"], fields={"question": "problem", "solution": "text"})
    assert (example.question, example.solution) == ("1 + 1?", "2")


@pytest.mark.parametrize(
    ("row", "reader", "complaint"),
    [
        ({"problem": "x", "solution": "y"}, "auto", "no field 'question'.*has problem, solution.*sft.fields.question"),
        ({"question": "x", "solution": 3}, "auto", "'solution' holds no text"),
        ({"question": "x", "solution": " "}, "auto", "'solution' holds no text"),
        ({"question": "x", "solution": "y", "format": "poem"}, "auto", "format 'poem' is none of cot, pot, tir"),
        ({"question": "x", "answer": "seven"}, "gsm8k", "has no `#### result`"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path, row, reader, complaint) -> None:
    write_jsonl(tmp_path / "f.jsonl", [{"question": "a", "solution": "b", "answer": "c #### 1"}, row])
    text = (tmp_path / "f.jsonl").read_text().replace("\n", "\n\n", 1)
    (tmp_path / "f.jsonl").write_text(text)  # an empty line counts
    with pytest.raises(UserError, match=rf"f\.jsonl, line 3: .*{complaint}"):
        read_examples([tmp_path / "f.jsonl"], reader)


def test_a_misspelt_field_is_refused() -> None:
    assert "quastion" in SftConfig(fields={"quastion": "problem"}).faults()["fields"]
    assert not SftConfig(fields={"question": "problem"}).faults()


def test_no_rows(tmp_path) -> None:
    (tmp_path / "f.jsonl").write_text("")
    with pytest.raises(UserError, match="no rows"):
        read_examples([tmp_path / "f.jsonl"])


def test_parquet_beside_json_lines(tmp_path) -> None:
    import pyarrow as pa

    rows = [{"question": "1 + 1?", "solution": "\\boxed{2}"}, {"question": "2 + 2?", "solution": "\\boxed{4}"}]
    schema = pa.schema([("question", pa.string()), ("solution", pa.string())])
    write_parquet(tmp_path / "f.parquet", rows, schema)
    write_jsonl(tmp_path / "f.jsonl", rows)
    assert read_examples([tmp_path / "f.parquet"]) == read_examples([tmp_path / "f.jsonl"])
    write_parquet(tmp_path / "g.parquet", [GSM8K], pa.schema([("question", pa.string()), ("answer", pa.string())]))
    assert read_examples([tmp_path / "g.parquet"])[0].solution.endswith("\\boxed{72}.")


def test_a_bad_row_of_parquet_is_named(tmp_path) -> None:
    import pyarrow as pa

    schema = pa.schema([("question", pa.string()), ("solution", pa.string())])
    write_parquet(
        tmp_path / "f.parquet", [{"question": "x", "solution": "y"}, {"question": "x", "solution": None}], schema
    )
    with pytest.raises(UserError, match=r"f\.parquet, row 2: field 'solution' holds no text"):
        read_examples([tmp_path / "f.parquet"])
    (tmp_path / "g.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="not a parquet file"):
        read_examples([tmp_path / "g.parquet"])
