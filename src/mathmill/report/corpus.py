"""The corpus by round, measured against the ground truth of the microworld (paper 2.1)."""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from mathmill.report.facts import Fact, Sources
from mathmill.workflow.files import parquet_files, read_json, read_jsonl, read_parquet


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

    @property
    def mathematics(self) -> set[str]:
        """Every original page that is mathematics and can be read."""
        return {url for url, math in self.is_math.items() if math and self.valid[url] and self.original[url] == url}


@dataclass(frozen=True)
class Round:
    """One round: what it kept, and how well; recall by language and by genre of page."""

    number: int
    facts: dict[str, Fact]
    by_lang: dict[str, Fact]
    by_genre: dict[str, Fact]


@dataclass(frozen=True)
class Corpus:
    """The rounds in order, the pages of the final corpus, what decontamination did."""

    rounds: list[Round]
    final: dict[str, Fact]
    decontamination: dict[str, Fact]
    planted: dict[str, tuple[Fact, Fact]]
    crawl: dict[str, Fact]
    samples: list[dict[str, str]] = field(default_factory=list)


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


def read_corpus(sources: Sources, pages: int, characters: int) -> Corpus:
    """Everything about the corpus that the report shows."""
    truth = read_truth(sources.path("truth"))
    folder = sources.path("rounds")
    numbers = sorted(int(path.name.removeprefix("round_")) for path in folder.glob("round_*"))
    rounds = [_round(sources, truth, number) for number in numbers]
    final: set[str] = set()
    samples: list[dict[str, str]] = []
    for file in parquet_files(folder / "final"):
        rows = read_parquet(file).to_pylist()
        final.update(row["url"] for row in rows)
        samples.extend({key: row[key] for key in ("url", "lang", "text")} for row in rows)
    precision, recall = score(final, truth)
    facts = {
        "pages": sources.fact("rounds", len(final), inside="final"),
        "precision": sources.fact("rounds", precision, inside="final"),
        "recall": sources.fact("rounds", recall, inside="final"),
        "crawled": sources.fact("truth", len(truth.is_math)),
        "mathematics": sources.fact("truth", len(truth.mathematics)),
    }
    clean, planted = _decontamination(sources, truth, final)
    return Corpus(rounds, facts, clean, planted, _crawl(sources), _choose(samples, pages, characters))


def _round(sources: Sources, truth: Truth, number: int) -> Round:
    folder = sources.path("rounds") / f"round_{number}"
    summary = read_json(folder / "round.json")
    kept = set(read_parquet(folder / "kept.parquet", ["url"]).column("url").to_pylist())
    precision, recall = score(kept, truth)
    facts = {
        name: sources.fact("rounds", summary[name], inside=f"round_{number}/round.json")
        for name in ("pages", "tokens", "hosts", "hosts_flagged", "seed_growth", "overlap_pages", "overlap_tokens")
        if summary.get(name) is not None
    }
    inside = f"round_{number}/kept.parquet"
    facts["precision"] = sources.fact("rounds", precision, inside=inside)
    facts["recall"] = sources.fact("rounds", recall, inside=inside)
    found = truth.originals(kept) & truth.mathematics

    def by(label: dict[str, str]) -> dict[str, Fact]:
        total = Counter(label[url] for url in truth.mathematics)
        right = Counter(label[url] for url in found)
        return {
            name: sources.fact("rounds", right[name] / count, inside=inside) for name, count in sorted(total.items())
        }

    return Round(number, facts, by(truth.lang), by(truth.genre))


def _decontamination(
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


def _crawl(sources: Sources) -> dict[str, Fact]:
    """What extraction made of the crawl: responses, pages left, and what was dropped or set aside, by reason."""
    if not sources.has("pages"):
        return {}
    report = sources.json("pages")
    found = {name: report[name] for name in ("files", "responses", "extracted", "pages") if name in report}
    for group, words in (("dropped", "dropped: "), ("copies", "copies: ")):
        found |= {words + name.replace("_", " "): count for name, count in sorted(report.get(group, {}).items())}
    return {name: sources.fact("pages", count) for name, count in found.items()}


def _choose(pages: list[dict[str, str]], count: int, characters: int) -> list[dict[str, str]]:
    """Pages for the reader's eye: spread over the corpus in the order of urls, languages in turn."""
    if not pages or not count:
        return []
    by_lang: dict[str, list[dict[str, str]]] = {}
    for page in sorted(pages, key=lambda row: row["url"]):
        by_lang.setdefault(page["lang"], []).append(page)
    langs = sorted(by_lang, key=lambda lang: (-len(by_lang[lang]), lang))[:2]
    chosen = []
    for number in range(min(count, len(pages))):
        pool = by_lang[langs[number % len(langs)]]
        chosen.append(pool[(2 * number + 1) * len(pool) // (2 * count)])
    return [
        {**page, "text": page["text"][:characters] + ("..." if len(page["text"]) > characters else "")}
        for page in chosen
    ]
