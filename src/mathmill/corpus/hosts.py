"""From collected pages to new seed: hosts over the limit, path prefixes to annotate, pages under marked prefixes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathmill.corpus.documents import draw, prefixes_of


def host_table(hosts: Sequence[str], kept: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Pages and collected pages of each host, by name (paper: a domain is the pages of one base URL)."""
    pages = Counter(hosts)
    collected = Counter(host for host, keep in zip(hosts, kept, strict=True) if keep)
    return [{"host": host, "pages": pages[host], "kept": collected[host]} for host in sorted(pages)]


def flagged(table: Iterable[dict[str, Any]], share: float) -> set[str]:
    """Hosts of which more than `share` of the pages were collected."""
    return {row["host"] for row in table if row["kept"] > share * row["pages"]}


def candidates(
    rows: Sequence[tuple[str, str, str]], kept: NDArray[np.bool_], hosts: set[str], depth: int, samples: int
) -> list[dict[str, Any]]:
    """For each flagged host its path prefixes with counts and sample pages: what a person looks at to mark prefixes.

    rows: (url, host, path) of all pages. Samples are drawn by a hash of the URL. The list reads: host by host, the
    prefixes of most pages first.
    """
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (_, host, path) in enumerate(rows):
        if host in hosts:
            found[host][prefix_at(host, path, depth)].append(index)
    listed = []
    for host in sorted(found):
        groups = sorted(found[host].items(), key=lambda item: (-len(item[1]), item[0]))
        listed.append({"host": host, "prefixes": [_prefix(rows, kept, *group, samples) for group in groups]})
    return listed


def prefix_at(host: str, path: str, depth: int) -> str:
    """The prefix of a page that is `depth` path steps long (a page nearer to the root: its own folder)."""
    steps = list(islice(prefixes_of(host, path.split("?")[0]), depth + 1))
    # The last step of a short path is the page itself, and no place where others stand.
    is_page = len(steps) == len(list(prefixes_of(host, path.split("?")[0]))) and len(steps) > 1
    return steps[-2] if is_page else steps[-1]


def _prefix(
    rows: Sequence[tuple[str, str, str]], kept: NDArray[np.bool_], prefix: str, members: list[int], samples: int
) -> dict[str, Any]:
    shown = sorted(members, key=lambda index: (draw(rows[index][0], 0), rows[index][0]))[:samples]
    return {
        "prefix": prefix,
        "pages": len(members),
        "kept": int(kept[members].sum()),
        "samples": [rows[index][0] for index in shown],
    }


def growth(
    rows: Sequence[tuple[str, str, str]], kept: NDArray[np.bool_], hosts: set[str], marked: Iterable[str]
) -> list[int]:
    """Indices of the pages that join the seed: on flagged hosts, under a marked prefix, not collected."""
    prefixes = set(marked)
    return [
        index
        for index, (_, host, path) in enumerate(rows)
        if not kept[index] and host in hosts and any(prefix in prefixes for prefix in prefixes_of(host, path))
    ]
