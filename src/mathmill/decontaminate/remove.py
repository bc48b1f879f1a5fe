"""Take the benchmarks out of a text: the segments that hold a gram, or all of it."""

import re
from dataclasses import dataclass

from mathmill.decontaminate.grams import GramIndex, Hit, line_tokens

_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Cleaned:
    """A text after the comparison.

    text: what is left; None where the whole text goes. hits: the grams that were found. segments: lines removed.
    """

    text: str | None
    hits: list[Hit]
    segments: int


def clean(text: str, index: GramIndex, granularity: str, min_chars: int, commands: str) -> Cleaned:
    """Compare a text with the index and remove what matches.

    Grams are searched in the whole text, across line ends (a quotation is often broken over lines); granularity
    `segment` removes every line that holds a token of a gram, `document` removes all.
    """
    lines = text.split("\n")
    words: list[str] = []
    line_of: list[int] = []
    for number, found in enumerate(line_tokens(text, commands)):
        words.extend(found)
        line_of.extend([number] * len(found))
    hits = index.find(words)
    if not hits:
        return Cleaned(text, [], 0)
    struck = {line_of[place] for hit in hits for place in range(hit.start, hit.start + len(hit.gram))}
    if granularity == "document":
        return Cleaned(None, hits, len(struck))
    left = _BLANK.sub("\n\n", "\n".join(line for number, line in enumerate(lines) if number not in struck)).strip("\n")
    # With lines gone, what stood before and after them has become neighbours: a gram may have closed up.
    again = clean(left, index, granularity, min_chars, commands) if left else Cleaned("", [], 0)
    left = again.text or ""
    return Cleaned(left if len(left) >= min_chars else None, hits, len(struck) + again.segments)


def removal_rows(source: str, name: str, hits: list[Hit]) -> list[dict[str, str]]:
    """One row for each benchmark item that a text holds grams of, with the first of them and its rule."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for hit in hits:
        for owner in hit.owners:
            rows.setdefault(
                (owner.benchmark, owner.item),
                {
                    "source": source,
                    "id": name,
                    "benchmark": owner.benchmark,
                    "item": owner.item,
                    "gram": " ".join(hit.gram),
                    "rule": owner.rule,
                },
            )
    return [rows[key] for key in sorted(rows)]
