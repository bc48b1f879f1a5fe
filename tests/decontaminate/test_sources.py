"""Training texts from tables and folders."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from mathmill.decontaminate.code import tree_licence, unfit
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.latex import clean_latex
from mathmill.decontaminate.sources import read_texts, sources
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

ROW = {"id": "1", "text": "a text", "source": "x", "lang": "en", "meta": "{}"}


def test_a_folder_of_tables_is_several_sources(tmp_path: Path) -> None:
    write_parquet(tmp_path / "code.parquet", [ROW], TEXT())
    write_jsonl(tmp_path / "general.jsonl", [{"text": "another", "meta": {"a": 1}}])
    found = sources([tmp_path])
    assert [source.name for source in found] == ["code", "general"]
    (code,), (general,) = (list(read_texts(one.name, *one.files)) for one in found)
    assert code == {**ROW, "source": "code"}
    assert general == {
        "id": "general-1",
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
    assert [(row["id"], row["lang"]) for row in read_texts(source.name, *source.files)] == [
        ("a.tex", "latex"),
        ("sub/b.py", "python"),
    ]


def test_names_are_taken_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_parquet(tmp_path / folder / "code.parquet", [ROW], TEXT())
    with pytest.raises(UserError, match="'code' is taken"):
        sources([tmp_path / "a", tmp_path / "b"])
    write_parquet(tmp_path / "c" / "corpus.parquet", [ROW], TEXT())
    with pytest.raises(UserError, match="'corpus' is taken"):
        sources([tmp_path / "c"])


def test_names_that_no_artifact_can_have_are_refused(tmp_path: Path) -> None:
    for place in ("my src:1.jsonl", "all/good/b\u00f6se.jsonl"):
        write_jsonl(tmp_path / place, [{"text": "a"}])
    for place in (tmp_path / "my src:1.jsonl", tmp_path / "all"):
        with pytest.raises(UserError, match="rename the file or folder to ASCII letters"):
            sources([place])


def test_what_no_file_can_hold_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "a \\ud800 b \\ud83d\\ude00"}\n')
    assert [row["text"] for row in read_texts("x", tmp_path / "x.jsonl")] == ["a \ufffd b \U0001f600"]


def test_undecodable_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_bytes(b"\xe9")
    passed: Counter[str] = Counter()
    assert len(list(read_texts("code", tmp_path, passed=passed))) == 1
    assert passed == {"not UTF-8": 1}


def test_bad_tables(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "x.jsonl", [{"body": "no text"}])
    with pytest.raises(UserError, match="no column `text`"):
        list(read_texts("x", tmp_path / "x.jsonl"))
    with pytest.raises(UserError, match=r"\.parquet, \.jsonl.* or a folder"):
        list(read_texts("x", tmp_path / "x.csv"))


@pytest.mark.parametrize("ending", ["jsonl.gz", "jsonl.zst", "parquet"])
def test_damaged_tables_are_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    rows = [{**ROW, "id": str(i), "text": f"a text {i * i}"} for i in range(2000)]
    if ending == "parquet":
        write_parquet(path, rows, TEXT())
        content = bytearray(path.read_bytes())
        content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)  # pages; the footer still reads
        path.write_bytes(content)
    else:
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        packed = gzip.compress(lines) if ending.endswith("gz") else pa.compress(lines, "zstd", asbytes=True)
        path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match=re.escape(str(path))):
        list(read_texts("x", path))


def test_folders_of_tables_are_sources_of_several_shards(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_parquet(tmp_path / "all" / "code" / f"{name}.parquet", [{**ROW, "id": name}], TEXT())
    write_jsonl(tmp_path / "all" / "arxiv" / "p.jsonl", [{"text": "a paper"}])
    write_jsonl(tmp_path / "all" / "general.jsonl", [{"text": "a text"}])
    found = {source.name: [path.name for path in source.files] for source in sources([tmp_path / "all"])}
    assert found == {"general": ["general.jsonl"], "arxiv": ["p.jsonl"], "code": ["a.parquet", "b.parquet"]}


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_compressed_json_lines(tmp_path: Path, ending: str) -> None:
    """As AlgebraicStack is delivered: rows {text, meta} in .jsonl.zst."""
    lines = b"".join(json.dumps({"text": f"x = {n} \u2113", "meta": {"n": n}}).encode() + b"\n" for n in range(700))
    path = tmp_path / f"train-00.{ending}"
    if ending.endswith("zst"):
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(lines)
    else:
        path.write_bytes(gzip.compress(lines) if ending.endswith("gz") else lines)
    (source,) = sources([path])
    assert source.name == "train-00"
    rows = list(read_texts("algebraic_stack", path))
    assert len(rows) == 700
    assert (rows[699]["id"], rows[699]["text"], rows[699]["meta"]) == ("train-00-700", "x = 699 \u2113", '{"n": 699}')
    path.write_bytes(b"[1]\n" if ending == "jsonl" else path.read_bytes())
    if ending == "jsonl":
        with pytest.raises(UserError, match="line 1: expected an object"):
            list(read_texts("x", path))


def test_columns_of_other_sets(tmp_path: Path) -> None:
    rows = [{"content": "print(1)", "max_stars_repo_path": "a/b.py", "language": "python"}]
    write_jsonl(tmp_path / "stack.jsonl", rows)
    (row,) = read_texts("code", tmp_path / "stack.jsonl")
    assert (row["id"], row["text"], row["lang"]) == ("a/b.py", "print(1)", "python")


def test_papers_of_several_files(tmp_path: Path) -> None:
    paper = tmp_path / "2001.00001"
    (paper / "parts").mkdir(parents=True)
    (paper / "main.tex").write_text(
        "\\documentclass{article}\n\\newcommand{\\R}{\\mathbb{R}}\n\\begin{document}\n\\section{One}\nIn $\\R$.\n"
        "\\input{parts/two}\n% \\input{parts/unused}\n\\include{gone}\n\\end{document}\n"
    )
    (paper / "parts" / "two.tex").write_text("\\section{Two}\nOver $\\R$ at \\url{http://a.org/%7Eb}. % note\n")
    (paper / "parts" / "unused.tex").write_text("\\section{Unused}\n")
    (tmp_path / "lone.tex").write_bytes("\\section{\u00c9tude} Texte.".encode("latin-1"))
    rows = list(read_texts("arxiv", tmp_path, latex=True))
    assert [row["id"] for row in rows] == ["2001.00001/main.tex", "lone.tex"]
    text = clean_latex(rows[0]["text"])
    assert text == (
        "\\section{One}\nIn $\\mathbb{R}$.\n\\section{Two}\nOver $\\mathbb{R}$ at \\url{http://a.org/%7Eb}."
    )
    assert "\u00c9tude" in rows[1]["text"]


def test_inputs_stay_inside_the_folder_and_end(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (tmp_path / "secret.tex").write_text("SECRET")
    (folder / "main.tex").write_text(
        "\\documentclass{a}\\begin{document}x \\input{../secret}\\input{main} y\\end{document}"
    )
    (row,) = read_texts("arxiv", folder, latex=True)
    assert "SECRET" not in row["text"]
    assert len(row["text"]) < 5000


def test_this_projects_own_source(project_root: Path) -> None:
    """A real tree of code: every Python file is a text, and passes the filters."""
    rows = list(read_texts("code", project_root / "src"))
    assert len(rows) > 100
    assert {row["lang"] for row in rows} >= {"python"}
    assert [row["id"] for row in rows if row["lang"] == "python" and unfit(row["text"], DecontaminateConfig())] == []
    assert tree_licence(project_root, DecontaminateConfig().licences) is True
