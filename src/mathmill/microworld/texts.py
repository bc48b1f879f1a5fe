"""The texts beside the web: seed corpus, program files, mathematical programs, preprints, everyday text."""

import json
import random
from collections.abc import Callable
from typing import Any

from mathmill.microworld.catalogue import KINDS, SEED_GENRES
from mathmill.microworld.codegen import algebra_file, code_file
from mathmill.microworld.config import MicroworldConfig
from mathmill.microworld.document import plain_text
from mathmill.microworld.everyday import everyday_document
from mathmill.microworld.mathpages import math_document
from mathmill.microworld.plan import World
from mathmill.microworld.preprints import preprint
from mathmill.microworld.rng import stream

SOURCES = ("code", "algebraic_stack", "arxiv", "general")


def _genres(*langs: str) -> list[str]:
    """The everyday genres of some languages, in a fixed order."""
    found = {s.genre for kind in KINDS for s in kind.sections if not s.is_math and s.genre.split("/")[0] in langs}
    return sorted(found)


def _general(rng: random.Random, plan: World) -> tuple[str, str]:
    lang = "zh" if rng.random() < 0.35 else "en"
    # Chinese documents are short; several of them make a text as long as an English one.
    documents = [everyday_document(rng.choice(_genres(lang)), rng) for _ in range(3 if lang == "zh" else 1)]
    return "\n\n".join(plain_text(document) for document in documents), lang


_MAKERS: dict[str, Callable[[random.Random, World], tuple[str, str]]] = {
    "code": lambda rng, plan: (code_file(rng), "python"),
    "algebraic_stack": lambda rng, plan: (algebra_file(rng, plan.sets.protected), "python"),
    "arxiv": lambda rng, plan: (preprint(rng), "latex"),
    "general": _general,
}


def make_texts(source: str, plan: World) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Rows of one source, about as many characters as the configuration asks for, and what was planted in them."""
    config = plan.config
    wanted = getattr(config.text, source)
    rng = stream(config.seed, "text", source)
    rows: list[dict[str, Any]] = []
    total = 0
    while total < wanted:
        text, lang = _MAKERS[source](rng, plan)
        rows.append({"id": f"{source}-{len(rows):06d}", "text": text, "source": source, "lang": lang, "meta": "{}"})
        total += len(text)
    return rows, _plant(source, rows, plan)


def _plant(source: str, rows: list[dict[str, Any]], plan: World) -> list[dict[str, str]]:
    """Quote benchmark questions in some of the texts: as a comment in programs, as a paragraph elsewhere."""
    rng = stream(plan.config.seed, "text", source, "planted")
    items = plan.sets.benchmarks
    count = min(plan.config.text.planted, len(rows), len(items))
    planted: list[dict[str, str]] = []
    for row, item in zip(rng.sample(rows, count), rng.sample(items, count), strict=True):
        if source in ("code", "algebraic_stack"):
            quote, cut = f"\n# {item['question']}\n# {item['answer']}\n", row["text"].find("\n\n")
        else:
            quote, cut = f"\n\n{item['question']}", row["text"].rfind("\n\n")
        cut = max(cut, 0)
        row["text"] = row["text"][:cut] + quote + row["text"][cut:]
        planted.append({"source": source, "id": row["id"], "benchmark": item["id"], "part": "question"})
    return planted


def make_seed(plan: World) -> list[dict[str, Any]]:
    """The seed corpus: texts of a few genres of mathematics, some of them noise, none of them a page of the crawl."""
    config: MicroworldConfig = plan.config
    rng = stream(config.seed, "seed corpus")
    noise = _genres("en")
    rows: list[dict[str, Any]] = []
    for number in range(config.text.seed_documents):
        if rng.random() < config.text.seed_noise:
            genre = rng.choice(noise)
            document = everyday_document(genre, rng)
        else:
            genre = rng.choice(SEED_GENRES)
            document = math_document(genre, rng, config.math, config.sets.families, (), plan.sets.protected)
        meta = json.dumps({"genre": genre}, sort_keys=True)
        rows.append(
            {"id": f"seed-{number:05d}", "text": plain_text(document), "source": "seed", "lang": "en", "meta": meta}
        )
    return rows
