"""One source's token files, read by memory map: an endless stream of shuffled documents, cut into sequences."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy
import xxhash

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json


class TokenFile:
    """Ids of documents that lie end to end in one file, and where each starts (see mathmill.tokens.shards)."""

    def __init__(self, tokens: Path, documents: Path, dtype: str) -> None:
        starts = numpy.fromfile(documents, dtype="uint64").astype(numpy.int64)
        size = tokens.stat().st_size // numpy.dtype(dtype).itemsize
        if len(starts) == 0 or int(starts[-1]) != size:
            raise UserError(f"{tokens}: does not fit {documents.name}; make both with `dvc repro tokens`")
        # An empty file cannot be mapped.
        self.ids: Any = numpy.memmap(tokens, dtype=dtype, mode="r") if size else numpy.zeros(0, dtype)
        self.starts = starts

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def total(self) -> int:
        """Tokens in all documents."""
        return int(self.starts[-1])

    def document(self, index: int) -> numpy.ndarray:
        """The ids of one document."""
        return self.ids[self.starts[index] : self.starts[index + 1]]


class Source:
    """The documents of one source: train (in an order of its own in every epoch) and heldout.

    The stream of epoch e is all documents in a random order given by (seed, name, e); epochs follow each other without
    a gap, and sequence k is the tokens from k x context on. So a sequence is a function of (seed, name, k) alone.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.name = folder.name
        self.index = read_json(folder / "index.json")
        dtype = self.index["dtype"]
        self.train = TokenFile(folder / "tokens.bin", folder / "documents.bin", dtype)
        self.heldout = TokenFile(folder / "heldout.bin", folder / "heldout_documents.bin", dtype)
        self._seed = [seed, xxhash.xxh3_64_intdigest(self.name.encode())]
        self._epoch = lru_cache(maxsize=2)(self._shuffled)

    def sequence(self, number: int, context: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Sequence `number`: its ids, and each token's position in its document as far as this sequence shows it.

        Both (context,), int64.
        """
        ids = numpy.empty(context, dtype=numpy.int64)
        positions = numpy.empty(context, dtype=numpy.int64)
        filled = 0
        while filled < context:
            epoch, offset = divmod(number * context + filled, self.train.total)
            order, ends = self._epoch(epoch)
            place = int(numpy.searchsorted(ends, offset, side="right"))
            document = self.train.document(int(order[place]))
            rest = document[len(document) - (int(ends[place]) - offset) :][: context - filled]
            ids[filled : filled + len(rest)] = rest
            positions[filled : filled + len(rest)] = numpy.arange(len(rest))
            filled += len(rest)
        return ids, positions

    def _shuffled(self, epoch: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """The order of the documents in an epoch, and where each ends in the epoch's stream."""
        order = numpy.random.default_rng([*self._seed, epoch]).permutation(len(self.train))
        return order, numpy.cumsum(numpy.diff(self.train.starts)[order])
