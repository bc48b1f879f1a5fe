"""The report on copies: how many went by which rule, how large their groups are, and the largest of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_LARGEST = 20  # groups that the report names
_OTHERS = 3  # members of a group that it names beside the survivor


@dataclass(frozen=True)
class Member:
    """A page that has a copy: what decides whether it stays."""

    page: int
    url: str
    key: str
    content: int
    length: int


@dataclass
class Report:
    """Collects groups of copies; counts and names are the same for any order in which they are added."""

    same_url: int = 0
    same_text: int = 0
    near: int = 0
    url_sizes: Counter[str] = field(default_factory=Counter)
    url_largest: list[tuple[int, int, int]] = field(default_factory=list)
    sizes: Counter[str] = field(default_factory=Counter)
    similarities: Counter[str] = field(default_factory=Counter)
    largest: list[tuple[int, str, list[str]]] = field(default_factory=list)

    def add_urls(self, stats: dict[str, Any]) -> None:
        """One partition of the search by URL: copies, sizes of groups, its largest groups as (size, hash, page)."""
        self.same_url += stats["copies"]
        self.url_sizes.update(stats["sizes"])
        groups = [*self.url_largest, *((size, key, page) for size, key, page in stats["largest"])]
        self.url_largest = sorted(groups, key=lambda group: (-group[0], group[1]))[:_LARGEST]

    def add_group(self, ranked: list[Member], similarities: list[float]) -> None:
        """One component, the survivor first; similarities: of the other pages to it."""
        seen = {ranked[0].content}
        for member, similarity in zip(ranked[1:], similarities, strict=True):
            if member.content in seen:
                self.same_text += 1
                continue
            seen.add(member.content)
            self.near += 1
            self.similarities[f"{int(similarity * 10) / 10:.1f}"] += 1
        self.sizes[str(len(ranked))] += 1
        others = [member.url for member in ranked[1 : 1 + _OTHERS]]
        self.largest = _top([*self.largest, (len(ranked), ranked[0].url, others)])

    def json(self, urls: Callable[[list[int]], list[str]]) -> dict[str, Any]:
        """Keys of the stage's report. urls: the URLs of pages by their ids.

        copies: pages dropped by each rule. duplicates: by URL and by text, the number of groups by their number of
        pages, and the largest groups; by text also how similar near copies are to the page that stays (in tenths,
        rounded down; less than the threshold where a chain of copies joins them).
        """
        names = urls([page for _, _, page in self.url_largest])
        return {
            "copies": {"same_url": self.same_url, "same_text": self.same_text, "near": self.near},
            "duplicates": {
                "url": {
                    "groups": sum(self.url_sizes.values()),
                    "sizes": dict(self.url_sizes),
                    "largest": [
                        {"pages": group[0], "url": name} for group, name in zip(self.url_largest, names, strict=True)
                    ],
                },
                "text": {
                    "groups": sum(self.sizes.values()),
                    "sizes": dict(self.sizes),
                    "near_similarity": dict(self.similarities),
                    "largest": [
                        {"pages": size, "survivor": name, "others": others} for size, name, others in self.largest
                    ],
                },
            },
        }


def _top(groups: list[tuple[int, str, list[str]]]) -> list[tuple[int, str, list[str]]]:
    return sorted(groups, key=lambda group: (-group[0], group[1]))[:_LARGEST]
