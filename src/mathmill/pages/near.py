"""Near-duplicates, second half: bands that bring similar signatures together, and union-find over verified pairs."""

import numpy as np
from numpy.typing import NDArray

_COMPARED = 8  # members of a bucket that each other member is compared with; keeps a huge bucket from being quadratic


def band_keys(signatures: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """One key a band, shape (pages, bands): equal keys of two pages mean that all rows of that band are equal."""
    pages, width = signatures.shape
    rows = width // bands
    keys = np.zeros((pages, bands), dtype=np.uint64)
    blocks = signatures[:, : bands * rows].reshape(pages, bands, rows).astype(np.uint64)
    for row in range(rows):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + blocks[:, :, row] + np.uint64(1)
    return keys


def components(signatures: NDArray[np.uint32], bands: int, threshold: float) -> NDArray[np.int64]:
    """For each page the smallest index of its component: pages joined by pairs at least `threshold` similar.

    Pages must come in order of preference: the survivor of a component is its first page. Candidates share a band; a
    candidate pair counts only if the share of equal places in the two signatures (an estimate of the Jaccard
    similarity) reaches the threshold. In a bucket each page meets the bucket's first pages, which is enough to join
    copies of one text and linear in the bucket's size.
    """
    count = len(signatures)
    parent = np.arange(count, dtype=np.int64)
    if count < 2:
        return parent
    keys = band_keys(signatures, bands)
    for band in range(bands):
        order = np.argsort(keys[:, band], kind="stable")  # stable: inside a bucket the preferred page stays first
        ordered = keys[order, band]
        cuts = np.flatnonzero(np.diff(ordered)) + 1
        for bucket in np.split(order, cuts):
            if len(bucket) > 1:
                _join(bucket, signatures, threshold, parent)
    return np.array([_root(parent, index) for index in range(count)], dtype=np.int64)


def _join(
    bucket: NDArray[np.int64], signatures: NDArray[np.uint32], threshold: float, parent: NDArray[np.int64]
) -> None:
    for place in range(min(len(bucket) - 1, _COMPARED)):
        others = bucket[place + 1 :]
        similar = (signatures[others] == signatures[bucket[place]]).mean(axis=1) >= threshold
        for other in others[similar]:
            _union(parent, int(bucket[place]), int(other))


def _root(parent: NDArray[np.int64], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = int(parent[index])
    return index


def _union(parent: NDArray[np.int64], left: int, right: int) -> None:
    low, high = sorted((_root(parent, left), _root(parent, right)))
    parent[high] = low
