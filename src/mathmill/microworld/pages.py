"""One page of the plan: its document and its URL, a pure function of the seed, the host and the page's number."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mathmill.microworld.catalogue import Section
from mathmill.microworld.document import Block, Document, inline_plain
from mathmill.microworld.everyday import everyday_document, grammar_of
from mathmill.microworld.grammar import load
from mathmill.microworld.mathpages import TITLES, math_document
from mathmill.microworld.mathwriter import Quote, marked
from mathmill.microworld.plan import Host, Plant, World
from mathmill.microworld.problems import families, make_problem
from mathmill.microworld.rng import stream
from mathmill.microworld.sets import resembles, weighted

_WORD = re.compile(r"[a-z0-9]+")
_TRIES = 60


@dataclass
class Page:
    """A page before it is written: where it stands, what it says, and what of the benchmarks it quotes."""

    host: Host
    index: int
    section: Section
    url: str
    document: Document
    quoted: list[dict[str, str]] = field(default_factory=list)
    lookalike: bool = False

    @property
    def lang(self) -> str:
        """The page's language."""
        genre = self.section.genre
        return genre.split("/")[1] if self.section.is_math else genre.split("/")[0]

    @property
    def questions(self) -> list[str]:
        """The benchmark questions that it quotes (of a quoted solution alone there is no question on it)."""
        return [quote["question"] for quote in self.quoted if quote["part"] != "solution"]


def _quote(item: dict[str, Any], plant: Plant, world: World, rng: random.Random) -> Quote:
    """The benchmark item itself, or a problem of the same template that shares no gram with any item."""
    if not plant.lookalike:
        part = weighted(rng, world.config.math.planted_parts)
        return Quote(item["question"], item["solution"], item["answer"], part)
    for _ in range(_TRIES):
        problem = make_problem(item["family"], item["difficulty"], item["lang"], rng, "worked")
        if not resembles(problem.question, world.sets.protected):
            return Quote(problem.question, problem.solution, problem.answer, "both")
    # A template whose every problem shares a gram with some item cannot resemble one without quoting it.
    return _easier(item, world, rng)


def _easier(item: dict[str, Any], world: World, rng: random.Random) -> Quote:
    """A problem of another family where the item's own family leaves no room."""
    names = list(families())
    for _ in range(_TRIES * 10):
        problem = make_problem(rng.choice(names), item["difficulty"], item["lang"], rng, "worked")
        if not resembles(problem.question, world.sets.protected):
            return Quote(problem.question, problem.solution, problem.answer, "both")
    raise ValueError(
        "microworld.math.lookalikes: every problem shares 10 tokens with a benchmark; make the benchmarks smaller"
    )


def _slug(document: Document) -> str:
    words = _WORD.findall(inline_plain(document.title).lower())
    return "-".join(words[:7]) or "page"


def _path(host: Host, section: Section, index: int, document: Document) -> str:
    """The path of a page, in the style of its host; the number makes it unique."""
    rng = stream(host.name, "paths")
    number = rng.randint(1000, 90000) + index * rng.randint(1, 37)
    style = rng.randrange(4)
    slug = _slug(document)
    if host.kind.site == "qa":
        return f"/{section.prefix}/{number}/{slug}"
    if host.kind.site == "wiki":
        return f"/{section.prefix}/{slug.replace('-', '_').capitalize()}_{number}"
    if host.kind.site == "forum":
        return f"/{section.prefix}/viewtopic.php?f={len(section.prefix)}&t={number}"
    if style == 0:
        return f"/{section.prefix}/{slug}-{number}.html"
    if style == 1:
        return f"/{section.prefix}/{2010 + number % 14}/{1 + number % 12:02d}/{slug}-{number % 100000}/"
    if style == 2:
        return f"/{section.prefix}/{number}.html"
    return f"/{section.prefix}/{slug}/{number}"


def make_page(world: World, host: Host, index: int) -> Page:
    """Page number `index` of a host."""
    section = host.slots()[index]
    rng = stream(world.config.seed, host.name, index)
    plant = world.plants.get((host.name, index))
    quoted: list[dict[str, str]] = []
    if section.is_math:
        items = [world.sets.benchmarks[i] for i in plant.items] if plant else []
        quotes = [_quote(item, plant, world, rng) for item in items] if plant else []
        if plant and not plant.lookalike:
            quoted = [
                {"benchmark": item["id"], "part": quote.part, "question": item["question"]}
                for item, quote in zip(items, quotes, strict=True)
            ]
        weights = world.config.sets.families
        document = math_document(section.genre, rng, world.config.math, weights, quotes, world.sets.protected)
    else:
        document = everyday_document(section.genre, rng)
    path = _path(host, section, index, document)
    lookalike = plant is not None and plant.lookalike
    return Page(host, index, section, f"{host.scheme}://{host.name}{path}", document, quoted, lookalike)


def some_title(genre: str, rng: random.Random) -> str:
    """The title of some page of a genre, for lists of links."""
    if not genre.startswith("math/"):
        return grammar_of(genre).expand("title", rng)
    _, lang, name = genre.split("/")
    topic = rng.choice(list(families().values())).topic[lang]
    return load(f"{lang}/common", f"math/{lang}").expand(TITLES[name], rng, {"topic": topic})


def edited(document: Document, rng: random.Random, quoted: Sequence[str] = ()) -> Document:
    """A near copy, as mirrors make them: one paragraph may be gone (none that quotes), one sentence is added.

    quoted: benchmark questions on the page, which its copy must still hold for the truth to be true of it.
    """
    blocks = list(document.blocks)
    kept = [marked(question) for question in quoted]
    plain = [
        i
        for i, block in enumerate(blocks)
        if block.kind == "para" and "\x02" not in block.text and not any(text in block.text for text in kept)
    ]
    if len(blocks) > 6 and len(plain) > 2 and rng.random() < 0.5:
        del blocks[rng.choice(plain)]
    blocks.append(
        Block("para", rng.choice(["Source: mirror.", "(c) all rights reserved", "Copied with permission.", "RSS"]))
    )
    return Document(document.title, blocks, document.topic)


def everyday_page_html(genre: str, rng: random.Random) -> str:
    """A bare page of a genre that is not mathematics, for records that are broken on purpose."""
    document = everyday_document(genre, rng)
    body = "".join(f"<p>{block.text}</p>" for block in document.blocks if block.text)
    return f"<html><head><title>{document.title}</title></head><body><h1>{document.title}</h1>{body}</body></html>"
