"""fastText's two-class classifier folded into one number a row: the same probability, of a hundredth of the memory.

fastText averages the vectors of a text's words and word n-grams, takes the product with one vector for each label, and
a softmax. With two labels only the difference of the two products counts, and the mean of products is the product of
the mean: so each row of the matrix (256 numbers in the paper's settings, 2.1 GB in all) is needed only as its product
with the difference of the label vectors (16 MB). Scores differ from the library's by its rounding to float32.

A round folds its classifier once and keeps both: fastText's file for others to use, the folded one for the workers that
score, which need not read the large one.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathmill.corpus.hashing import Rows, of_texts, of_words
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import replacing

POSITIVE, NEGATIVE = "__label__yes", "__label__no"
_END = "</s>"  # the token that fastText reads at a line's end
_STEP = np.uint64(116049371)  # of the hash of n-grams
_GROUP = 64  # texts that are read at once: some megabytes


class Linear:
    """A classifier of the labels POSITIVE and NEGATIVE as a sum of one weight for each word and n-gram.

    vocabulary: the words that have a row of their own, in the order of their rows; weights: float64 [rows], words
    first, then slots of n-grams; order: of the longest n-grams.
    """

    def __init__(self, vocabulary: Sequence[str], weights: NDArray[np.float64], order: int) -> None:
        self.vocabulary = list(vocabulary)
        known = len(self.vocabulary)
        self._weights, self._grams = weights[:known], weights[known:]
        self._order, self._buckets = order, np.uint64(max(1, len(self._grams)))
        self._hashes, keys = of_words(self.vocabulary)
        self._rows = Rows(keys)
        self._end = self.vocabulary.index(_END) if _END in self.vocabulary else None

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
        return cls(model.f.getVocab("strict")[0], weights, settings.wordNgrams)

    @classmethod
    def read(cls, path: Path) -> "Linear":
        """What `save` has written; UserError for any other file."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                names = kept["vocabulary"].tobytes().decode()
                vocabulary = names.split("\n") if names else []
                return cls(vocabulary, kept["weights"], int(kept["order"]))
        except FileNotFoundError:
            raise UserError(f"{path}: no such file; a round of stage corpus writes it") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: not a folded classifier ({error}); delete the round's folder and rerun") from None

    def save(self, path: Path) -> None:
        """Write the classifier as numpy's .npz; equal classifiers give equal bytes."""
        names = "\n".join(self.vocabulary).encode()
        with replacing(path) as beside, open(beside, "wb") as out:
            np.savez(
                out,
                vocabulary=np.frombuffer(names, dtype=np.uint8),
                weights=np.concatenate([self._weights, self._grams]),
                order=np.int64(self._order),
            )

    def log_odds(self, texts: Iterable[str], numbers: str) -> Iterator[float | None]:
        """Of the positive class, for each text; None for a text without a row of the matrix, as fastText has it.

        numbers: see `wording.plain`.
        """
        waiting = iter(texts)
        while group := list(islice(waiting, _GROUP)):
            (hashes, keys), ends = of_texts(group, numbers)
            rows = self._rows.find(keys)
            for start, end in zip([0, *ends], ends, strict=False):
                yield self._log_odds(rows[start:end], hashes[start:end])

    def _log_odds(self, rows: NDArray[np.int64], hashes: NDArray[np.uint64]) -> float | None:
        if self._end is not None:
            rows, hashes = np.append(rows, self._end), np.append(hashes, self._hashes[self._end])
        own = rows[rows >= 0]
        total, count = float(self._weights[own].sum()), len(own)
        grams = hashes
        for size in range(1, min(self._order, len(hashes))):
            grams = grams[:-1] * _STEP + hashes[size:]
            total += float(self._grams[(grams % self._buckets).astype(np.int64)].sum())
            count += len(grams)
        return total / count if count else None
