"""Crawl files at addresses: the same bytes as from a local file, whatever the server does."""

import gzip
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mathmill.pages.config import PagesConfig
from mathmill.pages.remote import RemoteFile, Unreadable
from mathmill.pages.run import make_pages
from mathmill.pages.sources import crawl_files, shards_of
from mathmill.workflow.config import EngineConfig, FetchConfig
from mathmill.workflow.engine import read_manifest, shard_paths
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, read_parquet

from .conftest import make_record as record
from .conftest import member
from .web import Web, serving

SERIAL = EngineConfig(backend="serial", progress=False)
FETCH = FetchConfig(attempts=5, timeout=60.0, pause=0.01, block=50_000)
PARAMS = PagesConfig(max_bytes=100_000, prefix="")


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(web: Web) -> None:
    web.files.clear()
    web.troubles.clear()
    web.requests.clear()
    web.sent.clear()


def crawl_file(number: int, pages: int = 12) -> bytes:
    """A WARC file of a quarter of a million bytes: incompressible words."""
    rng = random.Random(number)
    bodies = []
    for page in range(pages):
        words = " ".join(rng.randbytes(4).hex() for _ in range(3000))
        bodies.append(f"<html><body><p>Page {page} of {number}: {words}</p></body></html>".encode())
    return b"".join(member(record(f"http://h{number}.org/{i}", body)) for i, body in enumerate(bodies))


def put(web: Web, folder: Path, count: int) -> list[Path]:
    """The same files on disk and on the server."""
    folder.mkdir()
    paths = []
    for number in range(count):
        paths.append(folder / f"part-{number}.warc.gz")
        paths[-1].write_bytes(crawl_file(number))
        web.files[f"crawl/{paths[-1].name}"] = paths[-1].read_bytes()
    return paths


@pytest.mark.parametrize("trouble", ["", "drop", "stall", "short", "busy"])
def test_the_same_bytes_whatever_the_server_does(web: Web, tmp_path: Path, trouble: str) -> None:
    paths = put(web, tmp_path / "crawl", 2)
    web.troubles = dict.fromkeys(web.files, trouble)
    here, local = make_pages(paths, PARAMS, tmp_path / "a", SERIAL, FETCH)
    addresses = [f"{web.address}/{name}" for name in web.files]
    fetch = replace(FETCH, timeout=1.0, attempts=30) if trouble == "stall" else FETCH
    there, remote = make_pages(addresses, PARAMS, tmp_path / "b", SERIAL, fetch)
    assert digest(here) == digest(there)
    assert local == remote
    assert local["pages"] == 24
    assert all(count > 4 for count in web.requests.values())
    if not trouble:  # nothing is fetched twice: one probe byte, then each byte once
        assert web.sent == {name: len(data) + 1 for name, data in web.files.items()}


@pytest.mark.parametrize("trouble", ["gone", "half", "no_ranges"])
def test_a_broken_file_is_set_aside_and_counted(web: Web, tmp_path: Path, trouble: str) -> None:
    paths = put(web, tmp_path / "crawl", 3)
    web.troubles["crawl/part-1.warc.gz"] = trouble
    addresses = [f"{web.address}/{name}" for name in web.files]
    folder, report = make_pages(addresses, PARAMS, tmp_path / "b", SERIAL, FETCH)
    assert report["unreadable_file"] == ["part-1"]
    assert report["dropped"] == {"quarantined:unreadable_file": 1}
    assert report["pages"] == 24
    rest, _ = make_pages([paths[0], paths[2]], PARAMS, tmp_path / "a", SERIAL, FETCH)
    rows = [read_parquet(path).to_pylist() for path in shard_paths(folder)]
    assert [row for part in rows for row in part] == [
        row for path in shard_paths(rest) for row in read_parquet(path).to_pylist()
    ]


def test_too_many_broken_files_are_an_error_and_tried_again(web: Web, tmp_path: Path) -> None:
    put(web, tmp_path / "crawl", 3)
    names = list(web.files)
    web.troubles = {names[0]: "gone", names[1]: "gone"}
    addresses = [f"{web.address}/{name}" for name in names]
    with pytest.raises(UserError, match=r"2 of 3 files of the crawl cannot be read .*part-0.*run again"):
        make_pages(addresses, PARAMS, tmp_path / "b", SERIAL, FETCH)
    web.troubles.clear()
    before = web.requests[names[2]]
    _, report = make_pages(addresses, PARAMS, tmp_path / "b", SERIAL, FETCH)
    assert report["pages"] == 36
    assert report["unreadable_file"] == []
    assert web.requests[names[2]] == before  # what was read is not read again
    lines = read_manifest(tmp_path / "b" / "extracted")
    patient = replace(FETCH, timeout=99.0)
    make_pages(addresses, PARAMS, tmp_path / "b", SERIAL, patient)
    assert read_manifest(tmp_path / "b" / "extracted") == lines
    assert web.requests[names[2]] == before  # nor where only the patience changes


def test_lists_of_paths(web: Web, tmp_path: Path) -> None:
    paths = put(web, tmp_path / "crawl", 4)
    listed = "".join(f"crawl/{path.name}\n" for path in paths).encode()
    web.files["warc.paths.gz"] = gzip.compress(listed)
    found = crawl_files([f"{web.address}/warc.paths.gz"], web.address + "/", None, FETCH)
    assert found == [f"{web.address}/crawl/part-{number}.warc.gz" for number in range(4)]
    assert crawl_files([f"{web.address}/warc.paths.gz"], web.address, 2, FETCH) == [found[0], found[2]]
    plain = tmp_path / "some.paths"
    plain.write_bytes(listed + b"\nhttp://elsewhere.org/x.warc.gz\n")
    assert crawl_files([plain], str(tmp_path), None, FETCH) == [*paths, "http://elsewhere.org/x.warc.gz"]
    web.files["bad.paths.gz"] = b"\x1f\x8b no gzip"
    with pytest.raises(UserError, match=r"bad\.paths\.gz: not a list of paths"):
        crawl_files([f"{web.address}/bad.paths.gz"], "", None, FETCH)
    with pytest.raises(UserError, match=r"none\.paths: FileNotFoundError"):
        crawl_files([f"{web.address}/none.paths"], "", None, FETCH)


def test_file_addresses_and_seeking(tmp_path: Path) -> None:
    data = random.Random(0).randbytes(300_000)
    path = tmp_path / "x"
    path.write_bytes(data)
    with RemoteFile(path.as_uri(), FETCH) as file:
        assert file.read(10) == data[:10]
        assert file.seek(120_000) == 120_000
        assert file.read(5) == data[120_000:120_005]
        file.seek(-100, 2)
        assert file.read() == data[-100:]
        assert file.read(1) == b""
        file.seek(0)
        assert file.read() == data


def test_empty_and_missing_files(web: Web, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with RemoteFile((tmp_path / "empty").as_uri(), FETCH) as file:
        assert file.read() == b""
    with pytest.raises(Unreadable, match="FileNotFoundError"):
        RemoteFile(f"{web.address}/nothing", FETCH)
    assert web.requests["nothing"] == 1  # a plain answer needs no second try
    with pytest.raises(UserError, match=r"s3://.*pip install 'mathmill\[s3\]'"):
        RemoteFile("s3://bucket/x", FETCH)


def test_texts_of_wet_files(tmp_path: Path) -> None:
    def text(url: str, body: str, kind: str = "text/plain") -> bytes:
        data = body.encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        return member(head.encode() + data + b"\r\n\r\n")

    said = "If x < 3 and y > 2 then <b> is no tag here.\nПервая строка\n" * 3
    path = tmp_path / "crawl" / "part-0.warc.wet.gz"
    path.parent.mkdir()
    path.write_bytes(
        text("http://a.org/1", said)
        + text("http://a.org/2", "short")
        + text("http://a.org/3", "{}" * 99, "application/json")
    )
    folder, report = make_pages([path.parent], PARAMS, tmp_path / "s", SERIAL)
    (row,) = [row for part in shard_paths(folder) for row in read_parquet(part).to_pylist()]
    assert (row["url"], row["text"], row["warc"]) == ("http://a.org/1", said.strip(), path.name)
    assert report["dropped"] == {"empty": 1, "not_http": 1}


def test_a_file_named_twice_or_empty_is_refused(tmp_path: Path) -> None:
    full, empty = tmp_path / "a.warc", tmp_path / "b.warc"
    full.write_bytes(b"WARC/1.0")
    with pytest.raises(UserError, match=r"a\.warc: named 2 times"):
        crawl_files([tmp_path, full], "", None, FETCH)
    empty.touch()
    with pytest.raises(UserError, match=r"b\.warc: is empty"):
        crawl_files([tmp_path], "", None, FETCH)


def test_any_name_of_a_file_becomes_a_key(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("own \u00fc.warc.gz", "\u6570.wet.gz", "..warc")]
    keys = [shard.key for shard in shards_of(places)]
    assert keys == ["own__", "wet", "crawl"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", key) for key in keys)
