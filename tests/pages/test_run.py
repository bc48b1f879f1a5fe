"""The stage from WARC files to pages: every page accounted for, copies dropped, equal bytes each time."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mathmill.pages.config import NearDuplicates, PagesConfig
from mathmill.pages.extract import is_html
from mathmill.pages.run import make_pages
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import shard_paths
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, parquet_files, read_parquet
from mathmill.workflow.tables import PAGE

from .conftest import make_record as record

SERIAL = EngineConfig(backend="serial", progress=False)
PARAMS = PagesConfig(max_bytes=100_000)


def article(words: str, extra: str = "") -> bytes:
    text = f"This page is about {words}. " + f"It says a lot about {words}, with \\(x^2\\) and more. " * 5
    return f"<html><body><main><p>{text}</p>{extra}</main></body></html>".encode()


def run(warc: Path, scratch: Path, params: PagesConfig = PARAMS) -> tuple[list[dict], dict, Path]:
    folder, report = make_pages([warc.parent], params, scratch, SERIAL)
    rows = [row for path in shard_paths(folder) for row in read_parquet(path).to_pylist()]
    return rows, report, folder


def test_a_page(warc: Callable[..., Path], tmp_path: Path) -> None:
    rows, report, _ = run(warc(record("https://www.a.org/maths/page?id=3", article("sums"))), tmp_path / "s")
    (row,) = rows
    assert list(row) == PAGE().names
    assert (row["url"], row["host"], row["path"]) == ("https://www.a.org/maths/page?id=3", "a.org", "/maths/page?id=3")
    assert (row["lang"], row["warc"], row["offset"]) == ("en", "part-00000.warc.gz", 0)
    assert "$x^2$" in row["text"]
    assert report["pages"] == report["extracted"] == report["responses"] == 1
    assert report["charsets"] == {"utf-8": 1}


def test_every_record_is_accounted_for(warc: Callable[..., Path], tmp_path: Path) -> None:
    huge = article("size", "x" * 50_000_000)
    path = warc(
        record("http://a.org/ok", article("primes")),
        record("http://a.org/404", article("nothing"), status="404 Not Found"),
        record("http://a.org/moved", b"", status="301 Moved"),
        record("http://a.org/pdf", b"%PDF-1.4 text", "application/pdf"),
        record("http://a.org/fake", b"%PDF-1.4 text"),
        record("http://a.org/txt", b"plain text", "text/plain"),
        record("http://a.org/blank", b"  "),
        record("http://a.org/short", b"<p>short</p>"),
        record("http://a.org/huge", huge),
        record("http://a.org/gzip", b"no gzip", headers="Content-Encoding: gzip\r\n"),
        record("mailto:x", article("mail")),
        record("http://a.org/long", article("lengths"), length=60_000),
        record("http://a.org/last", article("fractions")),
    )
    rows, report, _ = run(path, tmp_path / "s")
    assert [row["url"] for row in rows] == ["http://a.org/ok", "http://a.org/last"]
    assert report["dropped"] == {
        "status_not_200": 2,
        "not_html": 3,
        "empty": 2,
        "too_large": 1,
        "undecodable": 1,
        "bad_url": 1,
        "wrong_length": 1,
    }
    assert report["responses"] == 13


def test_too_many_tags(warc: Callable[..., Path], tmp_path: Path) -> None:
    path = warc(record("http://a.org/1", article("tags", "<b>x</b>" * 60)), record("http://a.org/2", article("none")))
    rows, report, _ = run(path, tmp_path / "s", PagesConfig(max_tags=100))
    assert len(rows) == 1
    assert report["dropped"] == {"too_many_tags": 1}


def test_copies(warc: Callable[..., Path], tmp_path: Path) -> None:
    one, other = article("triangles and circles"), article("integrals and series")
    path = warc(
        record("http://a.org/x?utm_source=mail", one, date="2024-01-01T00:00:00Z"),
        record("http://www.a.org/x", one, date="2024-05-01T00:00:00Z"),
        record("http://mirror.org/copies/of/x", one),
        record("http://mirror.org/edited", one.replace(b"says a lot", b"says rather a lot", 1)),
        record("http://a.org/y", other),
    )
    rows, report, _ = run(path, tmp_path / "s")
    assert [row["url"] for row in rows] == ["http://www.a.org/x", "http://a.org/y"]
    assert report["copies"] == {"same_url": 1, "same_text": 1, "near": 1}


def test_copies_across_files(warc: Callable[..., Path], tmp_path: Path) -> None:
    warc(record("http://long-name.org/x", article("copies")), name="part-00000.warc.gz")
    path = warc(record("http://a.org/x", article("copies")), name="part-00001.warc.gz")
    rows, _, folder = run(path, tmp_path / "s")
    assert [row["url"] for row in rows] == ["http://a.org/x"]
    assert len(parquet_files(folder)) == 2  # a file that lost all its pages is an empty table, not a hole


@pytest.mark.parametrize(
    ("survivor", "kept"), [("shortest_url", "http://a.org/x"), ("longest_text", "http://b.org/longer")]
)
def test_the_survivor_is_configured(warc: Callable[..., Path], tmp_path: Path, survivor: str, kept: str) -> None:
    longer = article("survival").replace(b"</main>", b"<p>one more sentence</p></main>")
    path = warc(record("http://a.org/x", article("survival")), record("http://b.org/longer", longer))
    rows, _, _ = run(path, tmp_path / "s", PagesConfig(survivor=survivor))
    assert [row["url"] for row in rows] == [kept]


def test_near_duplicates_can_stay(warc: Callable[..., Path], tmp_path: Path) -> None:
    path = warc(
        record("http://a.org/x", article("one")), record("http://b.org/x", article("one").replace(b"with", b"and", 1))
    )
    rows, _, _ = run(path, tmp_path / "s", PagesConfig(near=NearDuplicates(enabled=False)))
    assert len(rows) == 2


def test_equal_bytes_wherever_the_crawl_lies(warc: Callable[..., Path], tmp_path: Path) -> None:
    for number in range(3):
        path = warc(
            *(record(f"http://h{number}.org/{n}", article(f"topic {number * 10 + n} of many")) for n in range(4)),
            name=f"part-{number}.warc.gz",
        )
    moved = tmp_path / "elsewhere"
    shutil.copytree(path.parent, moved)
    first, _ = make_pages([path.parent], replace(PARAMS, crawl=["crawl"]), tmp_path / "a", SERIAL)
    second, _ = make_pages([moved], replace(PARAMS, crawl=["elsewhere"]), tmp_path / "b", SERIAL)
    assert digest(first) == digest(second)


def test_files_of_one_name(warc: Callable[..., Path], tmp_path: Path) -> None:
    path = warc(record("http://a.org/x", article("names")))
    twin = tmp_path / "crawl" / "below" / path.name
    twin.parent.mkdir()
    twin.write_bytes(path.read_bytes())
    folder, report = make_pages([tmp_path / "crawl"], PARAMS, tmp_path / "s", SERIAL)
    assert report["files"] == 2
    assert len(parquet_files(folder)) == 2


def test_no_warc_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"pages\.crawl"):
        make_pages([tmp_path], PARAMS, tmp_path / "s", SERIAL)


@pytest.mark.parametrize(
    ("content_type", "body", "answer"),
    [
        ("text/html", b"anything", True),
        ("application/xhtml+xml; charset=x", b"<?xml", True),
        ("text/html", b"%PDF-1.5", False),
        ("", b"<!DOCTYPE html><p>x", True),
        ("", b"just words", False),
        ("image/png", b"<html>", False),
    ],
)
def test_is_html(content_type: str, body: bytes, answer: bool) -> None:
    assert is_html(content_type, body) is answer
