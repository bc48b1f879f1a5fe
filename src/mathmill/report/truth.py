"""The ground truth of the microworld, and the corpus measured against it. A crawl of the user's own has none."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from mathmill.report.facts import Fact, Sources
from mathmill.workflow.files import parquet_files, read_jsonl, read_parquet

KNOWN = 0.99  # share of the collected pages that the truth must know; a few addresses may be spelled in another way


@dataclass(frozen=True)
class Truth:
    """What the pages really are. Copies of a page are one page: its original's url stands for all.

    contaminated: (page, benchmark item) that was planted; planted: the same by source for texts that are no pages.
    """

    is_math: dict[str, bool]
    valid: dict[str, bool]
    genre: dict[str, str]
    lang: dict[str, str]
    original: dict[str, str]
    contaminated: frozenset[tuple[str, str]]
    lookalike: frozenset[str]
    planted: dict[str, frozenset[tuple[str, str]]]

    def originals(self, urls: set[str]) -> set[str]:
        """The originals that a set of urls covers; urls that the truth does not know stand for themselves."""
        return {self.original.get(url, url) for url in urls}

    def knows(self, urls: Set[str]) -> bool:
        """Whether this is the truth about these pages, and not about another crawl."""
        return sum(url in self.is_math for url in urls) >= KNOWN * len(urls)

    @property
    def mathematics(self) -> set[str]:
        """Every original page that is mathematics and can be read."""
        return {url for url, math in self.is_math.items() if math and self.valid[url] and self.original[url] == url}


def read_truth(folder: Path) -> Truth:
    """The ground truth: every page (pages.parquet), and what was planted in other sources (contamination.jsonl)."""
    planted: dict[str, set[tuple[str, str]]] = {}
    for row in read_jsonl(folder / "contamination.jsonl"):
        if row["source"] != "page":
            planted.setdefault(row["source"], set()).add((row["id"], row["benchmark"]))
    rows = read_parquet(folder / "pages.parquet").to_pylist()
    return Truth(
        is_math={row["url"]: bool(row["is_math"]) for row in rows},
        valid={row["url"]: bool(row["valid"]) for row in rows},
        genre={row["url"]: row["genre"] for row in rows},
        lang={row["url"]: row["lang"] for row in rows},
        original={row["url"]: row["copy_of"] or row["url"] for row in rows},
        contaminated=frozenset((row["url"], item) for row in rows for item in row["contaminated_by"]),
        lookalike=frozenset(row["url"] for row in rows if row["lookalike"]),
        planted={source: frozenset(pairs) for source, pairs in sorted(planted.items())},
    )


def score(kept: set[str], truth: Truth) -> tuple[float, float]:
    """(precision, recall) of kept urls: copies count once; recall is over all mathematics of the crawl."""
    found = truth.originals(kept)
    right = sum(1 for url in found if truth.is_math.get(url, False))
    mathematics = truth.mathematics
    return (right / len(found) if found else 0.0, right / len(mathematics) if mathematics else 0.0)


def decontamination(
    sources: Sources, truth: Truth, final: set[str]
) -> tuple[dict[str, Fact], dict[str, tuple[Fact, Fact]]]:
    """(figures of the final corpus, source -> (planted quotations, how many of them were found and cut out)).

    A quotation is a pair of a text and a benchmark item. Where a page was dropped as a copy, its original counts.
    """
    columns = read_parquet(sources.path("removals"), ["source", "id", "item"]).to_pydict()
    found: dict[str, set[tuple[str, str]]] = {}
    for source, text, item in zip(columns["source"], columns["id"], columns["item"], strict=True):
        found.setdefault(source, set()).add((text, item))
    touched = {url for url, _ in found.get("corpus", set())}
    quotations = {(url, item) for url, item in truth.contaminated if url in final}
    alike = (truth.lookalike & final) - {url for url, _ in truth.contaminated}
    left: set[str] = set()
    for file in parquet_files(sources.path("clean")):
        left.update(read_parquet(file, ["id"]).column("id").to_pylist())
    facts = {
        "texts_touched": len({(source, text) for source, pairs in found.items() for text, _ in pairs}),
        "pages_touched": len(touched),
        "lookalikes": len(alike),
        "lookalikes_kept": len(alike & left),
        "lookalikes_whole": len((alike & left) - touched),
    }
    planted: dict[str, tuple[Set[tuple[str, str]], int]] = {
        "corpus": (quotations, len(quotations & found.get("corpus", set()))),
        **{source: (pairs, len(pairs & found.get(source, set()))) for source, pairs in truth.planted.items()},
    }
    origins = {"lookalikes": "rounds", "lookalikes_kept": "clean"}
    return (
        {name: sources.fact(origins.get(name, "removals"), value) for name, value in facts.items()},
        {
            source: (sources.fact("truth", len(there)), sources.fact("removals", cut))
            for source, (there, cut) in planted.items()
        },
    )
