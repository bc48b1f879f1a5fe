"""Training texts from tables and folders."""

import json
from pathlib import Path

import pytest

from mathmill.decontaminate.sources import Source, read_texts, sources
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

ROW = {"id": "1", "text": "a text", "source": "x", "lang": "en", "meta": "{}"}


def test_a_folder_of_tables_is_several_sources(tmp_path: Path) -> None:
    write_parquet(tmp_path / "code.parquet", [ROW], TEXT())
    write_jsonl(tmp_path / "general.jsonl", [{"text": "another", "meta": {"a": 1}}])
    found = sources([tmp_path])
    assert [source.name for source in found] == ["code", "general"]
    (code,), (general,) = (list(read_texts(source)) for source in found)
    assert code == {**ROW, "source": "code"}
    assert general == {
        "id": "general-0",
        "text": "another",
        "source": "general",
        "lang": "und",
        "meta": json.dumps({"a": 1}),
    }


def test_a_tree_of_files_is_one_source(tmp_path: Path) -> None:
    tree = tmp_path / "papers"
    (tree / "sub").mkdir(parents=True)
    (tree / ".git").mkdir()
    (tree / "a.tex").write_text("\\section{A}")
    (tree / "sub" / "b.py").write_text("print(1)")
    (tree / "image.png").write_bytes(b"\x89PNG")
    (tree / "latin.txt").write_bytes("é".encode("latin-1"))
    (tree / ".git" / "c.py").write_text("no")
    (tree / "empty.py").write_text(" ")
    (source,) = sources([tree])
    assert [(row["id"], row["lang"]) for row in read_texts(source)] == [("a.tex", "latex"), ("sub/b.py", "python")]


def test_names_are_taken_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_parquet(tmp_path / folder / "code.parquet", [ROW], TEXT())
    with pytest.raises(UserError, match="'code' is taken"):
        sources([tmp_path / "a", tmp_path / "b"])
    write_parquet(tmp_path / "c" / "corpus.parquet", [ROW], TEXT())
    with pytest.raises(UserError, match="'corpus' is taken"):
        sources([tmp_path / "c"])


def test_bad_tables(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "x.jsonl", [{"content": "no text"}])
    with pytest.raises(UserError, match="no column `text`"):
        list(read_texts(Source("x", tmp_path / "x.jsonl")))
    with pytest.raises(UserError, match=r"\.parquet or \.jsonl"):
        list(read_texts(Source("x", tmp_path / "x.csv")))
