"""Where the packed tokens of a micro-batch stand in dense rows, group by group: its prompts, and its outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class GroupSpan:
    """One group in the packed tokens: `prompt` tokens from `start`, then outputs of these lengths, back to back."""

    start: int
    prompt: int
    lengths: tuple[int, ...]

    @property
    def end(self) -> int:
        """Behind the last token."""
        return self.start + self.prompt + sum(self.lengths)

    def rows(self) -> tuple[range, list[range]]:
        """The tokens of the prompt, and of each output."""
        prompt = range(self.start, self.start + self.prompt)
        outputs = []
        at = prompt.stop
        for length in self.lengths:
            outputs.append(range(at, at + length))
            at += length
        return prompt, outputs


class Block:
    """Dense rows of tokens, by number: own [rows, L], and keys [rows, W], what they see: other tokens, then their own.

    real [rows, L]: False where a row is shorter. Such a place holds token 0 and sees only itself, so that it takes
    nothing from a token and gives nothing to one. hidden [rows, L, W]: True where a place does not see a key.
    """

    def __init__(self, own: Sequence[range], before: Sequence[range]) -> None:
        self.own, self.real = _padded(own)
        others, there = _padded(before)
        self.keys = torch.cat([others, self.own], 1)
        length, width = self.own.shape[1], self.keys.shape[1]
        causal = torch.ones(length, width, dtype=torch.bool).tril(width - length)
        self.hidden = ~(causal & torch.cat([there, self.real], 1)[:, None])
        self.hidden[~self.real] = True
        self.hidden[:, :, width - length :].diagonal(dim1=1, dim2=2).fill_(False)

    def mask(self, dtype: torch.dtype) -> torch.Tensor:
        """[rows, L, W]: is added to scores; minus infinity where a place does not see a key."""
        return torch.zeros(self.hidden.shape, dtype=dtype).masked_fill_(self.hidden, float("-inf"))


def _padded(rows: Sequence[range]) -> tuple[torch.Tensor, torch.Tensor]:
    """(numbers of tokens [rows, longest], where there is one); 0 elsewhere."""
    steps = torch.arange(max(map(len, rows), default=0))
    real = steps < torch.tensor([len(row) for row in rows])[:, None]
    return (torch.tensor([row.start for row in rows])[:, None] + steps).where(real, 0), real


class Packing:
    """Where packed tokens stand in two blocks of rows: the prompts, and the outputs behind theirs."""

    def __init__(self, spans: Sequence[GroupSpan]) -> None:
        prompts, outputs = zip(*(span.rows() for span in spans), strict=True)
        self.end = spans[-1].end
        self.group = torch.tensor([group for group, rows in enumerate(outputs) for _ in rows])
        every = [row for rows in outputs for row in rows]
        self.blocks = Block(prompts, [range(0)] * len(prompts)), Block(every, [prompts[group] for group in self.group])
        self._kept: dict[Any, Any] = {}  # all layers of a model ask for the same

    def queries(self, heads: int) -> "Places":
        """The places of queries."""
        return self._keep(("queries", heads), lambda: Places(self, [block.own for block in self.blocks], heads))

    def keys(self, heads: int, repeats: int) -> "Places":
        """The places of keys and values, each of which `repeats` heads read."""
        rows = [block.keys for block in self.blocks]
        return self._keep(("keys", heads, repeats), lambda: Places(self, rows, heads, repeats))

    def masks(self, dtype: torch.dtype) -> list[torch.Tensor]:
        """The blocks' masks in that type."""
        return self._keep(dtype, lambda: [block.mask(dtype) for block in self.blocks])

    def _keep(self, name: Any, make: Callable[[], Any]) -> Any:
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]


class Places:
    """The way of packed tokens into the rows of a packing, head by head, and back.

    rows: of each block, the numbers of tokens [rows, width]; the last places of a row are its own tokens. heads: of
    the rows; of the tokens there are `repeats` times fewer.
    """

    def __init__(self, packing: Packing, rows: list[torch.Tensor], heads: int, repeats: int = 1) -> None:
        self.heads, self.repeats, self.end = heads, repeats, packing.end
        self.shapes = [some.shape for some in rows]
        head = torch.arange(heads)
        of = head // repeats
        self.there = torch.cat([(some.flatten() * (heads // repeats) + of[:, None]).flatten() for some in rows])
        back = torch.empty(packing.end, heads, dtype=torch.long)
        begin = 0
        for some, block in zip(rows, packing.blocks, strict=True):
            place = torch.arange(some.numel()).view(some.shape)[:, some.shape[1] - block.own.shape[1] :]
            back[block.own[block.real]] = begin + place[block.real][:, None] + head * some.numel()
            begin += heads * some.numel()
        self.back = back.flatten()

    def take(self, x: torch.Tensor) -> torch.Tensor:
        """From tokens [fewer heads, T, size] to all places [N, size]."""
        return x.transpose(0, 1).reshape(-1, x.shape[-1]).index_select(0, self.there)

    def blocks(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Views of places [N, size] as [heads * rows, width, size] of each block."""
        shapes = [(self.heads * rows, width, x.shape[1]) for rows, width in self.shapes]
        parts = x.split([rows * width for rows, width, _ in shapes])
        return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    def put(self, x: torch.Tensor, tokens: int) -> torch.Tensor:
        """From the tokens' own places of [N, size] to [T, fewer heads, size], summed; zeros behind the last group."""
        out = x.new_empty(tokens, self.heads, x.shape[1])
        out[self.end :] = 0
        torch.index_select(x, 0, self.back, out=out[: self.end].view(-1, x.shape[1]))
        return out if self.repeats == 1 else out.unflatten(1, (-1, self.repeats)).sum(2)
