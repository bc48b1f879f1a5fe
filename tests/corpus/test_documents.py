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


def test_draws_are_fixed_numbers() -> None:
    assert draw("page", 0) == draw("page", 0)
    assert draw("page", 0) != draw("page", 1)
