"""fastText's two-class classifier folded into one number a row: the same probability, of a hundredth of the memory.

fastText averages the vectors of a text's words and word n-grams, takes the product with one vector for each label, and
a softmax. With two labels only the difference of the two products counts, and the mean of products is the product of
the mean: so each row of the matrix (256 numbers in the paper's settings, 2.1 GB in all) is needed only as its product
with the difference of the label vectors (16 MB). Scores differ from the library's by its rounding to float32.

A round folds its classifier once and keeps both: fastText's file for others to use, the folded one for the workers that
score, which need not read the large one.
"""

import zipfile
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathmill.corpus.wording import BREAKS, words
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import replacing

POSITIVE, NEGATIVE = "__label__yes", "__label__no"
_END = "</s>"  # the token that fastText reads at a line's end
_STEP = np.uint64(116049371)  # of the hash of n-grams
_KEPT = 200_000  # pieces of text, and unknown words, that are remembered: some 50 MB
_LONGEST = 48  # bytes of a piece that is remembered


class Linear:
    """A classifier of the labels POSITIVE and NEGATIVE as a sum of one weight for each word and n-gram.

    vocabulary: the words that have a row of their own, in the order of their rows; hashes: theirs, uint64; weights:
    float64 [rows], words first, then slots of n-grams; order: of the longest n-grams.
    """

    def __init__(
        self, vocabulary: Sequence[str], hashes: NDArray[np.uint64], weights: NDArray[np.float64], order: int
    ) -> None:
        self._known = len(vocabulary)
        self._weights, self._grams = weights[: self._known], weights[self._known :]
        self._order, self._buckets = order, np.uint64(max(1, len(self._grams)))
        self._vocabulary = {word: slot for slot, word in enumerate(vocabulary)}
        self._hashes = hashes
        self._forget()

    @classmethod
    def fold(cls, model: Any) -> "Linear":
        """A loaded fastText model, which is needed no longer.

        Raises ValueError for a model with other labels, another loss than softmax, or parts of words.
        """
        settings = model.f.getArgs()
        labels = model.f.getLabels("strict")[0]
        if sorted(labels) != sorted((POSITIVE, NEGATIVE)) or settings.loss.name != "softmax" or settings.maxn > 0:
            raise ValueError(f"no classifier of {POSITIVE} and {NEGATIVE}: it has the labels {labels}")
        rows, outputs = np.asarray(model.f.getInputMatrix()), np.asarray(model.f.getOutputMatrix())
        difference = outputs[labels.index(POSITIVE)] - outputs[labels.index(NEGATIVE)]
        # einsum adds in one order on every machine, which the product of a linear algebra library does not.
        weights = np.einsum("ij,j->i", rows, difference, dtype=np.float64)
        vocabulary = model.f.getVocab("strict")[0]
        hashes = np.array([_hash(word) for word in vocabulary], dtype=np.uint64)
        return cls(vocabulary, hashes, weights, settings.wordNgrams)

    @classmethod
    def read(cls, path: Path) -> "Linear":
        """What `save` has written; UserError for any other file."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                names = kept["vocabulary"].tobytes().decode()
                vocabulary = names.split("\n") if names else []
                return cls(vocabulary, kept["hashes"], kept["weights"], int(kept["order"]))
        except FileNotFoundError:
            raise UserError(f"{path}: no such file; a round of stage corpus writes it") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: not a folded classifier ({error}); delete the round's folder and rerun") from None

    def save(self, path: Path) -> None:
        """Write the classifier as numpy's .npz; equal classifiers give equal bytes."""
        names = "\n".join(self._vocabulary).encode()
        with replacing(path) as beside, open(beside, "wb") as out:
            np.savez(
                out,
                vocabulary=np.frombuffer(names, dtype=np.uint8),
                hashes=self._hashes[: self._known],
                weights=np.concatenate([self._weights, self._grams]),
                order=np.int64(self._order),
            )

    @property
    def vocabulary(self) -> list[str]:
        """The words that have a row of their own, the most frequent first."""
        return list(self._vocabulary)

    def log_odds(self, texts: Iterable[str], numbers: str) -> list[float | None]:
        """Of the positive class, for each text; None for a text without a row of the matrix, as fastText has it."""
        return [self._log_odds(text, numbers) for text in texts]

    def _log_odds(self, text: str, numbers: str) -> float | None:
        if len(self._slots) + sum(pieces.kept() for pieces in self._pieces.values()) > self._known + _KEPT:
            self._forget()
        remembered = self._pieces.setdefault(numbers, _Pieces(self, numbers))
        # What is neither word nor operator only separates: most pieces between spaces are then one token.
        slots = remembered.slots(text.encode("utf-8", "replace").translate(BREAKS).split())
        if _END in self._slots:
            slots = np.append(slots, self._slots[_END])
        own = slots[slots < self._known]
        total, count = float(self._weights[own].sum()), len(own)
        hashes = self._hashes[slots]
        grams = hashes
        for size in range(1, min(self._order, len(slots))):
            grams = grams[:-1] * _STEP + hashes[size:]
            total += float(self._grams[(grams % self._buckets).astype(np.int64)].sum())
            count += len(grams)
        return total / count if count else None

    def slots(self, words: Iterable[str]) -> tuple[int, ...]:
        """Where the hashes of words stand; those behind the vocabulary have no row of their own."""
        return tuple(map(self._slots.__getitem__, words))

    def place(self, slot: int, word: str) -> None:
        """Put a new word's hash at its slot."""
        if slot >= len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[slot] = _hash(word)

    def _forget(self) -> None:
        self._slots = _Slots(self)
        self._slots.update(self._vocabulary)
        self._hashes = self._hashes[: self._known].copy()
        self._pieces: dict[str, _Pieces] = {}


class _Slots(dict[str, int]):
    """Word -> slot; a word that has none gets the next one."""

    def __init__(self, model: Linear) -> None:
        super().__init__()
        self._model = model

    def __missing__(self, word: str) -> int:
        slot = self[word] = len(self)
        self._model.place(slot, word)
        return slot


class _Pieces(dict[bytes, int]):
    """The slot of the token that a piece of text without spaces is; short pieces are read once.

    A piece of several tokens, or of none, is -1 - n, and `_several[n]` are their slots.
    """

    def __init__(self, model: Linear, numbers: str) -> None:
        super().__init__()
        self._model, self._numbers = model, numbers
        self._several: list[tuple[int, ...]] = []

    def kept(self) -> int:
        """How many pieces are remembered, and how many rows of several tokens."""
        return len(self) + len(self._several)

    def slots(self, pieces: list[bytes]) -> NDArray[np.int64]:
        """The slots of all tokens of a text's pieces, in order."""
        found = np.fromiter(map(self.__getitem__, pieces), dtype=np.int64, count=len(pieces))
        places = np.flatnonzero(found < 0)
        if len(places):
            several = [self._several[-1 - code] for code in found[places].tolist()]
            counts = np.ones(len(found), dtype=np.int64)
            counts[places] = list(map(len, several))
            found = np.repeat(found, counts)
            found[found < 0] = np.fromiter(chain.from_iterable(several), dtype=np.int64)
        return found

    def __missing__(self, piece: bytes) -> int:
        text = piece.decode()
        slots = self._model.slots([text] if piece.isalpha() else words(text, self._numbers))
        if len(slots) == 1:
            code = slots[0]
        else:
            self._several.append(slots)
            code = -len(self._several)
        if len(piece) <= _LONGEST:
            self[piece] = code
        return code


def _hash(word: str) -> int:
    """The hash that fastText has for a word (FNV-1a over signed bytes), as n-grams read it: 32 bits, signed, in 64."""
    value = 2166136261
    for byte in word.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return value if value < 1 << 31 else value | 0xFFFFFFFF00000000
