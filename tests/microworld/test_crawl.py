"""The WARC files: every planted page and defect is there, in every markup, charset and encoding."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathmill.microworld.document import plain_text
from mathmill.microworld.pages import make_page
from mathmill.microworld.plan import world
from mathmill.microworld.sets import resembles, tokens


def members(path: Path) -> Iterator[bytes]:
    """The inflated gzip members of a file; the last one may be cut."""
    rest = path.read_bytes()
    while rest:
        stream = zlib.decompressobj(31)
        yield stream.decompress(rest)
        if not stream.eof:
            return
        rest = stream.unused_data


def header(record: bytes, name: bytes) -> bytes:
    """A field of a record's header block."""
    block = record.partition(b"\r\n\r\n")[0]
    found = [line.partition(b": ")[2] for line in block.split(b"\r\n") if line.lower().startswith(name.lower() + b":")]
    return found[0] if found else b""


def body(record: bytes) -> bytes:
    """The decoded body of a response."""
    http = record.partition(b"\r\n\r\n")[2]
    head, _, content = http.partition(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" in head:
        parts = []
        while content:
            size, _, content = content.partition(b"\r\n")
            length = int(size, 16)
            if length == 0:
                break
            parts.append(content[:length])
            content = content[length + 2 :]
        content = b"".join(parts)
    else:
        content = content[:-4]
    return gzip.decompress(content) if b"Content-Encoding: gzip" in head else content


def responses(made: Any) -> dict[str, list[bytes]]:
    """URL -> its responses."""
    found: dict[str, list[bytes]] = {}
    for part in sorted(made.out["crawl"].iterdir()):
        for record in members(part):
            if header(record, b"WARC-Type") == b"response":
                found.setdefault(header(record, b"WARC-Target-URI").decode(), []).append(record)
    return found


def test_every_row_of_truth_has_its_response(made: Any) -> None:
    found = responses(made)
    rows = {row["url"]: row for row in made.rows}
    assert set(found) == set(rows)
    for url, row in rows.items():
        revisits = row["captures"] - len(found[url])
        assert revisits == 0 or (revisits > 0 and "revisit" in row["oddities"])


def test_record_types_and_lengths(made: Any) -> None:
    kinds: Counter[bytes] = Counter()
    wrong = 0
    for part in sorted(made.out["crawl"].iterdir()):
        records = list(members(part))
        assert header(records[0], b"WARC-Type") == b"warcinfo"
        for record in records:
            kinds[header(record, b"WARC-Type")] += 1
            length = header(record, b"Content-Length")
            content = record.partition(b"\r\n\r\n")[2]
            wrong += not length or int(length) != len(content) - 4
    assert {b"request", b"response", b"metadata", b"revisit"} <= set(kinds)
    # Too short, too long, the garbage block, and the truncated last member.
    assert wrong == 4


def test_one_file_ends_inside_a_member(made: Any) -> None:
    cut = []
    for part in sorted(made.out["crawl"].iterdir()):
        rest, complete = part.read_bytes(), True
        while rest:
            stream = zlib.decompressobj(31)
            stream.decompress(rest)
            complete, rest = stream.eof, stream.unused_data
        cut.append(not complete)
    assert cut.count(True) == 1


def test_defects_and_oddities_are_planted(made: Any) -> None:
    odd = Counter(name for row in made.rows for name in row["oddities"])
    wanted = "gzip chunked mirror 404 redirect huge length_too_short length_too_long truncated revisit"
    assert not [name for name in wanted.split() if not odd[name]]
    assert {"utf-8", "euc-kr", "windows-1251"} <= {row["charset"] for row in made.rows}
    assert not any(row["valid"] for row in made.rows if row["genre"].startswith("extra/"))


def test_pages_decode_to_html_in_their_charset(made: Any) -> None:
    found = responses(made)
    for row in made.rows:
        if row["valid"]:
            text = body(found[row["url"]][0]).decode(row["charset"])
            assert "</html>" in text, row["url"]
            assert "\x02" not in text


def test_many_markup_families(made: Any) -> None:
    families = {row["markup"] for row in made.rows if row["is_math"]}
    assert len(families) >= 10, families
    assert all(row["formulas"] for row in made.rows if row["is_math"])
    assert not any(row["formulas"] for row in made.rows if not row["is_math"])


def test_copies_point_at_pages(made: Any) -> None:
    rows = {row["url"]: row for row in made.rows}
    copies = [row for row in made.rows if row["is_copy"]]
    assert copies
    for row in copies:
        original = rows[row["copy_of"]]
        assert not original["is_copy"]
        assert (original["is_math"], original["genre"]) == (row["is_math"], row["genre"])


def test_planted_pages_quote_and_lookalikes_do_not(made: Any) -> None:
    plan = world(made.config)
    questions = {item["id"]: " ".join(tokens(item["question"])) for item in plan.sets.benchmarks}
    truth = {row["url"]: row for row in made.rows}
    for (name, index), plant in plan.plants.items():
        page = make_page(plan, plan.hosts[name], index)
        lines = plain_text(page.document).split("\n\n")
        row = truth[page.url]
        assert row["lookalike"] == plant.lookalike
        if plant.lookalike:
            assert row["contaminated_by"] == []
            assert not any(resembles(line, plan.sets.protected) for line in lines)
        else:
            wanted = [plan.sets.benchmarks[item]["id"] for item in plant.items]
            assert row["contaminated_by"] == wanted
            assert all(any(questions[item] in " ".join(tokens(line)) for line in lines) for item in wanted)
    kinds = [plant.lookalike for plant in plan.plants.values()]
    assert kinds.count(True) == made.config.math.lookalikes
    assert kinds.count(False) == made.config.math.planted


def test_resembles_finds_long_and_short_items() -> None:
    protected = {("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"), ("sum", "1", "2")}
    assert resembles("x a b c d e f g h i j y", protected)
    assert resembles("what is the Sum $1 \\times 2$", protected)
    assert not resembles("a b c d e f g h i k", protected)
