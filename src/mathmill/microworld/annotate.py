"""The simulated annotator: looks at a few pages of every path prefix and marks those that look like mathematics."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from mathmill.microworld.config import AnnotatorConfig
from mathmill.microworld.rng import stream
from mathmill.workflow.files import write_text

_HEADER = """\
# Paths of the crawl that a person marked as mathematics (the paper's section 2.1: manual annotation of URL paths).
# The person was simulated: for each host the pages were grouped by their first path segment, up to {sample} pages of
# each group were looked at, and the prefix was marked where most of them looked like mathematics. The person judges a
# page wrongly with chance {error}, overlooked {missed} prefixes and marked {too_broad} host(s) as a whole.
# Nothing but the pages that were looked at decided; the ground truth of the others was not used.
"""


def _prefixes(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Pages grouped by host and first path segment."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["valid"]:
            host, _, path = row["url"].partition("://")[2].partition("/")
            segment = path.partition("/")[0] if "/" in path else ""
            groups[f"{host}/{segment}".rstrip("/")].append(row)
    return groups


def _look(rows: list[dict[str, Any]], config: AnnotatorConfig, rng: random.Random) -> tuple[int, int]:
    """How many of the pages looked at seem to be mathematics, and how many were looked at."""
    seen = rng.sample(rows, min(config.sample, len(rows)))
    votes = sum(row["is_math"] != (rng.random() < config.error) for row in seen)
    return votes, len(seen)


def annotate(rows: list[dict[str, Any]], config: AnnotatorConfig, seed: int) -> list[dict[str, str]]:
    """The marked prefixes with a note each, sorted; `rows` are the pages of the crawl."""
    rng = stream(seed, "annotator")
    marked: list[dict[str, str]] = []
    groups = {name: pages for name, pages in _prefixes(rows).items() if len(pages) >= config.few}
    seemed: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for prefix in sorted(groups):
        votes, seen = _look(groups[prefix], config, rng)
        host, size = prefix.partition("/")[0], len(groups[prefix])
        seemed[host][0] += size * votes / seen
        seemed[host][1] += size
        if votes * 2 > seen:
            marked.append({"prefix": prefix, "note": f"{votes} of {seen} pages looked at are mathematics"})
    for entry in rng.sample(marked, min(config.missed, max(0, len(marked) - 1))):
        marked.remove(entry)
    # A person is too broad where nearly all of a site seems to be mathematics, though not quite all of it is.
    mostly = {host for host, (math, size) in seemed.items() if 0.7 < math / size < 0.97}
    several = [entry for entry in marked if entry["prefix"].partition("/")[0] in mostly]
    for entry in rng.sample(several, min(config.too_broad, len(several))):
        entry["prefix"] = entry["prefix"].partition("/")[0]
        entry["note"] = "the whole site looks like mathematics"
    return sorted(marked, key=lambda entry: entry["prefix"])


def write_annotations(path: Path, marked: list[dict[str, str]], config: AnnotatorConfig) -> None:
    """The file as a person would keep it: a comment that says how it came about, then one entry a prefix."""
    header = _HEADER.format(sample=config.sample, error=config.error, missed=config.missed, too_broad=config.too_broad)
    lines = [f"- prefix: {entry['prefix']}\n  note: {entry['note']}\n" for entry in marked]
    write_text(path, header + ("".join(lines) or "[]\n"))
