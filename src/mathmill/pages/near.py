"""Near-duplicates, second half: buckets of pages that share a band, comparison, and components of similar pages."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
_CHUNK = 4096  # pairs compared at once: their sketches, sorted, are a few MB


def bucket_pairs(keys: NDArray[np.uint64], order: NDArray[np.uint64], pivots: int) -> Iterator[Pairs]:
    """The places of pages that share a key, as pairs (left, right), some at a time.

    In a bucket every page meets the `pivots` pages that come first by `order`: all pairs in a bucket of up to that
    many, and linear in the bucket's size beyond. `order` must be a property of the pages, not of their place, or the
    pairs of a large bucket would depend on the order of files.
    """
    place = np.lexsort((order, keys))
    ordered = keys[place]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.zeros(0, int)
    sizes = np.diff(np.append(starts, len(ordered)))
    shared = np.repeat(sizes > 1, sizes)
    place, sizes = place[shared], sizes[sizes > 1]
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.arange(len(place)) - start
    for pivot in range(min(pivots, int(sizes.max(initial=1)) - 1)):
        later = rank > pivot
        yield place[start[later] + pivot], place[later]


def similar_pairs(
    keys: NDArray[np.uint64],
    order: NDArray[np.uint64],
    ids: NDArray[np.int64],
    pivots: int,
    alike: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
) -> NDArray[np.int64]:
    """Pairs (page, another page of its component), shape (pairs, 2), that join all pages found alike.

    ids: of the pages of the rows. alike: compares pages by their ids, pair by pair. Pairs that are joined already are
    not compared again, and what is left is a forest: never more pairs than pages.
    """
    found = np.zeros((0, 2), dtype=np.int64)
    for left, right in bucket_pairs(keys, order, pivots):
        joined = Components(found)
        a, b = ids[left], ids[right]
        open_ = joined.label(a) != joined.label(b)
        pairs = np.unique(np.stack([np.minimum(a, b)[open_], np.maximum(a, b)[open_]], axis=1), axis=0)
        good = [
            chunk[alike(chunk[:, 0], chunk[:, 1])]
            for chunk in (pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK))
        ]
        if any(len(chunk) for chunk in good):
            found = Components(np.concatenate([found, *good])).forest()
    return found


class Components:
    """The connected components of a graph given by its edges (union-find); a page without an edge is no part of it.

    Memory grows with the pages that have a copy, not with all pages.
    """

    def __init__(self, edges: NDArray[np.int64]) -> None:
        """edges: ids of pages, shape (edges, 2)."""
        self.nodes, places = np.unique(edges, return_inverse=True)
        left, right = places.reshape(-1, 2).T
        root = np.arange(len(self.nodes))
        while True:
            # Hook the larger root of every edge below the smaller one, then point every page at its root.
            low, high = np.minimum(root[left], root[right]), np.maximum(root[left], root[right])
            if np.array_equal(low, high):
                break
            np.minimum.at(root, high, low)
            while not np.array_equal(root, root[root]):
                root = root[root]
        self.root = root

    def label(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The smallest id of each page's component; a page without an edge is its own."""
        if not len(self.nodes):
            return ids
        place = np.minimum(np.searchsorted(self.nodes, ids), len(self.nodes) - 1)
        return np.where(self.nodes[place] == ids, self.nodes[self.root[place]], ids)

    def forest(self) -> NDArray[np.int64]:
        """Edges that join the same pages, one fewer than pages in each component."""
        below = self.root != np.arange(len(self.root))
        return np.stack([self.nodes[self.root[below]], self.nodes[below]], axis=1)

    def groups(self) -> list[NDArray[np.int64]]:
        """The pages of each component, ascending, by the components' smallest page."""
        order = np.argsort(self.root, kind="stable")
        cuts = np.flatnonzero(np.diff(self.root[order])) + 1
        return np.split(self.nodes[order], cuts) if len(order) else []
