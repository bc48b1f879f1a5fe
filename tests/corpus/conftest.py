"""A small pool of pages of two kinds, with a seed and annotations: enough for rounds that run in a second or two."""

import random
from pathlib import Path

import pytest

from mathmill.corpus.config import ClassifierConfig, CorpusConfig
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.files import write_jsonl, write_parquet
from mathmill.workflow.tables import PAGE, TEXT

SERIAL = EngineConfig(backend="serial", progress=False)
ALGEBRA = ["equation", "root", "factor", "polynomial", "solve", "unknown", "linear", "square", "sum", "product"]
GEOMETRY = ["triangle", "angle", "circle", "radius", "area", "side", "perpendicular", "proof", "degree", "height"]
SHOP = ["price", "cart", "delivery", "sale", "size", "colour", "shirt", "order", "brand", "discount"]
NEWS = ["mayor", "election", "council", "storm", "police", "match", "goal", "season", "budget", "street"]


def text(rng: random.Random, *words: list[str], length: int = 60) -> str:
    """Words of some vocabularies, mixed."""
    return " ".join(rng.choice(rng.choice(words)) for _ in range(length))


def rows() -> list[dict]:
    """160 pages: algebra on its own host, geometry beside news under a path of a host that mixes, shops elsewhere."""
    rng = random.Random(0)
    found = []

    def add(host: str, path: str, content: str) -> None:
        url = f"http://{host}{path}"
        found.append({"url": url, "host": host, "path": path, "lang": "en", "text": content, "warc": "w", "offset": 0})

    for n in range(20):
        add("algebra.org", f"/notes/{n}", text(rng, ALGEBRA))
    for n in range(20):  # a bridge: half algebra, half geometry
        words = [ALGEBRA, GEOMETRY] if n % 2 else [GEOMETRY]
        add("mixed.org", f"/school/{n}", text(rng, *words))
    for n in range(30):
        add("mixed.org", f"/news/{n}", text(rng, NEWS))
    for n in range(90):
        add(f"shop{n % 6}.com", f"/item/{n}", text(rng, SHOP))
    return found


def maths(url: str) -> bool:
    """The truth about a page of the pool."""
    return "algebra.org" in url or "/school/" in url


def config(**changes: object) -> CorpusConfig:
    """Settings for the small pool."""
    classifier = ClassifierConfig(
        dim=16, lr=0.5, word_ngrams=1, min_count=1, epochs=None, min_updates=3000, bucket=30_000, row_words=20
    )
    return CorpusConfig(**{"classifier": classifier, "budget_share": [0.15, 0.25], "rounds": 3, **changes})  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with pages/ (two shards), seed.parquet and annotations.yaml."""
    folder = tmp_path / "world"
    found = rows()
    lines = []
    for number in range(2):
        name = f"part-{number}"
        part = found[number::2]
        write_parquet(folder / "pages" / f"{name}.parquet", part, PAGE())
        lines.append(
            {"shard": name, "key": "k", "output": f"{name}.parquet", "bytes": 1, "stats": {}, "quarantined": {}}
        )
    write_jsonl(folder / "pages" / "manifest.jsonl", lines)
    rng = random.Random(1)
    seed = [
        {"id": f"seed-{n}", "text": text(rng, ALGEBRA), "source": "seed", "lang": "en", "meta": "{}"} for n in range(20)
    ]
    write_parquet(folder / "seed.parquet", seed, TEXT())
    (folder / "annotations.yaml").write_text("- prefix: https://www.mixed.org/school/\n  note: school mathematics\n")
    return folder
