"""Attention of a decoding step in which the rows of a group share one copy of their prompt's keys and values.

A row keeps only the keys and values of its own tokens; its query also sees those of its prompt, for all rows of the
group in one matrix product. Against a cache that repeats the prompt for every row this halves what a step reads.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from mathmill.rl.cache import BufferCache
from mathmill.rl.shared_prefix import attending, takes_attention

NAME = "mathmill_group_decoding"


class Prompts:
    """Keys and values of B prompts, [B, kv_heads, width, size] a layer, and which of R rows continues which.

    real [B, width]: False where a prompt is padded on the left. Rows must stand in the order of their prompts.
    behind: how many tokens of their own the rows have, the newest with them.
    """

    def __init__(self, cache: BufferCache, real: torch.Tensor, group: torch.Tensor) -> None:
        self.keys = [layer.keys for layer in cache.buffers]
        self.values = [layer.values for layer in cache.buffers]
        self.behind = 0
        self.hidden = ~real
        self.padded = bool(self.hidden.any())
        self._place(group)
        self._mask()

    def take(self, rows: torch.Tensor) -> None:
        """Keep some rows by index; prompts without a row are dropped."""
        group = self.group[rows]
        left, group = torch.unique(group, return_inverse=True)
        if len(left) < len(self.hidden):
            self.keys = [keys[left] for keys in self.keys]
            self.values = [values[left] for values in self.values]
            self.hidden = self.hidden[left]
            self._mask()
        self._place(group)

    def _mask(self) -> None:
        """[B * kv_heads, 1, width]: is added to the scores of prompts' tokens; minus infinity where they are padded."""
        zeros = self.keys[0].new_zeros(len(self.hidden), 1, self.hidden.shape[1])
        self.mask = zeros.masked_fill_(self.hidden[:, None], float("-inf")).repeat_interleave(self.keys[0].shape[1], 0)

    def _place(self, group: torch.Tensor) -> None:
        """Find each row's place in a grid [B, most rows of a group]."""
        self.group = group
        counts = torch.bincount(group, minlength=len(self.hidden))
        first = counts.cumsum(0) - counts
        self.most = int(counts.max())
        self.even = bool((counts == self.most).all())
        self.place = group * self.most + torch.arange(len(group), device=group.device) - first[group]

    def gather(self, x: torch.Tensor, kv_heads: int) -> torch.Tensor:
        """[R, heads, n] -> [B * kv_heads, most * heads / kv_heads, n]; places without a row are zero."""
        if not self.even:
            x = x.new_zeros(len(self.hidden) * self.most, *x.shape[1:]).index_copy_(0, self.place, x)
        shape = (len(self.hidden), self.most, kv_heads, x.shape[1] // kv_heads, x.shape[2])
        return x.reshape(shape).transpose(1, 2).reshape(shape[0] * kv_heads, -1, shape[4])

    def spread(self, x: torch.Tensor, kv_heads: int) -> torch.Tensor:
        """The way back of `gather`."""
        shape = (len(self.hidden), kv_heads, self.most, -1, x.shape[2])
        rows = x.view(shape).transpose(1, 2).reshape(len(self.hidden) * self.most, -1, x.shape[2])
        return rows if self.even else rows[self.place]


def usable(model: Any, width: int, device: torch.device) -> bool:
    """Whether rows of up to `width` tokens of this model can be decoded so."""
    window = getattr(model.config, "sliding_window", None)
    return device.type == "cpu" and not (window is not None and width > window) and takes_attention(model, device)


def grouped(model: Any, active: bool) -> AbstractContextManager[None]:
    """The model's layers call `_forward` meanwhile, if active."""
    return attending(model, NAME, _forward) if active else nullcontext()


def _forward(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    shared_prompts: Prompts | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """The attention interface of transformers: query [R, heads, 1, size]; key and value as `attend` takes them."""
    if shared_prompts is None:
        raise TypeError("the layers do not hand the prompts to the attention function")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    with torch.autocast(query.device.type, enabled=False):
        output = attend(query[:, :, 0], key, value, shared_prompts, module.layer_idx, scale)
    return output.to(query.dtype)[:, None], None


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, prompts: Prompts, layer: int, scale: float
) -> torch.Tensor:
    """[R, heads, size]: each row's query over its prompt and its own tokens in that layer.

    query [R, heads, size]; key, value [R, kv_heads, own, size], of which the first `prompts.behind` are there: the
    blocks of a BlockLayer.
    """
    rows, heads, size = query.shape
    kv_heads, own = key.shape[1], key.shape[2]
    prompt_keys, prompt_values = prompts.keys[layer].flatten(0, 1), prompts.values[layer].flatten(0, 1)
    width = prompt_keys.shape[1]
    q = (query * scale).to(key.dtype)
    scores = q.new_empty(rows, heads, width + own)
    queries, keys = prompts.gather(q, kv_heads), prompt_keys.transpose(1, 2)
    shared = torch.baddbmm(prompts.mask, queries, keys) if prompts.padded else queries @ keys
    scores[..., :width] = prompts.spread(shared, kv_heads)
    alone = q.view(rows * kv_heads, -1, size) @ key.flatten(0, 1).transpose(1, 2)
    scores[..., width:] = alone.view(rows, heads, own)
    scores[..., width + prompts.behind :] = float("-inf")
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(value.dtype)
    mixed = weights.view(rows * kv_heads, -1, width + own)[..., width:] @ value.flatten(0, 1)
    shared = prompts.gather(weights[..., :width], kv_heads) @ prompt_values
    return mixed.view(rows, heads, -1) + prompts.spread(shared, kv_heads)
