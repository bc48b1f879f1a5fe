"""Copies among tables of pages: found as the ground truth has them, whatever the partitions and the order of files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mathmill.microworld.world import make_world
from mathmill.pages.config import NearDuplicates, PagesConfig
from mathmill.pages.dedup import drop_copies
from mathmill.pages.extract import EXTRACTED, summaries
from mathmill.pages.run import make_pages
from mathmill.pages.shingles import permutations, tokens
from mathmill.pages.url import normalise
from mathmill.workflow.composition import compose_conf
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import Shard, ShardResult, shard_paths
from mathmill.workflow.files import read_parquet, write_parquet

SERIAL = EngineConfig(backend="serial", progress=False)
NEAR = NearDuplicates()
PARAMS = PagesConfig(near=NEAR)
FUNCTIONS = permutations(NEAR.bands * NEAR.rows, 0)
Pages = Sequence[tuple[str, str, str]]  # url, date, text


def table(folder: Path, name: str, pages: Pages, params: PagesConfig = PARAMS) -> ShardResult:
    rows = []
    for number, (url, date, text) in enumerate(pages):
        words = tokens(text)
        place = {"host": "h", "path": "/", "lang": "en", "warc": name, "offset": number}
        row = {"url": url, "key": normalise(url), "date": date, "text": text, "length": len(text), **place}
        row["content"] = abs(hash(" ".join(words)))
        rows.append({**row, **summaries(words, params, FUNCTIONS)})
    path = folder / f"{name}.parquet"
    write_parquet(path, rows, EXTRACTED())
    return ShardResult(Shard(name), name, path, {"pages": len(rows)}, {}, False, 0.0)


def kept(tables: list[ShardResult], scratch: Path, params: PagesConfig = PARAMS) -> tuple[list[str], Any]:
    files, report = drop_copies(tables, params, scratch, SERIAL)
    urls = []
    for one in sorted(tables, key=lambda result: result.shard.key):
        names = read_parquet(one.path, columns=["url"]).column("url").to_pylist()
        urls += [names[row] for row in np.load(files[one.shard.key]).tolist()]
    return urls, report


def text(seed: int, words: int = 80) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(words)]


def some(number: int) -> str:
    return " ".join(text(number))


def edited(number: int) -> str:
    words = text(number)
    return " ".join([*words[:20], "new", *words[26:]])


ONE: Pages = [
    ("http://a.org/1", "2024-01-01T00:00:00Z", some(1)),
    ("http://a.org/long-name", "2024-01-01T00:00:00Z", some(2)),
    ("http://a.org/3?utm_source=x", "2024-03-01T00:00:00Z", some(3) + " newest"),
    ("http://a.org/only", "2024-03-01T00:00:00Z", some(4)),
]
TWO: Pages = [
    ("https://www.a.org/1", "2024-02-01T00:00:00Z", some(1) + " newer"),
    ("http://b.org/2", "2024-01-01T00:00:00Z", edited(2)),
    ("http://a.org/3", "2024-01-01T00:00:00Z", some(3)),
    ("http://c.org/mirror/2", "2024-01-01T00:00:00Z", some(2)),
]


def test_each_rule(tmp_path: Path) -> None:
    urls, report = kept([table(tmp_path, "a", ONE), table(tmp_path, "b", TWO)], tmp_path / "s")
    assert urls == ["http://a.org/3?utm_source=x", "http://a.org/only", "https://www.a.org/1", "http://b.org/2"]
    assert report["copies"] == {"same_url": 2, "same_text": 1, "near": 1}
    by_url, by_text = report["duplicates"]["url"], report["duplicates"]["text"]
    assert (by_url["groups"], by_url["sizes"]) == (2, {"2": 2})
    assert {entry["url"] for entry in by_url["largest"]} == {"http://a.org/3?utm_source=x", "https://www.a.org/1"}
    (group,) = by_text["largest"]
    assert (group["pages"], group["survivor"]) == (3, "http://b.org/2")
    assert sorted(group["others"]) == ["http://a.org/long-name", "http://c.org/mirror/2"]
    assert sum(by_text["near_similarity"].values()) == 1


def test_the_order_of_files_decides_nothing(tmp_path: Path) -> None:
    tables = [table(tmp_path, "a", ONE), table(tmp_path, "b", TWO)]
    assert kept(tables, tmp_path / "s") == kept(tables[::-1], tmp_path / "t")
    other = [table(tmp_path / "x", "a", TWO[::-1]), table(tmp_path / "x", "b", ONE[::-1])]
    (urls, report), (again, same) = kept(tables, tmp_path / "u"), kept(other, tmp_path / "v")
    assert sorted(urls) == sorted(again)
    assert report == same


@pytest.mark.parametrize("rows", [60, 500])
def test_partitions_change_nothing(tmp_path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    pages = []
    for number in range(24):
        base = int(rng.integers(12))
        body = some(base) if rng.random() < 0.5 else edited(base)
        pages.append((f"http://h{rng.integers(3)}.org/{rng.integers(14)}", f"2024-01-{1 + number % 9:02d}", body))
    tables = [table(tmp_path, name, pages[start : start + 8]) for name, start in (("a", 0), ("b", 8), ("c", 16))]
    whole = kept(tables, tmp_path / "whole")
    few = PagesConfig(near=replace(NEAR, partition_rows=rows))
    assert kept(tables, tmp_path / "parts", few) == whole
    assert 0 < len(whole[0]) < 24


def test_tables_without_pages(tmp_path: Path) -> None:
    urls, report = kept([table(tmp_path, "a", []), table(tmp_path, "b", ONE[:1])], tmp_path / "s")
    assert urls == ["http://a.org/1"]
    assert report["copies"] == {"same_url": 0, "same_text": 0, "near": 0}
    assert kept([table(tmp_path, "c", [])], tmp_path / "t")[0] == []


def test_without_near_duplicates_equal_texts_still_go(tmp_path: Path) -> None:
    params = PagesConfig(near=NearDuplicates(enabled=False))
    tables = [table(tmp_path, "a", ONE, params), table(tmp_path, "b", TWO, params)]
    _, report = kept(tables, tmp_path / "s", params)
    assert report["copies"] == {"same_url": 2, "same_text": 1, "near": 0}


def test_precision_and_recall_on_the_microworld(project_root: Path, tmp_path: Path) -> None:
    """Of the pages that go, and of the copies in the ground truth, at least 98 % each; one page in three is a copy."""
    params = compose_conf(project_root, ["scale=smoke", "microworld.crawl.copies=0.33", "microworld.sets.instruct=40"])
    labels = ("crawl", "text", "benchmarks", "truth", "seed", "annotations", "instruct", "questions")
    made = {label: tmp_path / label for label in labels}
    make_world(params.microworld, made, tmp_path / "w", SERIAL)
    folder, report = make_pages([made["crawl"]], params.pages, tmp_path / "p", SERIAL)
    rows = read_parquet(made["truth"] / "pages.parquet").to_pylist()
    origin = {row["url"]: row["copy_of"] or row["url"] for row in rows if row["valid"]}
    urls = [url for path in shard_paths(folder) for url in read_parquet(path).column("url").to_pylist()]
    left = [url for url in urls if url in origin]  # a page that the truth calls broken may be readable
    found = {origin[url] for url in left}
    copies = len(origin) - len(set(origin.values()))
    assert copies > 100
    assert report["copies"]["near"] > 40
    gone = len(origin) - len(left)
    wrong = len(set(origin.values()) - found)  # originals of which no page is left
    assert 1 - wrong / gone >= 0.98
    assert 1 - (len(left) - len(found)) / copies >= 0.98
