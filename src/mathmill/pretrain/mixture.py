"""Which source a sample comes from: shares by weight that are exact in every block, computed and not remembered."""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy

from mathmill.workflow.errors import UserError

BLOCK = 1000
_LEAST = 1e-6  # share of a source: a block, which lies in memory, holds two samples of it


class Mixture:
    """Deals samples 0, 1, 2 ... out to sources by weight. Raises UserError for a share below a millionth.

    Samples are dealt in blocks. After any number of whole blocks each source has had its share to within one sample;
    inside a block its samples are spread evenly, so shorter windows are close too. All samples have the same number of
    tokens, so these are shares of tokens (paper 2.3: 56, 4, 10, 20 and 10 %).
    """

    def __init__(self, weights: Mapping[str, float], seed: int) -> None:
        self.names = [name for name in sorted(weights) if weights[name] > 0]
        if not self.names:
            raise ValueError("a mixture needs a positive weight")
        shares = numpy.array([weights[name] for name in self.names], dtype=numpy.float64)
        shares /= shares.sum()
        self._edges = numpy.concatenate([[0.0], numpy.cumsum(shares)])
        self._edges[-1] = 1.0
        rarest = int(shares.argmin())
        if shares[rarest] < _LEAST:
            raise UserError(f"the share of {self.names[rarest]} is {shares[rarest]:.1e}: 0, or {_LEAST:.0e} and more")
        # Twice a sample for the rarest source: its rounded count in a block is then never negative.
        self.block = max(BLOCK, math.ceil(2 / float(shares.min())))
        self._seed = seed
        self._dealt = lru_cache(maxsize=4)(self._deal)

    def place(self, sample: int) -> tuple[str, int]:
        """(source, how many samples of that source came before) of a sample."""
        block, position = divmod(sample, self.block)
        source, rank = self._dealt(block)
        which = int(source[position])
        return self.names[which], int(self._before(block)[which] + rank[position])

    def counts(self, samples: int) -> dict[str, int]:
        """Samples of each source among the first `samples`."""
        block, rest = divmod(samples, self.block)
        inside = numpy.bincount(self._dealt(block)[0][:rest], minlength=len(self.names))
        return dict(zip(self.names, (self._before(block) + inside).tolist(), strict=True))

    def _before(self, block: int) -> numpy.ndarray:
        """Samples of each source in the blocks before this one: differences of rounded cumulative shares."""
        return numpy.diff(numpy.floor(block * self.block * self._edges + 0.5).astype(numpy.int64))

    def _deal(self, block: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Source of each position in a block, and how many of that source came before in the block."""
        counts = self._before(block + 1) - self._before(block)
        rng = numpy.random.default_rng([self._seed, block])
        source = numpy.repeat(numpy.arange(len(counts)), counts)
        rank = numpy.concatenate([numpy.arange(count) for count in counts])
        # The i-th of n samples falls at random into the i-th n-th of the block.
        order = numpy.argsort((rank + rng.random(len(rank))) / counts[source], kind="stable")
        return source[order], rank[order]
