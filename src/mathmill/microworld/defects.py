"""What is broken in a real crawl: wrong lengths, garbage between records, a huge page, a truncated last member."""

import random
from typing import Any

from mathmill.microworld.http import answer
from mathmill.microworld.pages import everyday_page_html
from mathmill.microworld.plan import Host, World
from mathmill.microworld.rng import stream
from mathmill.microworld.warc import member, page_headers, record

_HUGE_LEVEL = 6


def _row(host: Host, url: str, kind: str) -> dict[str, Any]:
    return {
        "url": url, "host": host.name, "is_math": False, "genre": f"extra/{kind}", "lang": "en", "copy_of": None,
        "is_copy": False, "contaminated_by": [], "lookalike": False, "accidental": 0, "formulas": [], "markup": "",
        "charset": "utf-8", "valid": False, "status": 200, "oddities": [kind], "captures": 1,
    }  # fmt: skip


def _response(world: World, url: str, name: str, http: bytes, length: int | None = None) -> bytes:
    headers = page_headers(url, (world.config.seed, url, name, "response"), "application/http; msgtype=response")
    return record("response", headers, http, length)


def garbage(rng: random.Random) -> bytes:
    """A gzip member of its own that holds no record: a header block of nonsense."""
    return member(
        b"WARC/1.1\r\nWARC-Ty\x00pe response\r\n" + rng.randbytes(80) + b"\r\n\r\n" + b"\xff" * 40 + b"\r\n\r\n"
    )


def huge_page(size: int, rng: random.Random) -> bytes:
    """The HTML of a page of at least `size` bytes: a log that somebody put on a web server."""
    start = b"<html><head><title>log</title></head><body><h1>access log</h1>\n"
    line = b"<p>%012x GET /index.html 200 ok cache miss upstream 10.0.0.%d</p>\n"
    rows = [line % (rng.getrandbits(48), rng.randint(1, 254)) for _ in range(2000)]
    block = b"".join(rows)
    return start + block * (size // len(block) + 1) + b"</body></html>\n"


def defects(world: World) -> tuple[list[bytes], bytes, list[dict[str, Any]]]:
    """Groups of members for the middle of the files, the member to be truncated at the end of one, rows of truth."""
    config = world.config.crawl
    rng = stream(world.config.seed, "defects")
    hosts = [host for host in world.hosts.values() if not any(s.is_math for s in host.kind.sections)]
    host = hosts[0]
    base = f"{host.scheme}://{host.name}/archive"
    groups: list[bytes] = []
    rows: list[dict[str, Any]] = []

    def http(name: str) -> bytes:
        genre = host.kind.sections[0].genre
        body = everyday_page_html(genre, stream(world.config.seed, "defect", name)).encode()
        return answer(200, "text/html; charset=utf-8", body, rng)

    if config.huge_page_bytes:
        body = huge_page(config.huge_page_bytes, rng)
        whole = answer(200, "text/html; charset=utf-8", body, rng)
        groups.append(member(_response(world, f"{base}/huge.html", "huge", whole), _HUGE_LEVEL))
        rows.append(_row(host, f"{base}/huge.html", "huge"))
    if not config.broken_records:
        return groups, b"", rows
    for name, change in (("too_short", -200), ("too_long", 300)):
        content = http(name)
        groups.append(member(_response(world, f"{base}/{name}.html", name, content, len(content) + change)))
        rows.append(_row(host, f"{base}/{name}.html", f"length_{name}"))
    groups.append(garbage(rng))
    last = member(_response(world, f"{base}/truncated.html", "truncated", http("truncated")))
    rows.append(_row(host, f"{base}/truncated.html", "truncated"))
    return groups, last[: len(last) * 3 // 5], rows
