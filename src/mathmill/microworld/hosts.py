"""All records of one host: its pages, their copies under other URLs, errors, redirects and files that are no pages."""

import random
from dataclasses import dataclass, field
from typing import Any

from mathmill.microworld.document import Document, plain_text
from mathmill.microworld.html import Look, make_look, write_page
from mathmill.microworld.http import Charset, answer, charset, encode, meta_tag
from mathmill.microworld.pages import Page, edited, make_page, some_title
from mathmill.microworld.plan import Host, World
from mathmill.microworld.rng import digest, stream
from mathmill.microworld.sets import resembles
from mathmill.microworld.warc import member, page_headers, record, request_bytes

_FILES = {
    "image": ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    "pdf": ("application/pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
    "json": ("application/json", b'{"status": "ok", "items": [1, 2, 3]}'),
    "text": ("text/plain; charset=utf-8", b"User-agent: *\nDisallow: /private/\n"),
    "feed": ("application/rss+xml", b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>'),
}
_EXTRAS = ("404", "404", "404", "500", "redirect", "redirect", "empty", "image", "pdf", "json", "text", "feed")


@dataclass
class Records:
    """What one host contributes: groups of gzip members that stay together, and a row of truth for every URL."""

    groups: list[bytes] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)


class HostWriter:
    """Writes the records of one host."""

    def __init__(self, world: World, host: Host) -> None:
        self.world, self.host = world, host
        self.seed = world.config.seed
        self.rng = stream(self.seed, host.name, "records")
        self.charset: Charset = charset(host.charset, host.declared)
        self.look = self._look(host, host.markup)
        self.out = Records()

    def _look(self, host: Host, markup: str) -> Look:
        rng = stream(self.seed, host.name, "look")
        return make_look(host.kind.site, markup, host.kind.lang, host.kind.sections[-1].genre, rng)

    def add(self, url: str, name: object, http: bytes, row: dict[str, Any] | None, *, note: bool = False) -> None:
        """Append request and response (and a metadata record) of one fetch."""
        names = (self.seed, self.host.name, name)
        level = self.world.config.crawl.gzip_level
        request = page_headers(url, (*names, "request"), "application/http; msgtype=request")
        response = page_headers(url, (*names, "response"), "application/http; msgtype=response")
        response["WARC-Payload-Type"] = "text/html"
        response["WARC-Block-Digest"] = "sha256:" + digest(http).hex()
        request["WARC-Concurrent-To"] = response["WARC-Record-ID"]
        parts = [record("request", request, request_bytes(url)), record("response", response, http)]
        if note:
            headers = page_headers(url, (*names, "metadata"), "application/warc-fields")
            parts.append(record("metadata", headers, b"fetchTimeMs: 312\r\ncharset-detected: none\r\n"))
        self.out.groups.append(b"".join(member(part, level) for part in parts))
        if row is not None:
            self.out.rows[url] = {"url": url, "host": url.partition("://")[2].partition("/")[0].lower(), **row}

    def html(
        self, page: Page, document: Document, url: str, look: Look, rng: random.Random, kind: Charset | None = None
    ) -> tuple[bytes, list[str]]:
        """The HTTP answer of a page and what is odd about it; kind: a charset other than the host's."""
        kind = kind or self.charset
        genres = [section.genre for section, _ in self.host.pages] or [page.section.genre]
        related = [some_title(rng.choice(genres), rng) for _ in range(rng.randint(3, 8))]
        text = write_page(document, look, url, meta_tag(kind), related, rng)
        content_type = "text/html" if kind.http is None else f"text/html; charset={kind.http}"
        gzipped, in_chunks = rng.random() < 0.35, rng.random() < 0.3
        odd = [name for name, is_so in (("gzip", gzipped), ("chunked", in_chunks)) if is_so]
        if kind.http is None and kind.meta is None:
            odd.append("undeclared_charset")
        if self.host.declared == "wrong_http":
            odd.append("wrong_charset")
        body = encode(text, kind)
        return answer(200, content_type, body, rng, gzipped=gzipped, in_chunks=in_chunks), odd

    def truth(
        self, page: Page, look: Look, odd: list[str], copy_of: str | None = None, kind: Charset | None = None
    ) -> dict[str, Any]:
        """The row of a page (or of its copy); kind: a charset other than the host's."""
        formulas = page.document.formulas
        return {
            "is_math": page.section.is_math,
            "genre": page.section.genre,
            "lang": page.lang,
            "copy_of": copy_of,
            "is_copy": copy_of is not None,
            "contaminated_by": [quote["benchmark"] for quote in page.quoted],
            "parts": [quote["part"] for quote in page.quoted],
            "lookalike": page.lookalike,
            "accidental": self._accidental(page) if page.section.is_math and not page.quoted else 0,
            "formulas": formulas,
            "markup": look.markup if formulas else "",
            "charset": (kind or self.charset).codec,
            "valid": True,
            "status": 200,
            "oddities": odd,
            "captures": 1,
        }

    def _accidental(self, page: Page) -> int:
        """Lines of a page that share a 10-gram (or a short text) with a benchmark without being planted."""
        return sum(resembles(line, self.world.sets.protected) for line in plain_text(page.document).split("\n\n"))

    def page(self, page: Page) -> None:
        """Write one page in the host's look; one page in six uses another markup of the host's kind."""
        rng = stream(self.seed, self.host.name, page.index, "html")
        markup = rng.choice(self.host.kind.markups) if rng.random() < 0.17 else self.host.markup
        look = self.look if markup == self.host.markup else self._look(self.host, markup)
        http, odd = self.html(page, page.document, page.url, look, rng)
        self.add(page.url, page.index, http, self.truth(page, look, odd), note=rng.random() < 0.1)

    def copy(self, number: int, page: Page) -> None:
        """Write a copy of a page: the same URL again, another URL of the same page, or a mirror with small edits."""
        rng = stream(self.seed, self.host.name, "copy", number)
        if page.host.name != self.host.name:
            return self._mirror(number, page, rng)
        url, document, look = other_url(page.url, rng), page.document, self.look
        if url == page.url:
            return self._again(number, page, rng)
        if "print" in url:
            document, look = edited(document, rng, page.questions), self._print_look()
        if url in self.out.rows:
            url += f"&copy={number}" if "?" in url else f"?copy={number}"
        http, odd = self.html(page, document, url, look, rng)
        self.add(url, f"copy{number}", http, self.truth(page, look, odd, page.url))
        return None

    def _print_look(self) -> Look:
        rng = stream(self.seed, self.host.name, "print")
        return make_look("plain", self.host.markup, self.host.kind.lang, self.host.kind.sections[-1].genre, rng)

    def _mirror(self, number: int, page: Page, rng: random.Random) -> None:
        url = f"{self.host.scheme}://{self.host.name}/mirror/{page.host.name.replace('.', '-')}/{number}.html"
        document = edited(page.document, rng, page.questions)
        markup = rng.choice([page.host.markup, "mathml", "parens"])
        look = make_look(self.host.kind.site, markup, page.lang, page.host.kind.sections[-1].genre, rng)
        copy = Page(page.host, page.index, page.section, url, document, page.quoted, page.lookalike)
        # A page in another language than the host's would lose its letters in the host's charset.
        kind = self.charset if page.lang == self.host.kind.lang else charset("utf-8", "both")
        http, odd = self.html(copy, document, url, look, rng, kind)
        self.add(url, f"mirror{number}", http, self.truth(copy, look, [*odd, "mirror"], page.url, kind))

    def _again(self, number: int, page: Page, rng: random.Random) -> None:
        """The same URL fetched a second time: a full response, or a revisit record without a body."""
        row = self.out.rows[page.url]
        row["captures"] += 1
        if rng.random() < 0.3:
            names = (self.seed, self.host.name, f"copy{number}", "revisit")
            headers = page_headers(page.url, names, "application/http; msgtype=response")
            headers["WARC-Profile"] = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
            http = answer(200, "text/html", b"", rng)
            self.out.groups.append(member(record("revisit", headers, http)))
            row["oddities"] = sorted({*row["oddities"], "revisit"})
            return
        http, _ = self.html(page, page.document, page.url, self.look, rng)
        self.add(page.url, f"copy{number}", http, None)

    def extra(self, number: int, page: Page) -> None:
        """A record that is no page: an error, a redirect, a file, an empty body."""
        rng = stream(self.seed, self.host.name, "extra", number)
        kind = rng.choice(_EXTRAS)
        base = f"{self.host.scheme}://{self.host.name}"
        url = f"{base}/{kind}/{rng.randint(1, 999)}-{number}"
        row: dict[str, Any] = {
            "is_math": False, "genre": f"extra/{kind}", "lang": page.lang, "copy_of": None, "is_copy": False,
            "contaminated_by": [], "lookalike": False, "accidental": 0, "formulas": [], "markup": "",
            "charset": "utf-8", "valid": False, "status": 200, "oddities": [kind], "captures": 1,
        }  # fmt: skip
        if kind in ("404", "500"):
            row["status"] = int(kind)
            text = f"<html><head><title>{kind}</title></head><body><h1>{kind}</h1><p>Not here.</p></body></html>"
            http = answer(int(kind), "text/html", text.encode(), rng)
        elif kind == "redirect":
            status = rng.choice([301, 302])
            row["status"] = status
            http = answer(status, "text/html", b"", rng, headers={"Location": page.url})
        elif kind == "empty":
            http = answer(200, "text/html; charset=utf-8", b"", rng)
        else:
            content_type, start = _FILES[kind]
            http = answer(200, content_type, start + rng.randbytes(rng.randint(20, 4000)), rng)
        self.add(url, f"extra{number}", http, row)


def other_url(url: str, rng: random.Random) -> str:
    """Another URL under which a server gives the same page; sometimes the same one."""
    scheme, _, rest = url.partition("://")
    mark = "&" if "?" in rest else "?"
    kind = rng.randrange(8)
    if kind == 0:
        return url
    if kind == 1:
        return f"{'http' if scheme == 'https' else 'https'}://{rest}"
    if kind == 2:
        return f"{scheme}://{rest.removeprefix('www.') if rest.startswith('www.') else 'www.' + rest}"
    if kind == 3:
        return f"{url}{mark}utm_source={rng.choice(['feed', 'mail', 'social'])}&utm_medium=rss"
    if kind == 4:
        return f"{url}{mark}sessionid={rng.getrandbits(64):016x}"
    if kind == 5:
        return f"{url}#comments"
    if kind == 6:
        return f"{url}{mark}fbclid={rng.getrandbits(48):x}&ref=top"
    return f"{url}{mark}print=1"


def write_host(world: World, name: str) -> Records:
    """All records and rows of one host of the plan."""
    host = world.hosts[name]
    writer = HostWriter(world, host)
    count = len(host.slots())
    pages = [make_page(world, host, index) for index in range(count)]
    for page in pages:
        writer.page(page)
    for number, (source, index) in enumerate(world.copies[name]):
        page = pages[index] if source == name else make_page(world, world.hosts[source], index)
        writer.copy(number, page)
    for number in range(round(count * world.config.crawl.extras)):
        writer.extra(number, pages[number % count])
    return writer.out
