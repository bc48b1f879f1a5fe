"""Tokens of a text for the comparison with benchmarks, and an index of the benchmarks' grams (paper section 2.1).

The paper does not say what a gram is. Here: words, numbers, and single CJK characters, after Unicode compatibility
folding (full-width digits are digits) and without regard to case, punctuation, operators and white space. With words
between spaces, the rule would cover no item of CMATH at all.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_TOKEN = re.compile(rf"[{_CJK}]|\d+|[^\W\d_{_CJK}]+")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SHORT = 64  # tokens; below, looking windows up one by one is cheaper than some hundred calls of numpy

Gram = tuple[str, ...]


def fold(text: str) -> str:
    """The text as it is compared: compatibility forms resolved, no invisible characters, no case."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()


def tokens(text: str, commands: str = "drop") -> list[str]:
    """The tokens of a text; commands: `drop` or `keep` TeX commands (a kept one counts as its name)."""
    return [word for line in line_tokens(text, commands) for word in line]


def line_tokens(text: str, commands: str = "drop") -> list[list[str]]:
    """The tokens of each line; folding neither makes nor removes a line end."""
    text = fold(text)
    text = _COMMAND.sub(" ", text) if commands == "drop" else text
    return [_TOKEN.findall(line) for line in text.split("\n")]


@dataclass(frozen=True)
class Owner:
    """A benchmark item that a gram comes from; rule `A`: one of its 10-grams, `B`: the whole of a short text."""

    benchmark: str
    item: str
    rule: str


@dataclass(frozen=True)
class Hit:
    """A gram of a benchmark found in a text: the place of its first token, its length, and whose it is."""

    start: int
    gram: Gram
    owners: tuple[Owner, ...]


@dataclass
class GramIndex:
    """Grams of benchmarks by length. Look-up is by 64-bit hashes in numpy; a hit is then compared token by token."""

    owners: dict[Gram, tuple[Owner, ...]]
    common: dict[Gram, int] = field(default_factory=dict)
    ignored: dict[Gram, tuple[int, str]] = field(default_factory=dict)
    vocabulary: dict[str, int] = field(default_factory=dict)
    hashes: dict[int, NDArray[np.uint64]] = field(default_factory=dict)

    @staticmethod
    def build(
        texts: Iterable[tuple[str, str, Sequence[str]]],
        gram: int,
        shortest: int,
        common: int,
        ignored: Mapping[str, str] | None = None,
    ) -> "GramIndex":
        """The index of (benchmark, item, tokens of one text) triples.

        Texts of `gram` tokens or more give all their grams of that length (rule A), shorter ones of at least `shortest`
        give themselves (rule B). Grams of more than `common` items are left out and kept in `common` with their number;
        grams that lie in a phrase of `ignored` (phrase -> reason) are left out and kept in `ignored` with both.
        """
        phrases = {tuple(tokens(phrase)): reason for phrase, reason in (ignored or {}).items()}
        found: dict[Gram, set[Owner]] = defaultdict(set)
        for benchmark, item, words in texts:
            if len(words) >= gram:
                for start in range(len(words) - gram + 1):
                    found[tuple(words[start : start + gram])].add(Owner(benchmark, item, "A"))
            elif len(words) >= shortest:
                found[tuple(words)].add(Owner(benchmark, item, "B"))
        index = GramIndex({})
        for words_of, owners in found.items():
            items = len({(owner.benchmark, owner.item) for owner in owners})
            reason = next((why for phrase, why in phrases.items() if _within(words_of, phrase)), None)
            if reason is not None:
                index.ignored[words_of] = (items, reason)
            elif items > common:
                index.common[words_of] = items
            else:
                index.owners[words_of] = tuple(sorted(owners, key=lambda one: (one.benchmark, one.item, one.rule)))
        index._hash()
        return index

    def _hash(self) -> None:
        names = sorted({word for gram in self.owners for word in gram})
        self.vocabulary = {word: number for number, word in enumerate(names, start=1)}
        by_length: dict[int, list[Gram]] = defaultdict(list)
        for gram in self.owners:
            by_length[len(gram)].append(gram)
        for length, grams in by_length.items():
            ids = np.array([[self.vocabulary[word] for word in gram] for gram in grams], dtype=np.uint64)
            self.hashes[length] = np.unique(_rolling(ids.reshape(-1), length)[::length])

    def find(self, words: Sequence[str]) -> list[Hit]:
        """Every place where a gram of the index stands in `words`, by place and then by length."""
        if len(words) <= _SHORT:
            return self._find_short(words)
        ids = np.fromiter((self.vocabulary.get(word, 0) for word in words), dtype=np.uint64, count=len(words))
        hits = []
        for length in sorted(self.hashes):
            if len(ids) < length:
                break
            windows, known = _rolling(ids, length), self.hashes[length]
            nearest = np.minimum(np.searchsorted(known, windows), len(known) - 1)
            for start in np.flatnonzero(known[nearest] == windows).tolist():
                gram = tuple(words[start : start + length])
                owners = self.owners.get(gram)  # equal hashes are not proof
                if owners is not None:
                    hits.append(Hit(start, gram, owners))
        return sorted(hits, key=lambda hit: (hit.start, len(hit.gram)))

    def _find_short(self, words: Sequence[str]) -> list[Hit]:
        """The same for a text of few tokens."""
        found = []
        for start in range(len(words)):
            if words[start] not in self.vocabulary:
                continue
            for length in sorted(self.hashes):
                gram = tuple(words[start : start + length])
                if len(gram) == length and gram in self.owners:
                    found.append(Hit(start, gram, self.owners[gram]))
        return found


def _within(gram: Gram, phrase: Gram) -> bool:
    """Whether the tokens of `gram` stand in `phrase` one after the other."""
    return any(phrase[start : start + len(gram)] == gram for start in range(len(phrase) - len(gram) + 1))


def _rolling(ids: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Polynomial hashes, wrapping at 2^64, of all windows of `length`; shape (len(ids) - length + 1,)."""
    total = np.zeros(len(ids) - length + 1, dtype=np.uint64)
    for offset in range(length):
        total = total * _BASE + ids[offset : offset + len(total)]
    return total
