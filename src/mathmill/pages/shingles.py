"""Near-duplicates, first half: what a page is made of, and the two short summaries of it that are compared.

Words are tokens, and so are numbers, TeX commands and each single CJK character: two worksheets that differ in their
numbers are two worksheets, and Chinese text, which has no spaces, has shingles at all. Of the set of shingles two
summaries are kept. MinHash in bands (Broder 1997) says which pages are worth a comparison; the smallest hashes of the
set (a bottom-k sketch) say how alike two pages are: exactly for pages of at most k shingles.
"""

import re

import numpy as np
import xxhash
from numpy.typing import NDArray

# Words of plain letters come first: a class of plain letters is read several times as fast as one of all letters.
TOKEN = re.compile(
    r"[a-z]++(?![^\x00-\x7f])|\\[a-zA-Z]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]|\d+|[^\W\d_]+"
)
_ODD_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_BLOCK = 1024  # shingles hashed at once: functions x block of uint32 stays in a processor's second cache
PADDING = np.uint32(0xFFFFFFFF)  # fills a sketch of a page with fewer shingles than places


def tokens(text: str) -> list[str]:
    """The tokens that shingles are made of, in lower case."""
    return TOKEN.findall(text.lower())


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit values after which every bit depends on all (splitmix64's finaliser)."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def shingles(words: list[str], size: int) -> NDArray[np.uint64]:
    """The distinct hashes of all windows of `size` tokens, sorted; a shorter text is one shingle."""
    if not words:
        return np.zeros(0, dtype=np.uint64)
    table = {word: xxhash.xxh3_64_intdigest(word.encode()) for word in set(words)}
    hashes = np.fromiter(map(table.__getitem__, words), dtype=np.uint64, count=len(words))
    size = min(size, len(words))
    total = np.zeros(len(words) - size + 1, dtype=np.uint64)
    for offset in range(size):  # polynomial in the window, wrapping at 2^64
        total = total * _ODD_BASE + hashes[offset : offset + len(total)]
    return np.unique(mix(total))


def permutations(count: int, seed: int) -> NDArray[np.uint32]:
    """The (count, 2) multipliers and offsets of `count` permutations of the 32-bit numbers; multipliers are odd."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 2**32, size=(count, 2), dtype=np.uint32)
    drawn[:, 0] |= np.uint32(1)
    return drawn


def minhash(items: NDArray[np.uint64], functions: NDArray[np.uint32], block: int = _BLOCK) -> NDArray[np.uint32]:
    """MinHash signature, shape (functions,): the minimum of each permutation over the shingles; of none, all ones.

    Equal places of two signatures estimate the Jaccard similarity of their shingle sets. block: shingles hashed at
    once, so that memory does not grow with the page.
    """
    lowest = np.full(len(functions), np.iinfo(np.uint32).max, dtype=np.uint32)
    low = items.astype(np.uint32)  # the low halves: the sketch is made of the high ones
    for start in range(0, len(low), block):
        hashed = low[None, start : start + block] * functions[:, :1]
        hashed += functions[:, 1:]
        np.minimum(lowest, hashed.min(axis=1), out=lowest)
    return lowest


def band_keys(signature: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """One key a band, shape (bands,): equal keys of two pages mean that all rows of that band are equal.

    Keys of different bands differ, so that all bands of all pages can lie in one table.
    """
    rows = signature.reshape(bands, -1).astype(np.uint64)
    keys = np.arange(1, bands + 1, dtype=np.uint64)
    for row in range(rows.shape[1]):
        keys = keys * _ODD_BASE + rows[:, row]
    return mix(keys)


def sketch(items: NDArray[np.uint64], size: int) -> NDArray[np.uint32]:
    """The `size` smallest shingles (their high halves), ascending; a page of fewer is filled up with PADDING."""
    found = np.full(size, PADDING, dtype=np.uint32)
    smallest = (items[:size] >> np.uint64(32)).astype(np.uint32)
    found[: len(smallest)] = np.minimum(smallest, PADDING - np.uint32(1))
    return found


def similarity(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Jaccard similarity of pages from their sketches, both (pairs, size); shape (pairs,).

    The share of common ones among the `size` smallest shingles of both pages together: exact where both pages have no
    more than `size` shingles in all, otherwise with a standard error of at most 0.5 / sqrt(size). Of two pages without
    any shingle: 1.
    """
    size = left.shape[1]
    both = np.sort(np.concatenate([left, right], axis=1), axis=1)
    real = both != PADDING
    new = np.ones(both.shape, dtype=bool)
    new[:, 1:] = both[:, 1:] != both[:, :-1]
    counted = real & (np.cumsum(new, axis=1) <= size)
    union = (counted & new).sum(axis=1)
    common = (counted & ~new).sum(axis=1)
    return np.where(union == 0, 1.0, common / np.maximum(union, 1))
