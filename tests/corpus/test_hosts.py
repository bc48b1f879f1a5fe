"""Hosts over the limit, the prefixes that a person is shown, and the pages that grow the seed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mathmill.corpus.discover import candidates, discover_shard
from mathmill.corpus.hosts import count_hosts, flagged, merge_hosts, prefix_at
from mathmill.corpus.tables import KEPT
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_parquet, write_parquet
from mathmill.workflow.tables import HOST, PAGE, SCORE

ROWS = [
    ("http://a.org/maths/1", "a.org", "/maths/1"),
    ("http://a.org/maths/2", "a.org", "/maths/2"),
    ("http://a.org/mathsy/3", "a.org", "/mathsy/3"),
    ("http://a.org/news/4", "a.org", "/news/4"),
    ("http://b.org/maths/5", "b.org", "/maths/5"),
    ("http://b.org/", "b.org", "/"),
    ("http://b.org/about", "b.org", "/about"),
]
KEPT_URLS = {"http://a.org/maths/1"}


def discover(folder: Path, rows: list[tuple[str, str, str]], hosts: list[str], marked: list[str], samples: int) -> Path:
    """The output of a shard that holds `rows`, of which KEPT_URLS were collected."""
    pages = [
        {"url": url, "host": host, "path": path, "lang": "en", "text": f"# Page {url[-1]}\nSo $x^{n}$.", "warc": "w"}
        | {"offset": 0}
        for n, (url, host, path) in enumerate(rows)
    ]
    scores = [{"url": row["url"], "score": 0.25, "tokens": 3} for row in pages]
    write_parquet(folder / "pages.parquet", pages, PAGE())
    write_parquet(folder / "scores.parquet", scores, SCORE())
    kept = [row for row in scores if row["url"] in KEPT_URLS]
    write_parquet(folder / "cut" / "kept.parquet", kept, KEPT())
    write_parquet(folder / "flagged.parquet", [{"host": host, "pages": 1, "kept": 1} for host in hosts], HOST())
    shard = Shard("s", tuple(folder / name for name in ("pages.parquet", "scores.parquet", "cut", "flagged.parquet")))
    params = {"marked": marked, "depth": 1, "samples": samples, "chars": 40}
    guard: PageGuard = None  # type: ignore[assignment]  # no page can hang here
    discover_shard(shard, params, folder / "out", guard)
    return folder / "out"


def growth(folder: Path, hosts: list[str], marked: list[str]) -> list[str]:
    out = discover(folder, ROWS, hosts, marked, 1)
    return [url[-1] for url in read_parquet(out / "seed_growth.parquet").column("id").to_pylist()]


def test_hosts_are_counted_and_counts_add_up() -> None:
    hosts = pa.chunked_array([pa.array([host for _, host, _ in ROWS])])
    kept = np.array([url in KEPT_URLS for url, _, _ in ROWS])
    whole = count_hosts(hosts, kept)
    assert whole.to_pylist() == [{"host": "a.org", "pages": 4, "kept": 1}, {"host": "b.org", "pages": 3, "kept": 0}]
    parts = [count_hosts(hosts.slice(0, 3), kept[:3]), count_hosts(hosts.slice(3), kept[3:])]
    assert merge_hosts(parts).equals(whole)
    assert merge_hosts(reversed(parts)).equals(whole)


def test_more_than_the_share_is_needed() -> None:
    table = pa.table({"host": ["at", "over"], "pages": [10, 9], "kept": [1, 1]})
    assert flagged(table, 0.1).column("host").to_pylist() == ["over"]


def test_growth_is_marked_flagged_and_not_collected(tmp_path: Path) -> None:
    assert growth(tmp_path, ["a.org", "b.org"], ["a.org/maths", "b.org/maths"]) == ["2", "5"]
    assert growth(tmp_path, ["a.org"], ["a.org/maths", "b.org/maths"]) == ["2"]
    assert growth(tmp_path, ["a.org", "b.org"], ["b.org"]) == ["5", "/", "t"]
    assert growth(tmp_path, ["a.org"], ["a.org/math"]) == []  # a prefix ends at a step of the path


def test_prefixes() -> None:
    assert prefix_at("a.org", "/maths/1", 1) == "a.org/maths"
    assert prefix_at("a.org", "/maths/x/1", 2) == "a.org/maths/x"
    assert prefix_at("a.org", "/maths/x/1", 1) == "a.org/maths"
    assert prefix_at("a.org", "/1", 1) == "a.org"
    assert prefix_at("a.org", "/", 1) == "a.org"
    assert prefix_at("a.org", "/forum/view.php?t=1", 1) == "a.org/forum"


def test_candidates_list_flagged_hosts_with_samples(tmp_path: Path) -> None:
    (host,) = candidates([discover(tmp_path, ROWS, ["a.org"], [], 1)], 1)
    assert host["host"] == "a.org"
    found = {row["prefix"]: (row["pages"], row["kept"], len(row["samples"])) for row in host["prefixes"]}
    assert found == {"a.org/maths": (2, 1, 1), "a.org/mathsy": (1, 0, 1), "a.org/news": (1, 0, 1)}
    assert host["prefixes"][0]["prefix"] == "a.org/maths"  # most pages first
    (sample,) = host["prefixes"][2]["samples"]
    assert sample == {
        "url": "http://a.org/news/4",
        "score": 0.25,
        "kept": False,
        "title": "Page 4",
        "formulas": ["x^3"],
    }


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_candidates_do_not_depend_on_the_shards(tmp_path: Path, parts: int) -> None:
    whole = candidates([discover(tmp_path / "w", ROWS, ["a.org", "b.org"], [], 2)], 2)
    outs = [discover(tmp_path / str(n), ROWS[n::parts], ["a.org", "b.org"], [], 2) for n in range(parts)]

    def shown(listed: list[dict]) -> list[tuple]:
        return [
            (row["prefix"], row["pages"], row["kept"], [sample["url"] for sample in row["samples"]])
            for host in listed
            for row in host["prefixes"]
        ]

    assert shown(candidates(outs, 2)) == shown(whole)
