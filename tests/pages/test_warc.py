"""Every sound response is read, whatever stands around it; every broken one is counted."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mathmill.pages.sources import is_crawl_file
from mathmill.pages.warc import Broken, Response, next_record, responses

from .conftest import make_record as record
from .conftest import member

LIMIT = 1000


def read(path: Path) -> list[tuple[str, str | None]]:
    return [
        ("broken", None) if isinstance(item, Broken) else (item.url.removeprefix("http://a/"), item.problem)
        for item in responses(path, LIMIT)
    ]


def page(name: str) -> bytes:
    return record(f"http://a/{name}", f"<p>hello {name}</p>".encode())


def test_reads_what_a_response_says(warc: Callable[..., Path]) -> None:
    path = warc(record("http://a/1", b"<p>x</p>", "text/html; charset=gbk", headers="X: y\r\n"))
    (found,) = responses(path, LIMIT)
    assert isinstance(found, Response)
    assert (found.url, found.offset, found.status, found.charset, found.body) == (
        "http://a/1",
        0,
        200,
        "gbk",
        b"<p>x</p>",
    )
    assert found.content_type == "text/html"


def test_other_record_types_are_passed_over(warc: Callable[..., Path]) -> None:
    path = warc(record("http://a/r", b"GET", kind="request"), page("1"), record("http://a/m", b"m", kind="metadata"))
    assert read(path) == [("1", None)]


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("length", [100, 1000, 0])
def test_a_wrong_length_costs_only_its_own_record(tmp_path: Path, length: int, compressed: bool) -> None:
    wrong = record("http://a/w", b"<p>wrong length</p>" * 10, length=length)
    path = tmp_path / "x.warc"
    path.write_bytes(
        b"".join(member(data) if compressed else data for data in (page("1"), wrong, page("2"), page("3")))
    )
    found = read(path)
    assert [item for item in found if item[1] is None and item[0] != "broken"] == [
        ("1", None),
        ("2", None),
        ("3", None),
    ]
    assert found[1][0] == "w"
    assert found[1][1] in ("wrong_length", "truncated", "not_http")


@pytest.mark.parametrize("length", ["abc", -5])
def test_a_length_that_is_no_number(warc: Callable[..., Path], length: int | str) -> None:
    path = warc(page("1"), record("http://a/w", b"x", length=length), page("2"))
    assert read(path) == [("1", None), ("w", "not_http"), ("2", None)]


def test_a_truncated_last_member(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    noise = bytes(random.Random(0).randbytes(600)).hex().encode()
    path.write_bytes((member(page("1")) + member(record("http://a/t", noise)))[:-200])
    assert read(path) == [("1", None), ("t", "truncated")]


@pytest.mark.parametrize("compressed", [True, False])
def test_a_cut_in_a_record_of_another_type_is_counted(tmp_path: Path, compressed: bool) -> None:
    """A crawl has a request and a metadata record beside each response: most cuts fall behind a whole response."""
    noise = bytes(random.Random(0).randbytes(600)).hex().encode()
    write = member if compressed else bytes
    parts = [write(record("http://a/r", noise, kind=kind)) for kind in ("request", "response", "request")]
    path = tmp_path / "x.warc.gz"
    borders = {0, len(parts[0]), len(parts[0] + parts[1]), len(b"".join(parts))}
    for cut in range(40, len(b"".join(parts)), 37):
        path.write_bytes(b"".join(parts)[:cut])
        faults = [name for name, problem in read(path) if name == "broken" or problem]
        assert faults or cut in borders, cut


@pytest.mark.parametrize(
    "rubbish", [member(b"no record at all\r\n"), b"neither gzip nor warc", member(page("x"))[:40], member(b"")]
)
def test_rubbish_between_records(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(member(page("1")) + rubbish + member(page("2")) + member(page("3")))
    found = read(path)
    assert [name for name, problem in found if name != "broken"] == ["1", "2", "3"]
    assert sum(name == "broken" for name, _ in found) <= 1


def test_rubbish_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(member(page("1")) + b"rubbish" + member(page("2")) + b"\x00" * 50 + member(page("3")))
    assert read(path) == [("1", None), ("broken", None), ("2", None), ("broken", None), ("3", None)]


def test_a_file_of_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"rubbish" * 1000)
    assert read(path) == [("broken", None)]
    path.write_bytes(b"")
    assert read(path) == []


def test_a_header_without_end(warc: Callable[..., Path]) -> None:
    path = warc(record("http://a/h", b"x", headers="X: " + "a" * 200_000 + "\r\n"), page("2"))
    assert read(path) == [("broken", None), ("2", None)]


def test_a_body_over_the_limit_is_cut_and_the_next_is_whole(warc: Callable[..., Path]) -> None:
    path = warc(record("http://a/big", b"<p>" + b"x" * 100_000), page("2"))
    found = list(responses(path, LIMIT))
    assert [len(item.body) for item in found if isinstance(item, Response)] == [LIMIT + 1, len(b"<p>hello 2</p>")]


def test_chunked_and_compressed_bodies_do_not_end_the_file(warc: Callable[..., Path]) -> None:
    """fastwarc's own decoding ends the file here: see body.py."""
    body = member(b"<p>both</p>")
    chunked = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    both = "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
    path = warc(record("http://a/1", chunked, headers=both), page("2"), page("3"))
    found = list(responses(path, LIMIT))
    assert [item.body for item in found if isinstance(item, Response)] == [
        b"<p>both</p>",
        b"<p>hello 2</p>",
        b"<p>hello 3</p>",
    ]


def test_next_record_is_not_fooled_by_the_gzip_magic(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    first = member(page("1"))
    path.write_bytes(first + b"\x1f\x8b\x08 not a member" + member(page("2")))
    with open(path, "rb") as handle:
        found = next_record(handle, 1)
    assert found == len(first) + len(b"\x1f\x8b\x08 not a member")


def test_names() -> None:
    for name in ("a.warc", "a.warc.gz", "a.warc.wet.gz", "a.wet"):
        assert is_crawl_file(name)
    assert not is_crawl_file("a.gz")
