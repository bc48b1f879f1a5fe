"""Artifacts: atomic, deterministic, and digested as DVC digests them."""

import gzip
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from mathmill.workflow import files
from mathmill.workflow.errors import UserError
from mathmill.workflow.tables import PAGE, SCORED_PAGE, TEXT

ROWS = [
    {"id": "b", "text": "zwei", "source": "s", "lang": "de", "meta": "{}"},
    {"id": "a", "text": "一", "source": "s", "lang": "zh", "meta": '{"k": 1}'},
]


def test_json_is_sorted_and_ends_in_a_newline(tmp_path: Path) -> None:
    files.write_json(tmp_path / "deep" / "x.json", {"b": 1, "a": ["é", None]})
    text = (tmp_path / "deep" / "x.json").read_text(encoding="utf-8")
    assert text == '{\n  "a": [\n    "é",\n    null\n  ],\n  "b": 1\n}\n'
    assert files.read_json(tmp_path / "deep" / "x.json") == {"a": ["é", None], "b": 1}


def test_json_refuses_nan_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, math.nan)
    assert path.read_text() == "1\n"
    assert os.listdir(tmp_path) == ["x.json"]


def test_a_failed_writer_leaves_nothing_behind(tmp_path: Path) -> None:
    def rows():
        yield {"a": 1}
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="middle"):
        files.write_jsonl(tmp_path / "x.jsonl", rows())
    assert os.listdir(tmp_path) == []


def test_jsonl_round_trip_with_line_separators_inside_strings(tmp_path: Path) -> None:
    rows = [{"text": "a\u2028b\nc"}, {"text": "数"}]
    assert files.write_jsonl(tmp_path / "x.jsonl", rows) == 2
    assert files.read_jsonl(tmp_path / "x.jsonl") == rows


@pytest.mark.parametrize("bad", [b"{broken", b"[1]", b"\xff\xfe", b"3"])
def test_jsonl_names_the_bad_line(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"a": 1}\n\n' + bad + b"\n")
    with pytest.raises(UserError, match=r"x\.jsonl, line 3"):
        files.read_jsonl(tmp_path / "x.jsonl")


@pytest.mark.parametrize("read", [files.read_json, files.read_jsonl, files.read_parquet, files.digest])
def test_missing_files_are_user_errors(tmp_path: Path, read) -> None:
    with pytest.raises(UserError, match="nowhere"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("read", [files.read_json, files.read_jsonl, files.read_parquet, files.read_text])
def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path, read) -> None:
    with pytest.raises(UserError, match=rf"{tmp_path}: (cannot be read: is a directory|cannot.*folder|.*directory)"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b'{"a": 1}\n', mtime=0), "gzip"),
        (b"PAR1\x15\x04", "parquet"),
        (b"PK\x03\x04\x14\x00", "zip"),
        (pa.compress(b'{"a": 1}\n', "zstd", asbytes=True), "zstd"),
    ],
)
def test_other_kinds_of_file_are_named_by_how_they_begin(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(UserError, match=rf"x\.jsonl: holds {kind} data, not JSON lines"):
        files.read_jsonl(tmp_path / "x.jsonl")


@pytest.mark.parametrize("value", [None, True, ["1"], {"a": 1}])
def test_what_is_no_text_is_not_made_one(value: object) -> None:
    assert [files.text_of({"a": one}, "a") for one in ("x", 3, 0.5)] == ["x", "3", "0.5"]
    with pytest.raises(ValueError, match=r"^a: .* is no text and no number"):
        files.text_of({"a": value}, "a")
    with pytest.raises(KeyError):
        files.text_of({}, "a")


def test_parquet_bytes_depend_on_content_alone(tmp_path: Path) -> None:
    import pyarrow as pa

    files.write_parquet(tmp_path / "a.parquet", ROWS, TEXT())
    chunked = pa.concat_tables([pa.Table.from_pylist([row], schema=TEXT()) for row in ROWS])
    shuffled = chunked.select(["text", "id", "meta", "lang", "source"]).replace_schema_metadata({"k": "v"})
    files.write_parquet(tmp_path / "b.parquet", shuffled, TEXT())
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert files.read_parquet(tmp_path / "a.parquet").to_pylist() == ROWS
    assert files.read_parquet(tmp_path / "a.parquet", ["id"]).column_names == ["id"]


def test_parquet_of_no_rows_keeps_the_schema(tmp_path: Path) -> None:
    files.write_parquet(tmp_path / "a.parquet", [], SCORED_PAGE())
    assert files.read_parquet(tmp_path / "a.parquet").schema.names == [*PAGE().names, "score"]


def test_broken_parquet_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(UserError, match="not a parquet file"):
        files.read_parquet(tmp_path / "a.parquet")


def test_parquet_files_are_sorted_and_never_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no parquet file"):
        files.parquet_files(tmp_path)
    for name in ("b.parquet", "a.parquet", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in files.parquet_files(tmp_path)] == ["a.parquet", "b.parquet"]


def test_publish_replaces_the_whole_folder_and_keeps_the_source(tmp_path: Path) -> None:
    source, destination = tmp_path / "work", tmp_path / "out" / "model"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "new").write_text("new")
    destination.mkdir(parents=True)
    (destination / "old").write_text("old")
    files.publish(source, destination)
    assert [path.relative_to(destination).as_posix() for path in sorted(destination.rglob("*"))] == ["deep", "deep/new"]
    assert (source / "deep" / "new").exists()
    assert os.listdir(tmp_path / "out") == ["model"]
    files.publish(source / "deep" / "new", tmp_path / "out" / "file")
    assert (tmp_path / "out" / "file").read_text() == "new"


def test_digest_is_the_one_of_dvc(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name, text in {"b": "2", "a/x": "1", "a-b": "3", "ä": "4", "__pycache__/x.pyc": "5"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "file").write_text("line\r\nline\n")
    script = """
import sys
from dvc.repo import Repo
repo = Repo.init(sys.argv[1], no_scm=True)
open(sys.argv[1] + "/.dvcignore", "w").write("__pycache__\\n")
repo.close()
repo = Repo(sys.argv[1])
for name in ("data", "file"):
    (stage,) = repo.add(sys.argv[1] + "/" + name)
    print(stage.outs[0].hash_info.value)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == [files.digest(folder), files.digest(tmp_path / "file")]


def test_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    def made(name: str, content: dict[str, str]) -> str:
        for file, text in content.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text)
        return files.digest(tmp_path / name)

    base = made("0", {"a": "1", "b": "2"})
    assert made("1", {"a": "1", "b": "2"}) == base
    assert len({base, made("2", {"a": "2", "b": "1"}), made("3", {"a": "1", "c": "2"}), made("4", {"a": "1"})}) == 4


def test_rows_are_plain_json(tmp_path: Path) -> None:
    files.write_jsonl(tmp_path / "x.jsonl", [{"b": 1, "a": 2}])
    assert (tmp_path / "x.jsonl").read_text() == json.dumps({"a": 2, "b": 1}) + "\n"


def test_publish_leaves_half_written_files_behind(tmp_path: Path) -> None:
    files.write_text(tmp_path / "made" / "inner" / "whole.json", "{}\n")
    (tmp_path / "made" / "inner" / ".whole.json.123.tmp").write_text("{")
    files.publish(tmp_path / "made", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "inner").iterdir()] == ["whole.json"]
