"""The stage: every kind of training text against every benchmark, each removal on record."""

from pathlib import Path

import pytest

from mathmill.decontaminate.benchmarks import build_index
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import tokens
from mathmill.decontaminate.run import decontaminate
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, read_jsonl, read_parquet, write_jsonl, write_parquet
from mathmill.workflow.tables import SCORED_PAGE, TEXT

SERIAL = EngineConfig(backend="serial", progress=False)
EN = "A train of 17 wagons carries 23 crates in each wagon, how many crates are there in all of it?"
ZH = "果园里有梨树48棵，苹果树比梨树多36棵，两种树一共有多少棵？"
FILLER = "This is an ordinary line of text that no benchmark has ever seen, and it is long enough to stay."


def page(url: str, text: str) -> dict:
    place = {"host": "a.org", "path": "/", "lang": "en", "warc": "w", "offset": 0, "score": 0.9}
    return {"url": url, "text": text, **place}


def doc(name: str, text: str) -> dict:
    return {"id": name, "text": text, "source": "x", "lang": "en", "meta": "{}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_jsonl(tmp_path / "bench" / "test.jsonl", [{"id": "t1", "question": EN, "answer": "391"}])
    write_jsonl(tmp_path / "bench" / "cmath.jsonl", [{"question": ZH, "answer": 132}])
    pages = [page("http://a/1", f"{FILLER}\n{EN}\n{FILLER}"), page("http://a/2", FILLER), page("http://a/3", ZH)]
    write_parquet(tmp_path / "corpus" / "part-0.parquet", pages, SCORED_PAGE())
    line = {"shard": "part-0", "key": "k", "output": "part-0.parquet", "bytes": 1, "stats": {}, "quarantined": {}}
    write_jsonl(tmp_path / "corpus" / "manifest.jsonl", [line])
    code = [doc("c1", f"# {EN}\nprint(17 * 23)\n{FILLER}"), doc("c2", f"print(1)  # {FILLER}")]
    write_parquet(tmp_path / "text" / "code.parquet", code, TEXT())
    paper = f"\\usepackage{{x}}\n\\begin{{document}}\n{FILLER} % {EN}\n{ZH}\n\\end{{document}}"
    write_parquet(tmp_path / "text" / "arxiv.parquet", [doc("p1", paper)], TEXT())
    examples = [
        {"id": "i1", "question": "What is 2 plus 2?", "solution": "4", "answer": "4"},
        {"id": "i2", "question": EN.upper(), "solution": "391", "answer": "391"},
        {"id": "i3", "messages": [{"role": "user", "content": ZH}, {"role": "assistant", "content": "132"}]},
    ]
    write_jsonl(tmp_path / "instruct.jsonl", examples)
    write_jsonl(tmp_path / "questions.jsonl", [{**row, "id": f"q{row['id']}"} for row in examples[:2]])
    return tmp_path


def run(folder: Path, scratch: str = "s", **changes: object) -> tuple[Path, dict]:
    granularity = {"default": "segment", "code": "document"}
    settings = {"granularity": granularity, "min_chars": 20, "mean_line": 200, **changes}
    params = DecontaminateConfig(**settings)  # type: ignore[arg-type]
    places = (folder / "corpus", [folder / "text"], [folder / "instruct.jsonl"], [folder / "questions.jsonl"])
    return decontaminate(*places, [folder / "bench"], params, folder / scratch, SERIAL)


def texts(clean: Path, source: str) -> dict[str, str]:
    found = {}
    for path in sorted((clean / source).glob("*.parquet")):
        table = read_parquet(path)
        assert table.schema.names == TEXT().names
        found.update(zip(table.column("id").to_pylist(), table.column("text").to_pylist(), strict=True))
    return found


def test_every_source_is_cleaned(folder: Path) -> None:
    clean, _ = run(folder)
    assert texts(clean, "corpus") == {"http://a/1": f"{FILLER}\n{FILLER}", "http://a/2": FILLER}
    assert list(texts(clean, "code")) == ["c2"]
    assert texts(clean, "arxiv") == {"p1": FILLER}
    assert [row["id"] for row in read_jsonl(clean / "instruct.jsonl")] == ["i1"]
    assert [row["id"] for row in read_jsonl(clean / "questions.jsonl")] == ["qi1"]


def test_every_removal_is_on_record(folder: Path) -> None:
    clean, report = run(folder)
    rows = read_parquet(clean / "removals.parquet").to_pylist()
    assert [(row["source"], row["id"], row["benchmark"], row["item"], row["rule"]) for row in rows] == [
        ("arxiv", "p1", "cmath", "0", "A"),
        ("code", "c1", "test", "t1", "A"),
        ("corpus", "http://a/1", "test", "t1", "A"),
        ("corpus", "http://a/3", "cmath", "0", "A"),
        ("instruct", "i2", "test", "t1", "A"),
        ("instruct", "i3", "cmath", "0", "A"),
        ("questions", "qi2", "test", "t1", "A"),
    ]
    assert rows[0]["gram"] == "果 园 里 有 梨 树 48 棵 苹 果"
    assert report["sources"]["corpus"] == {"texts": 3, "hit": 2, "removed": 1, "segments": 2}
    assert report["benchmarks"]["test"] == {"items_without_a_rule": 0, "items_found": 1, "texts": 4}


def test_nothing_of_a_benchmark_is_left(folder: Path) -> None:
    clean, _ = run(folder)
    index = build_index(sorted((folder / "bench").glob("*.jsonl")), DecontaminateConfig())
    for source in ("corpus", "code", "arxiv"):
        for text in texts(clean, source).values():
            assert not index.find(tokens(text))


def test_programs_of_other_licences_are_left_out_and_counted(folder: Path) -> None:
    code = [doc("c1", f"# SPDX-License-Identifier: GPL-3.0\n# {FILLER}"), doc("c2", f"# MIT License\n# {FILLER}")]
    write_parquet(folder / "text" / "code.parquet", code, TEXT())
    clean, report = run(folder)
    assert list(texts(clean, "code")) == ["c2"]
    assert report["filtered"] == {"code": {"licence": 1}}
    assert report["sources"]["code"]["texts"] == 1


def test_granularity(folder: Path) -> None:
    clean, _ = run(folder, granularity={"default": "document"})
    assert list(texts(clean, "corpus")) == ["http://a/2"]


def test_equal_bytes(folder: Path, tmp_path: Path) -> None:
    assert digest(run(folder, "a")[0]) == digest(run(folder, "b")[0])


def test_a_source_without_a_text_is_refused(folder: Path) -> None:
    (folder / "text" / "code.parquet").unlink()
    write_jsonl(folder / "text" / "code.jsonl", [{"text": " "}])
    with pytest.raises(UserError, match=r"no text in source code .*code\.jsonl"):
        run(folder)


def test_a_changed_benchmark_is_noticed(folder: Path) -> None:
    run(folder)
    write_jsonl(folder / "bench" / "test.jsonl", [{"id": "t2", "question": FILLER}])
    clean, _ = run(folder)
    assert "http://a/2" not in texts(clean, "corpus")


def test_benchmarks_without_the_fields(folder: Path) -> None:
    write_jsonl(folder / "bench" / "odd.jsonl", [{"prompt": "x", "target": "y"}])
    with pytest.raises(UserError, match=r"prompt, target.*decontaminate\.fields"):
        run(folder)


def test_no_benchmark(folder: Path) -> None:
    for path in (folder / "bench").glob("*"):
        path.unlink()
    with pytest.raises(UserError, match=r"decontaminate\.benchmarks"):
        run(folder)


def test_a_benchmark_without_items_or_in_another_form_does_not_pass_in_silence(folder: Path) -> None:
    empty = folder / "bench" / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(UserError, match=r"empty\.jsonl: no item in it"):
        run(folder)
    empty.unlink()
    (folder / "bench" / "README.md").write_text("what these are")  # no benchmark
    run(folder)
    for name in ("more.jsonl.gz", "more.parquet", "deeper/more.jsonl"):
        extra = folder / "bench" / name
        extra.parent.mkdir(exist_ok=True)
        extra.write_bytes(b"x")
        with pytest.raises(UserError, match=rf"only its \.jsonl files are read, and {name} is none"):
            run(folder)
        extra.unlink()


def test_benchmarks_of_which_only_labels_are_read(folder: Path) -> None:
    write_jsonl(folder / "bench" / "labels.jsonl", [{"input": EN, "answer": "12"}, {"input": ZH, "answer": "B"}])
    with pytest.raises(UserError, match=r"answer, input.*decontaminate\.fields"):
        run(folder)


def test_grams_that_do_not_count_are_listed_with_their_reason(folder: Path) -> None:
    template = "give your answer as a fraction in lowest terms please"
    rows = [{"id": str(n), "question": f"{template} {n}"} for n in range(5)]
    write_jsonl(folder / "bench" / "stock.jsonl", [*rows, {"id": "k", "question": "Which statement is true?"}])
    clean, report = run(folder, common=3, ignored={"which statement is true": "a stock phrase"})
    listed = [
        {"gram": template, "items": 5, "reason": "stands in 5 items, more than 3"},
        {"gram": "which statement is true", "items": 1, "reason": "a stock phrase"},
    ]
    assert read_jsonl(clean / "common.jsonl") == listed
    assert (report["common_grams"], report["common_examples"]) == (2, listed)
    assert report["frequent_grams"][0]["hits"] >= 1
