"""The cut over a token budget: mergeable histograms of score -> tokens, and a threshold read from their sum.

No global sort: every shard gives a histogram, the sums are added, and only the one bin in which the budget runs out is
looked at again, by a second histogram over the hashes of its URLs (a bin is a tie). Bins are equally wide in the log
odds of the score: a cut at the top thousandth of a crawl falls where all scores are 0.999 and more.
"""

from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

ODDS = 24.0  # log odds beyond which scores are not told apart: fastText's probabilities carry about 1e-11
BUCKETS = 65_536  # of the hash of a URL, inside the bin where the budget runs out


@dataclass(frozen=True)
class Threshold:
    """Pages are kept above `bin`, and in it where the bucket of their URL is below `bucket` (0: none of the bin)."""

    bin: int
    bucket: int
    bins: int

    def keeps(self, scores: NDArray[np.float64], urls: list[str]) -> NDArray[np.bool_]:
        """Which pages are collected, shape (pages,)."""
        places = bin_of(scores, self.bins)
        kept = places > self.bin
        for index in np.flatnonzero(places == self.bin):
            kept[index] = url_bucket(urls[index]) < self.bucket
        return kept

    @property
    def score(self) -> float:
        """The lower edge of the bin; 0 where everything is kept."""
        return edge(self.bin, self.bins)


def bin_of(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin of each score in [0, 1]; the first and the last bin also hold all beyond ODDS."""
    scores = np.asarray(scores, dtype=np.float64)
    with np.errstate(divide="ignore"):
        odds = np.log(scores) - np.log1p(-scores)
    places = (np.clip(odds, -ODDS, ODDS) + ODDS) * (bins / (2 * ODDS))
    return np.minimum(places.astype(np.int64), bins - 1)


def edge(place: int, bins: int) -> float:
    """The lower edge of a bin, as a score."""
    return 0.0 if place <= 0 else float(1 / (1 + np.exp(ODDS - 2 * ODDS * place / bins)))


def histogram(places: NDArray[np.int64], weights: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """Sum of the weights in each bin, shape (bins,); histograms of shards add up to the histogram of all."""
    total = np.zeros(bins, dtype=np.int64)
    np.add.at(total, places, weights)
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


def bucket_limit(tied: NDArray[np.int64], left: int) -> int:
    """How many buckets of the threshold's bin fit into what is left of the budget; tied: tokens by bucket."""
    return int(np.searchsorted(np.cumsum(tied), left, side="right"))


def url_bucket(url: str) -> int:
    """The bucket, out of BUCKETS, that orders pages of equal score."""
    return xxhash.xxh3_64_intdigest(url.encode()) >> 48
