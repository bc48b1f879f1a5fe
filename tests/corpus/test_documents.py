"""The inputs of the rounds: seeds, prefixes."""

from pathlib import Path

import pytest

from mathmill.corpus.documents import draw, prefixes_of, read_seed
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl


def test_seeds_of_both_kinds(world: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "more.jsonl", [{"text": "a text"}, {"id": 7, "text": "another"}])
    found = read_seed([world / "seed.parquet", tmp_path / "more.jsonl"])
    assert len(found) == 22
    assert [document.id for document in found[-2:]] == ["more.jsonl:1", "7"]


@pytest.mark.parametrize("rows", [[{"body": "x"}, {"body": "y"}], [{"text": "only one"}]])
def test_bad_seeds(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    write_jsonl(tmp_path / "seed.jsonl", rows)
    with pytest.raises(UserError, match="seed"):
        read_seed([tmp_path / "seed.jsonl"])


def test_prefixes_go_step_by_step() -> None:
    assert list(prefixes_of("a.org", "/x/y")) == ["a.org", "a.org/x", "a.org/x/y"]
    assert list(prefixes_of("a.org", "/")) == ["a.org"]
    assert list(prefixes_of("a.org", "/x?t=1")) == ["a.org", "a.org/x", "a.org/x?t=1"]


def test_seeds_in_folders_and_of_other_kinds(tmp_path: Path) -> None:
    folder = tmp_path / "seed"
    write_jsonl(folder / "a.jsonl", [{"text": "one"}, {"text": "two"}])
    assert [one.text for one in read_seed([folder])] == ["one", "two"]
    (tmp_path / "x.csv").write_text("text\none\n")
    (tmp_path / "none").mkdir()
    for place in (tmp_path / "x.csv", tmp_path / "none"):
        with pytest.raises(UserError, match=r"is \.parquet or \.jsonl files, or a folder of them"):
            read_seed([place])


def test_draws_are_fixed_numbers() -> None:
    assert draw("page", 0) == draw("page", 0)
    assert draw("page", 0) != draw("page", 1)
