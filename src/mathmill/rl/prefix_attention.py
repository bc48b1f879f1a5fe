"""Attention of a packed micro-batch in which the outputs of a group share one copy of their prompt.

The tokens are brought into dense rows: the prompts, and the outputs, each behind a copy of its prompt. So all groups
are one batched product, whatever their lengths, and no score of a prompt's own tokens is computed twice.
"""

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from mathmill.rl.packing import Packing


class SharedPrefixAttention(torch.autograd.Function):
    """softmax(q k^T scale) v, where a prompt's token sees its prompt up to itself, an output's also itself so far.

    q [heads, T, size]; k, v [as many or fewer heads, T, size]; returns [T, heads, size]. The probabilities are kept
    for the backward pass: heads x outputs x longest x (prompt + longest) numbers. Tokens behind the last group attend
    to nothing: zeros.
    """

    @staticmethod
    def forward(
        ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, packing: Packing, scale: float, dropout: float
    ) -> torch.Tensor:
        """Block by block."""
        heads, tokens, size = q.shape
        to_q, to_k = packing.queries(heads), packing.keys(heads, heads // len(k))
        q = q * scale
        out = q.new_empty(len(to_q.there), size)
        kept = []
        for some_q, some_k, some_v, some_out, mask in zip(
            to_q.blocks(to_q.take(q)),
            to_k.blocks(to_k.take(k)),
            to_k.blocks(to_k.take(v)),
            to_q.blocks(out),
            packing.masks(q.dtype),
            strict=True,
        ):
            weights = torch.bmm(some_q, some_k.transpose(1, 2))
            weights.view(heads, *mask.shape).add_(mask)
            torch.softmax(weights, -1, out=weights)
            dropped = torch.dropout(weights, dropout, True) if dropout else weights
            torch.bmm(dropped, some_v, out=some_out)
            kept += [weights, dropped]
        ctx.save_for_backward(q, k, v, *kept)
        ctx.packing, ctx.scale, ctx.dropout = packing, scale, dropout
        return to_q.put(out, tokens)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Block by block, from the kept probabilities, in the forward pass's precision."""
        with torch.autocast(grad.device.type, enabled=False):
            return SharedPrefixAttention._backward(ctx, grad)

    @staticmethod
    def _backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        q, k, v, *kept = ctx.saved_tensors
        heads, tokens, size = q.shape
        to_q, to_k = ctx.packing.queries(heads), ctx.packing.keys(heads, heads // len(k))
        dq, dk, dv = (q.new_empty(len(to.there), size) for to in (to_q, to_k, to_k))
        rows = (to_q.take(q), to_k.take(k), to_k.take(v), to_q.take(grad.transpose(0, 1)), dq, dk, dv)
        blocks = (to.blocks(x) for to, x in zip((to_q, to_k, to_k, to_q, to_q, to_k, to_k), rows, strict=True))
        for place, (some_q, some_k, some_v, some_grad, by_q, by_k, by_v) in enumerate(zip(*blocks, strict=True)):
            weights, dropped = kept[2 * place : 2 * place + 2]
            ds = torch.bmm(some_grad, some_v.transpose(1, 2))
            if ctx.dropout:
                ds = ds * (dropped != 0) / (1 - ctx.dropout)
            torch._softmax_backward_data(ds, weights, -1, ds.dtype, grad_input=ds)
            torch.bmm(ds, some_k, out=by_q)
            torch.bmm(ds.transpose(1, 2), some_q, out=by_k)
            torch.bmm(dropped.transpose(1, 2), some_grad, out=by_v)
        for by in (dk, dv):
            prompts, outputs = (x.unflatten(0, (heads, -1)) for x in to_k.blocks(by))
            shared = outputs[:, :, : prompts.shape[2]]
            prompts.flatten(2).index_add_(1, ctx.packing.group, shared.flatten(2))
        by_q, by_k, by_v = (to.put(by, tokens).transpose(0, 1) for to, by in ((to_q, dq), (to_k, dk), (to_k, dv)))
        return by_q.mul_(ctx.scale), by_k, by_v, None, None, None
