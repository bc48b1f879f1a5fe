"""The cut over a token budget: mergeable histograms of score -> tokens, and a threshold read from their sum.

No global sort: every shard gives a histogram, the sums are added, and only the pages of the one bin in which the budget
runs out are put in order (by a hash of their URL, since a bin is a tie).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

LAST = 2**64 - 1


@dataclass(frozen=True)
class Threshold:
    """Pages are kept above `bin`, and in it where the hash of their URL is at most `hash`; -1 hash: none of the bin."""

    bin: int
    hash: int
    bins: int

    def keeps(self, scores: NDArray[np.float64], urls: list[str]) -> NDArray[np.bool_]:
        """Which pages are collected, shape (pages,)."""
        places = bin_of(scores, self.bins)
        kept = places > self.bin
        for index in np.flatnonzero(places == self.bin):
            kept[index] = url_hash(urls[index]) <= self.hash
        return kept

    @property
    def score(self) -> float:
        """The lower edge of the bin."""
        return self.bin / self.bins


def bin_of(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin of each score in [0, 1]; bins are equally wide, 1.0 falls into the last."""
    return np.minimum((np.asarray(scores) * bins).astype(np.int64), bins - 1)


def histogram(scores: NDArray[np.float64], tokens: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """Tokens in each bin of score, shape (bins,); histograms of shards add up to the histogram of all."""
    total = np.zeros(bins, dtype=np.int64)
    np.add.at(total, bin_of(scores, bins), tokens)
    return total


def threshold_bin(total: NDArray[np.int64], budget: int) -> tuple[int, int]:
    """(bin in which the budget runs out, tokens of the budget that are left for it).

    A budget that no bin exhausts gives bin -1: everything is kept.
    """
    from_top = np.cumsum(total[::-1])
    place = int(np.searchsorted(from_top, budget, side="right"))
    if place == len(total):
        return -1, 0
    above = int(from_top[place - 1]) if place else 0
    return len(total) - 1 - place, budget - above


def hash_limit(tied: Iterable[tuple[str, int]], left: int) -> int:
    """The largest URL hash that is kept among the (url, tokens) of the threshold's bin; -1 keeps none of them."""
    limit = -1
    for value, tokens in sorted((url_hash(url), tokens) for url, tokens in tied):
        if tokens > left:
            break
        left -= tokens
        limit = value
    return limit


def url_hash(url: str) -> int:
    """The 64-bit number that orders pages of equal score."""
    return xxhash.xxh3_64_intdigest(url.encode())
