"""Attention of a packed micro-batch in which the outputs of a group share one copy of their prompt.

Written out with matrix products, group by group: at the sizes of laptops a group's scores stay in the processor's
cache, and no score of a prompt is computed twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class GroupSpan:
    """One group in the packed tokens: `prompt` tokens from `start`, then `outputs` outputs, back to back.

    longest: tokens of the longest output; end: behind the last one. runs: neighbours of one length, as (first output,
    outputs, tokens of each).
    """

    start: int
    prompt: int
    outputs: int
    longest: int
    end: int
    runs: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, start: int, prompt: int, lengths: list[int]) -> "GroupSpan":
        """The group of outputs of these lengths."""
        runs = []
        row = 0
        for length, same in groupby(lengths):
            rows = len(list(same))
            runs.append((row, rows, length))
            row += rows
        return cls(start, prompt, len(lengths), max(lengths), start + prompt + sum(lengths), tuple(runs))


class SharedPrefixAttention(torch.autograd.Function):
    """softmax(q k^T scale) v, where a prompt's token sees its prompt up to itself, an output's also itself so far.

    q, k, v: [heads, T, size]; returns [T, heads, size]. The probabilities are kept for the backward pass: heads x
    tokens x (prompt + longest output) numbers a group. Tokens behind the last group attend to nothing: zeros.
    """

    @staticmethod
    def forward(
        ctx: Any,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        spans: tuple[GroupSpan, ...],
        scale: float,
        dropout: float,
    ) -> torch.Tensor:
        """Group by group."""
        heads, tokens, size = q.shape
        out = q.new_empty(tokens, heads, size)
        out[spans[-1].end :] = 0
        by_head = out.transpose(0, 1)
        kept: list[torch.Tensor] = []
        for span in spans:
            qp, kp, vp = (_prompt(x, span) for x in (q, k, v))
            weights, dropped = _softmax(_scores(qp, kp, scale), dropout)
            torch.bmm(dropped, vp, out=_prompt(by_head, span))
            kept += [weights, dropped]
            if span.longest:
                weights, dropped = _softmax(_scores(_rows(q, span), _seen(k, span), scale), dropout)
                _put(by_head, dropped @ _seen(v, span), span)
                kept += [weights, dropped]
        ctx.save_for_backward(q, k, v, *kept)
        ctx.spans, ctx.scale, ctx.dropout = spans, scale, dropout
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Group by group, from the kept probabilities, in the forward pass's precision."""
        with torch.autocast(grad.device.type, enabled=False):
            return SharedPrefixAttention._backward(ctx, grad)

    @staticmethod
    def _backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        q, k, v, *kept = ctx.saved_tensors
        tokens = grad.shape[0]
        dq, dk, dv = (x.new_empty(tokens, len(x), x.shape[2]).transpose(0, 1) for x in (q, k, v))
        for whole in (dq, dk, dv):
            whole[:, ctx.spans[-1].end :] = 0
        grad = grad.transpose(0, 1)
        given = iter(kept)

        def products(*of: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """Gradients by query, key and value of one softmax(q k^T scale) v."""
            some_q, some_k, some_v, some_grad = of
            weights, dropped = next(given), next(given)
            ds = _softmax_backward(some_grad @ some_v.transpose(1, 2), weights, dropped, ctx.dropout).mul_(ctx.scale)
            return ds @ some_k, ds.transpose(1, 2) @ some_q, dropped.transpose(1, 2) @ some_grad

        for span in ctx.spans:
            found = products(*(_prompt(x, span) for x in (q, k, v, grad)))
            for whole, part in zip((dq, dk, dv), found, strict=True):
                _prompt(whole, span).copy_(part)
            if span.longest:
                by_q, by_k, by_v = products(_rows(q, span), _seen(k, span), _seen(v, span), _rows(grad, span))
                _put(dq, by_q, span)
                for whole, part in ((dk, by_k), (dv, by_v)):
                    _prompt(whole, span).add_(part[:, : span.prompt].unflatten(0, (-1, span.outputs)).sum(1))
                    _put(whole, part[:, span.prompt :], span)
        return dq, dk, dv, None, None, None


def _prompt(x: torch.Tensor, span: GroupSpan) -> torch.Tensor:
    """A group's prompt, [heads, prompt, size]: a view."""
    return x[:, span.start : span.start + span.prompt]


def _rows(x: torch.Tensor, span: GroupSpan) -> torch.Tensor:
    """The outputs of a group, each by itself: [heads * outputs, longest, size]; zeros where there is no token."""
    rows = (x.new_empty if len(span.runs) == 1 else x.new_zeros)(len(x), span.outputs, span.longest, x.shape[2])
    for some, run in _runs(x, rows, span):
        run.copy_(some)
    return rows.flatten(0, 1)


def _seen(x: torch.Tensor, span: GroupSpan) -> torch.Tensor:
    """What each output of a group sees, its prompt and itself: [heads * outputs, prompt + longest, size].

    A copy of the prompt for each output is a fraction of the scores, and makes one product of two.
    """
    length = span.prompt + span.longest
    seen = (x.new_empty if len(span.runs) == 1 else x.new_zeros)(len(x), span.outputs, length, x.shape[2])
    seen[:, :, : span.prompt] = _prompt(x, span)[:, None]
    for some, run in _runs(x, seen[:, :, span.prompt :], span):
        run.copy_(some)
    return seen.flatten(0, 1)


def _put(x: torch.Tensor, rows: torch.Tensor, span: GroupSpan) -> None:
    """The way back of `_rows`."""
    for some, run in _runs(x, rows.unflatten(0, (-1, span.outputs)), span):
        some.copy_(run)


def _runs(x: torch.Tensor, rows: torch.Tensor, span: GroupSpan) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Views of the same tokens in x [heads, T, size] and in rows [heads, outputs, longest, size], run by run."""
    at = span.start + span.prompt
    for first, count, length in span.runs:
        end = at + count * length
        yield x[:, at:end].unflatten(1, (count, length)), rows[:, first : first + count, :length]
        at = end


def _scores(q: torch.Tensor, k: torch.Tensor, scale: float) -> torch.Tensor:
    """Scaled products [rows, queries, keys]; minus infinity where a key stands behind the query, counted from the end.

    A place without a token lies behind every real one, so this hides it.
    """
    shape = q.shape[1], k.shape[1]
    mask = torch.full(shape, float("-inf"), dtype=q.dtype, device=q.device).triu(1 + shape[1] - shape[0])
    return torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scale)


def _softmax(scores: torch.Tensor, dropout: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities in place of the scores, and what is left of them after dropout (the same tensor without any)."""
    weights = torch.softmax(scores, -1, out=scores)
    return weights, torch.dropout(weights, dropout, True) if dropout else weights


def _softmax_backward(grad: torch.Tensor, weights: torch.Tensor, dropped: torch.Tensor, dropout: float) -> torch.Tensor:
    """Gradient of the scores from that of the dropped weights, in its place."""
    if dropout:
        grad = grad * (dropped != 0) / (1 - dropout)
    return torch._softmax_backward_data(grad, weights, -1, grad.dtype, grad_input=grad)
