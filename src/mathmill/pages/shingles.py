"""Near-duplicates, first half: what a page is made of, and its MinHash signature.

Words are tokens, and so are numbers, TeX commands and each single CJK character: two worksheets that differ in their
numbers are two worksheets, and Chinese text, which has no spaces, has shingles at all.
"""

import re

import numpy as np
import xxhash
from numpy.typing import NDArray

TOKEN = re.compile(r"\\[a-zA-Z]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]|\d+|[^\W\d_]+")
_ODD_BASE = np.uint64(0x9E3779B97F4A7C15)


def tokens(text: str) -> list[str]:
    """The tokens that shingles are made of, in lower case."""
    return TOKEN.findall(text.lower())


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
    return np.unique(total)


def permutations(count: int, seed: int) -> NDArray[np.uint64]:
    """The (count, 2) multipliers and offsets of `count` hash functions; multipliers are odd."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 2**64, size=(count, 2), dtype=np.uint64)
    drawn[:, 0] |= np.uint64(1)
    return drawn


def signature(items: NDArray[np.uint64], functions: NDArray[np.uint64], block: int = 4096) -> NDArray[np.uint32]:
    """MinHash signature, shape (functions,): the minimum of each hash function over the shingles.

    Equal places of two signatures estimate the Jaccard similarity of their shingle sets. No shingles: all ones.
    block: shingles hashed at once, so that memory does not grow with the page.
    """
    lowest = np.full(len(functions), np.iinfo(np.uint32).max, dtype=np.uint32)
    for start in range(0, len(items), block):
        # Multiply-shift: the high half of a*x + b is the well-mixed one.
        mixed = items[None, start : start + block] * functions[:, :1] + functions[:, 1:]
        lowest = np.minimum(lowest, (mixed >> np.uint64(32)).min(axis=1).astype(np.uint32))
    return lowest
