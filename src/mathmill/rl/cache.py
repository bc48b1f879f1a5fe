"""Key-value caches that are written in place, whose rows can be repeated and dropped.

transformers' DynamicCache copies the whole cache at every token; its StaticCache attends over the full length from the
start. `BufferLayer` shows what is filled of a buffer of full length. `BlockLayer` shows a buffer that grows by a few
tokens at a time, filled or not: products of many small matrices copy what is not dense.
"""

from collections.abc import Sequence

import torch
from transformers.cache_utils import Cache, DynamicLayer

_BLOCK = 16


class BufferLayer(DynamicLayer):
    """Keys and values of one layer: [rows, kv_heads, capacity, head_dim], of which the first `length` are filled."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self.length = 0
        self.keys: torch.Tensor = torch.empty(0)
        self.values: torch.Tensor = torch.empty(0)

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Allocate on the first write, when rows, heads and type are known: that of the values.

        Under autocast keys come in float32, the type of their angles.
        """
        self.dtype, self.device = value_states.dtype, value_states.device
        rows, heads, _, width = key_states.shape
        self.keys = value_states.new_empty(rows, heads, self.capacity, width)
        self.values = value_states.new_empty(rows, heads, self.capacity, width)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new positions, return views on all filled ones."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self.length + key_states.shape[-2]
        self.keys[:, :, self.length : end] = key_states
        self.values[:, :, self.length : end] = value_states
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        """Filled positions."""
        return self.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Key length seen by the next call, and its offset."""
        return self.length + query_length, 0

    def take(self, rows: torch.Tensor) -> None:
        """Keep or repeat rows by index."""
        keys, values = self.keys[:, :, : self.length], self.values[:, :, : self.length]
        shape = (len(rows), *self.keys.shape[1:])
        self.keys, self.values = self.keys.new_empty(shape), self.values.new_empty(shape)
        self.keys[:, :, : self.length] = keys[rows]
        self.values[:, :, : self.length] = values[rows]


class BlockLayer(BufferLayer):
    """A layer that shows [rows, kv_heads, blocks of _BLOCK tokens, head_dim]; zeros stand behind `length` tokens."""

    def __init__(self) -> None:
        super().__init__(_BLOCK)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new positions, return all blocks."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys.zero_()
            self.values.zero_()
        while self.length + key_states.shape[-2] > self.keys.shape[2]:
            self.keys, self.values = _longer(self.keys), _longer(self.values)
        super().update(key_states, value_states)
        return self.keys, self.values

    def take(self, rows: torch.Tensor) -> None:
        """Keep or repeat rows by index."""
        self.keys, self.values = self.keys[rows], self.values[rows]


def _longer(buffer: torch.Tensor) -> torch.Tensor:
    rows, heads, _, size = buffer.shape
    return torch.cat([buffer, buffer.new_zeros(rows, heads, _BLOCK, size)], 2)


class BufferCache(Cache):
    """A buffer for each layer of the model."""

    def __init__(self, buffers: Sequence[BufferLayer]) -> None:
        self.buffers = buffers
        super().__init__(layers=list(buffers))

    def take(self, rows: torch.Tensor) -> None:
        """Keep or repeat rows by index in every layer."""
        for layer in self.buffers:
            layer.take(rows)
