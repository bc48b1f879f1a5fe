"""Examples randomly concatenated up to the context (paper 3), as an endless stream of sequences by number."""

from collections.abc import Iterator, Sequence

import numpy

OPEN = 8  # sequences that are filled side by side: fewer would leave more room unused, more would sort by length


def pack(lengths: Sequence[int], order: Sequence[int], context: int) -> list[list[int]]:
    """Put examples, in `order`, into sequences of at most `context` tokens; returns the examples of each sequence.

    An example goes into the first open sequence with room for it; where there is none, the oldest is closed.
    """
    finished: list[list[int]] = []
    rows: list[list[int]] = []
    rooms: list[int] = []
    for index in order:
        length = lengths[index]
        place = next((i for i, room in enumerate(rooms) if room >= length), None)
        if place is None:
            if len(rows) == OPEN:
                finished.append(rows.pop(0))
                rooms.pop(0)
            rows.append([])
            rooms.append(context)
            place = len(rows) - 1
        rows[place].append(int(index))
        rooms[place] -= length
    return finished + rows


class Packed:
    """Sequence n of a stream that passes over all examples, in another random order and packing each time.

    lengths: tokens of each example, none longer than context. A sequence is a function of (seed, n).
    """

    def __init__(self, lengths: Sequence[int], context: int, seed: int) -> None:
        if not lengths:
            raise ValueError("there must be an example to pack")
        self.lengths, self.context, self.seed = list(lengths), context, seed
        self._starts = [0]  # sequences before each epoch, as far as it is known
        self._held: tuple[int, list[list[int]]] = (-1, [])

    def sequence(self, number: int) -> list[int]:
        """The examples of sequence `number`."""
        epoch = 0
        while True:
            rows = None
            if epoch + 1 == len(self._starts):
                rows = self._epoch(epoch)
                self._starts.append(self._starts[-1] + len(rows))
            if number < self._starts[epoch + 1]:
                return (rows or self._epoch(epoch))[number - self._starts[epoch]]
            epoch += 1

    def count(self, epochs: float) -> int:
        """Sequences in that many passes, at least one."""
        whole, rest = divmod(epochs, 1)
        total = sum(len(self._epoch(epoch)) for epoch in range(int(whole)))
        return max(1, total + (round(rest * len(self._epoch(int(whole)))) if rest else 0))

    def _epoch(self, epoch: int) -> list[list[int]]:
        if self._held[0] != epoch:
            rng = numpy.random.default_rng([self.seed, epoch])
            rows = pack(self.lengths, rng.permutation(len(self.lengths)).tolist(), self.context)
            # The last sequences of a pass are the emptiest; spread them over it.
            self._held = (epoch, [rows[i] for i in rng.permutation(len(rows))])
        return self._held[1]


def segments(examples: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(example, first position, position after the last) of each example in a sequence."""
    at = 0
    for example in examples:
        yield example, at, at + lengths[example]
        at += lengths[example]
