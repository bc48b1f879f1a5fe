"""Fuzzing of stage pages: mutated HTML pages and WARC records, and hostile pages; every one must be accounted for.

    python benchmarks/fuzz_pages.py --count 20000 [--warc FILE ...]

Half of the count are HTML pages with their bytes mutated, half are records of WARC files with theirs. All go through
the stage's own function; times are of the processor. Pages come from the markup kinds below and from WARC
files if given. Prints JSON: what came of the pages by reason, the slowest; exits with 1 where one is unaccounted for.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathmill.pages.config import PagesConfig
from mathmill.pages.extract import write_pages
from mathmill.pages.warc import Response, responses
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import PageGuard

PARAMS = PagesConfig(max_bytes=2_000_000)
_LIMIT = 10 * EngineConfig().page_timeout  # of the clock, which runs on while others have the processor
_RECORDS = 50  # in a mutated WARC file

_HEAD = (
    "<!doctype html><html><head><title>T</title><style>p {}</style><script type='text/x-mathjax-config'>MathJax.Hub."
    'Config({tex2jax: {inlineMath: [["$","$"], ["@@","@@"]]}});</script></head><body><nav><ul><li><a href="/">Home</a>'
    "</li></ul></nav><main><h1>A page of the fuzzer with formulas</h1><p>Its opening paragraph is long enough.</p>"
)
PARTS = [
    r"<p>Let <script type='math/tex; mode=display'>\frac{a}{b} < c</script> and \(x<y\) and $z_1$ or $$\sum x$$.</p>",
    '<p><span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation'
    ' encoding="application/x-tex">'
    'x^2</annotation></semantics></math></span><span class="katex-html">x2</span></span></p>',
    "<p><math><mfrac><msqrt><mi>a</mi></msqrt><mrow><mo>(</mo><mtable><mtr><mtd><mi>b</mi></mtd></mtr></mtable><mo>)</mo"
    ">"
    "</mrow></mfrac></math> <mml:math><mml:mi>&alpha;</mml:mi></mml:math></p>",
    '<p><span class="mwe-math-element"><span style="display: none;"><math'
    ' alttext="{\\displaystyle E}"><mi>E</mi></math>'
    '</span><img class="mwe-math-fallback-image-inline" alt="{\\displaystyle E}"></span></p>',
    '<p><img class="latex" src="https://s0.wp.com/latex.php?latex=%5Cfrac%7B1%7D%7B2%7D"'
    ' alt="x"> <noscript><img alt="$x$">'
    '</noscript> <span data-tex="a&lt;b">junk</span> H<sub>2</sub>O x<sup>2<sup>3</sup></sup></p>',
    "<pre><code>def f(x):\n    return '$x$'</code></pre><ul><li>One <b>item</b></li><li>Two \\[y\\]</li></ul>",
    "<table><tr><th>n</th><th>x</th></tr><tr><td><p>1</p></td><td>[tex]x[/tex]</td></tr></table><!-- a comment -->",
    '<div class="spoiler"><b>Hint</b><div style="display:none"><p>Think of'
    " \\begin{align}a&amp;=b\\end{align}</p></div></div>"
    "<details><summary>Show</summary>It is 42.</details>",
    '<mjx-container><svg aria-label="x plus 1"></svg></mjx-container><script>var s ='
    ' "</p>";</script><figure>F</figure>',
]
TOKENS = [
    b"<",
    b">",
    b'"',
    b"'",
    b"&",
    b"$",
    b"$$",
    b"\\(",
    b"\\)",
    b"\\[",
    b"<!--",
    b"-->",
    b"<math>",
    b"</math>",
    b"<ul>",
    b"<script>",
    b"</script>",
    b"<sup>",
    b"\x00",
    b"\xff",
    b"\xee\x80\x80",
    b"<p",
    b"</",
    b"&#",
    b"\\begin{align}",
    b"<td>",
    b"{",
    b"}",
    b"[tex]",
    b"`",
    b"%",
    b"\r\n\r\n",
    b"WARC/1.0\r\n",
    b"Content-Length: 9\r\n",
    b"0\r\n\r\n",
    b"hidden",
    b"display:none",
    b"class=math ",
    b"data-tex=",
]


def page(rng: random.Random) -> bytes:
    """A page of several kinds of markup."""
    parts = rng.choices(PARTS, k=rng.randint(2, 8))
    return (_HEAD + "".join(parts) + "</main><footer>Copyright</footer></body></html>").encode()


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The bytes with 1 to 30 changes: bytes flipped, pieces cut out, doubled, moved, and tokens of markup put in."""
    content = bytearray(data)
    for _ in range(rng.randint(1, 30)):
        at, size = rng.randrange(len(content) + 1), rng.choice((1, 2, 8, 60, 400))
        change = rng.randrange(6)
        if change == 0 and at < len(content):
            content[at] = rng.randrange(256)
        elif change == 1:
            del content[at : at + size]
        elif change == 2:
            content[at:at] = content[at : at + size] * rng.choice((1, 1, 30))
        elif change == 3:
            piece = content[at : at + size]
            del content[at : at + size]
            other = rng.randrange(len(content) + 1)
            content[other:other] = piece
        else:
            content[at:at] = rng.choice(TOKENS) * rng.choice((1, 1, 1, 200))
    return bytes(content)


def hostile() -> dict[str, str]:
    """Pages that are made to exhaust time, memory or the stack; each just within the limits of the stage."""
    units = {
        "divs": "<div>",
        "bold": "<b>",
        "tables": "<table><tr><td>",
        "mathml": "<math><mrow>",
        "fractions": "<mfrac>",
        "lists": "<ul><li>",
        "links": "<ul><li><a href=x>",
        "scripts": "<script type=math/tex>",
        "comments": "<!-- >",
        "katex": '<span class="katex">',
        "sup": "<sup>",
        "sup in sup": "<sup>a<sub>b",
        "noscript": "<noscript><img alt=$x$>",
        "open tags": "<img ",
        "open links": "<a <p <td ",
        "stray quotes": '<img alt=\'x" src="> ',
        "code": "<code>$",
        "dollars": "$",
        "dollar signs": "$ x ",
        "parentheses": "\\(",
        "brackets": "\\[ x ",
        "environments": "\\begin{align}x",
        "forum": "[tex]",
        "entities": "&lt;",
        "numeric entities": "&#x3c;&#92;",
        "names": "&amp;amp;",
        "hidden": "hidden ",
        "none": '<p style="display:none">',
        "annotations": "<annotation ",
        "tex annotations": "<math><annotation encoding=tex>",
        "menus": "<nav><ul>",
        "cells": "<td><p>",
        "rows": "<tr><td>\\(x\\)</td></tr>",
        "marks": "class=math ",
        "pre": "<pre>",
        "mathjax": "<span class=MathJax data-mathml='<math>'>",
        "words": "x ",
        "asciimath": "`(",
        "wikipedia": "<span class=mwe-math-element>",
        "braces": "{",
        "breaks": "<br>",
        "backslashes": "\\",
    }
    pages = {}
    for name, unit in units.items():
        count = min(1_500_000 // len(unit), 90_000 // max(1, unit.count("<")))
        start = "<script>MathJax={tex:{inlineMath:[['$','$']]}}; AM_ </script>" if unit[0] in "$`" else ""
        pages[name] = f"{start}<p>A page that is made to hurt, with \\(x\\).</p>{unit * count}"
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    pages["entity bomb"] = f'<!DOCTYPE html [<!ENTITY a0 "lol">{bomb}]><p>A page with \\(x\\) and a bomb: &a9;</p>'
    pages["huge attribute"] = f'<p title="{"x" * 1_900_000}">A page with \\(x\\) that says enough to count.</p>'
    pages["huge data attribute"] = (
        f'<p data-tex="{"x^2 " * 400_000}">A page with \\(x\\) that says enough to count.</p>'
    )
    pages["huge script"] = (
        f"<script type='math/tex'>{'x^2 ' * 450_000}</script><p>A page with \\(x\\) and more text.</p>"
    )
    pages["huge formula"] = f"<p>A page that says enough.</p><math>{'<mi>x</mi><mo>+</mo>' * 20_000}</math>"
    pages["deep fraction"] = (
        "<math>" + "<mfrac><mn>1</mn>" * 20_000 + "</mfrac>" * 20_000 + "</math><p>And some more text.</p>"
    )
    pages["one line"] = "word " * 390_000
    return pages


def account(items: list[Any], out: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Run the stage's function over responses; its statistics, and the pages that were set aside by reason."""
    guard = PageGuard(_LIMIT)
    return write_pages(iter(items), "fuzz.warc", PARAMS, out, guard), dict(guard.quarantined)


def response(number: int, body: bytes, rng: random.Random) -> Response:
    """A response as the WARC reader gives it."""
    charset = rng.choice((None, "utf-8", "gb18030", "windows-1252", "no-such-charset", "utf-16"))
    url = f"http://fuzz.example/{number}"
    return Response(url, number, "2024-01-01T00:00:00Z", 200, "text/html", charset, body, None)


def warc(rng: random.Random, sources: list[bytes]) -> bytes:
    """A WARC file of some records, one gzip member each; about half of the records are mutated, some members too."""
    out = []
    for number in range(_RECORDS):
        body = rng.choice(sources) if sources and rng.random() < 0.5 else page(rng)
        payload = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://fuzz.example/{number}\r\nWARC-Date: "
            "2024-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        record = head.encode() + payload + b"\r\n\r\n"
        if rng.random() < 0.6:
            record = mutate(record, rng)
        member = gzip.compress(record, 1, mtime=0)
        out.append(mutate(member, rng) if rng.random() < 0.1 else member)
    return b"".join(out)


def batches(count: int, seed: int, sources: list[bytes], folder: Path) -> Iterator[tuple[str, int, list[Any]]]:
    """Kind, how many pages or records went in, and what the stage gets of them."""
    rng = random.Random(seed)
    for start in range(0, count // 2, _RECORDS):
        bodies = [
            mutate(rng.choice(sources) if sources and rng.random() < 0.3 else page(rng), rng) for _ in range(_RECORDS)
        ]
        yield "html", _RECORDS, [response(start + n, body, rng) for n, body in enumerate(bodies)]
        path = folder / "fuzz.warc.gz"
        path.write_bytes(warc(rng, sources))
        yield "records", _RECORDS, list(responses(path, PARAMS.max_bytes))


def fuzz(count: int, seed: int, sources: list[bytes], folder: Path) -> dict[str, Any]:
    """Run `count` mutated pages and records; how many went in, what came of them, and what is unaccounted for."""
    outcome: Counter[str] = Counter()
    went_in: Counter[str] = Counter()
    unaccounted = 0
    slowest = 0.0
    for kind, size, items in batches(count, seed, sources, folder):
        began = time.process_time()
        stats, aside = account(items, folder / "out.parquet")
        slowest = max(slowest, time.process_time() - began)
        went_in[kind] += size
        outcome.update({f"{kind}: page": stats["pages"]})
        outcome.update({f"{kind}: {reason}": number for reason, number in {**stats["dropped"], **aside}.items()})
        unaccounted += abs(len(items) - stats["pages"] - sum(stats["dropped"].values()) - sum(aside.values()))
    return {
        "went_in": dict(went_in),
        "came_out": dict(sorted(outcome.items())),
        "unaccounted": unaccounted,
        "slowest_batch_cpu_s": round(slowest, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="mutated pages and records together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--warc", type=Path, nargs="*", default=[], help="files whose pages are mutated too")
    given = parser.parse_args()
    found = [item for path in given.warc for item in responses(path, PARAMS.max_bytes)]
    sources = [item.body for item in found if isinstance(item, Response) and len(item.body) < 20_000]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = fuzz(given.count, given.seed, sources, folder)
        seconds: dict[str, float] = {}
        outcomes: Counter[str] = Counter()
        for kind, html in hostile().items():
            began = time.process_time()
            item = response(0, html.encode(), random.Random(0))
            stats, aside = account([item], folder / "out.parquet")
            seconds[kind] = round(time.process_time() - began, 2)
            outcomes.update({"page": stats["pages"], **stats["dropped"], **aside})
    report["hostile"] = {"pages": len(seconds), "came_out": dict(outcomes)}
    report["hostile"]["slowest_cpu_s"] = dict(sorted(seconds.items(), key=lambda pair: -pair[1])[:8])
    print(json.dumps(report, indent=2))
    return 1 if report["unaccounted"] or sum(outcomes.values()) != len(seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
