"""The words of many texts as numbers: what `wording.words` finds, by operations on arrays of bytes.

The classifier needs of a word only fastText's hash, for n-grams, and the row of the matrix if it has one. So no word is
ever made: classes of bytes say where words begin and end, and all hashes grow together, by a byte at a time.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathmill.corpus.wording import OPERATORS, plain

_BREAK, _LETTER, _DIGIT, _OPERATOR, _BACKSLASH = range(5)
_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)  # of FNV-1a with 32 bits
_FACTOR = np.uint32(2654435761)  # of the other half of a key
_LONGEST = 65535  # bytes; a longer word is read up to there


class Hashed(NamedTuple):
    """Words as numbers: uint64 [words] each.

    hashes: fastText's as its n-grams read it, 32 bits, signed, in 64. keys: equal for different words by chance once in
    10**19.
    """

    hashes: NDArray[np.uint64]
    keys: NDArray[np.uint64]


def of_words(words: Sequence[str]) -> Hashed:
    """Of each word, whatever it is made of."""
    encoded = [word.encode() for word in words]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    return _hashed(b"".join(encoded), np.cumsum(lengths) - lengths, lengths)


def of_texts(texts: Sequence[str], numbers: str) -> tuple[Hashed, list[int]]:
    """Of the words of all texts, in order, and where each text's words end. numbers: see `wording.plain`."""
    encoded = [plain(text, numbers) for text in texts]
    source = b"\n".join(encoded)
    starts, ends = _places(source)
    behind = list(accumulate(len(text) + 1 for text in encoded))
    return _hashed(source, starts, ends - starts), np.searchsorted(starts, behind).tolist()


def _classes() -> bytes:
    """The class of each byte of a plain text."""
    found = bytearray(256)
    for byte in range(256):
        character = chr(byte)
        if byte >= 128 or character.islower():
            found[byte] = _LETTER
        elif character.isdigit():
            found[byte] = _DIGIT
        elif character in OPERATORS:
            found[byte] = _OPERATOR
        elif character == "\\":
            found[byte] = _BACKSLASH
    return bytes(found)


_CLASSES = _classes()


def _places(source: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the words of a plain text begin and end."""
    classes = np.frombuffer(source.translate(_CLASSES), dtype=np.uint8)
    first = np.ones(len(classes), dtype=bool)
    np.not_equal(classes[1:], classes[:-1], out=first[1:])
    first |= classes == _OPERATOR  # two operators are two words
    starts = np.flatnonzero(first)
    ends = np.append(starts, len(classes))[1:]
    kinds = classes[starts]
    starts[1:] -= (kinds[1:] == _LETTER) & (kinds[:-1] == _BACKSLASH)  # a command has its backslash
    word = (kinds != _BREAK) & (kinds != _BACKSLASH)
    return starts[word], ends[word]


def _hashed(source: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Hashed:
    """Of the words at these places, the longest first: those that have an n-th byte are then the first so many."""
    lengths = np.minimum(lengths, _LONGEST).astype(np.uint16)  # of 16 bits, which are sorted in linear time
    order = np.argsort(lengths, kind="stable")[::-1]
    longer = len(order) - np.cumsum(np.bincount(lengths))  # how many words have more than n bytes
    codes = np.frombuffer(source, dtype=np.int8)
    places = starts[order]
    one, two = np.full(len(order), _BASIS), np.zeros(len(order), dtype=np.uint32)
    for count in longer[:-1].tolist():
        code = codes[places[:count]].astype(np.int32).view(np.uint32)  # fastText's bytes are signed
        one[:count] ^= code
        one[:count] *= _PRIME
        two[:count] *= _FACTOR
        two[:count] += code
        places[:count] += 1
    hashes, keys = np.empty(len(order), dtype=np.uint64), np.empty(len(order), dtype=np.uint64)
    hashes[order] = one.view(np.int32).astype(np.int64).view(np.uint64)
    keys[order] = one.astype(np.uint64) << np.uint64(32) | two
    return Hashed(hashes, keys)


class Rows:
    """The row of each word of a vocabulary, by its key."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self._rows = np.append(np.argsort(keys), -1)
        self._keys = np.append(np.sort(keys), np.uint64(2**64 - 1))
        bits = len(keys).bit_length() + 1
        self._shift = np.uint64(64 - bits)
        self._first = np.searchsorted(self._keys[:-1], np.arange(1 << bits, dtype=np.uint64) << self._shift)

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each word, -1 for a word that has none."""
        places = self._first[keys >> self._shift]  # of the first key with these upper bits
        behind = np.flatnonzero(self._keys[places] < keys)
        while len(behind):
            places[behind] += 1
            behind = behind[self._keys[places[behind]] < keys[behind]]
        return np.where(self._keys[places] == keys, self._rows[places], -1)
