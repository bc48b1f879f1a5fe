"""Attention of a packed micro-batch in which the outputs of a group share one copy of their prompt.

Written out with matrix products, group by group: at the sizes of laptops a group's scores stay in the processor's
cache, and no score of a prompt is computed twice.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class GroupSpan:
    """One group in the packed tokens: `prompt` tokens from `start`, then `outputs` outputs, back to back.

    longest: tokens of the longest output; end: behind the last one. The outputs' tokens are laid out in a grid
    [outputs, longest]; pieces: (place in the flat grid, place behind the prompt, tokens) of each run that is copied as
    one; gaps: (first, last + 1) of the places without a token.
    """

    start: int
    prompt: int
    outputs: int
    longest: int
    end: int
    pieces: tuple[tuple[int, int, int], ...]
    gaps: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, start: int, prompt: int, lengths: list[int]) -> "GroupSpan":
        """The group of outputs of these lengths."""
        longest = max(lengths)
        pieces: list[tuple[int, int, int]] = []
        gaps = []
        behind = 0
        for row, length in enumerate(lengths):
            place = row * longest
            if pieces and pieces[-1][0] + pieces[-1][2] == place:  # no gap before this row
                pieces[-1] = (*pieces[-1][:2], pieces[-1][2] + length)
            else:
                pieces.append((place, behind, length))
            if length < longest:
                gaps.append((place + length, place + longest))
            behind += length
        return cls(start, prompt, len(lengths), longest, start + prompt + behind, tuple(pieces), tuple(gaps))


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
            middle = span.start + span.prompt
            qp, kp, vp = (x[:, span.start : middle] for x in (q, k, v))
            scores = torch.baddbmm(_causal(span.prompt, q), qp, kp.transpose(1, 2), alpha=scale)
            weights, dropped = _softmax(scores, dropout)
            by_head[:, span.start : middle] = dropped @ vp
            kept += [weights, dropped]
            if not span.longest:
                continue
            qo, ko, vo = (_grid(x, span) for x in (q, k, v))
            scores = _output_scores(qo, ko, kp, span, scale)
            weights, dropped = _softmax(scores, dropout)
            kept += [weights, dropped]
            mixed = dropped[..., : span.prompt] @ vp
            mixed.view(-1, span.longest, size).baddbmm_(_own(dropped, span), vo.view(-1, span.longest, size))
            _put(by_head[:, middle : span.end], mixed, span)
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
        for span in ctx.spans:
            middle = span.start + span.prompt
            prompt = slice(span.start, middle)
            qp, kp, vp = q[:, prompt], k[:, prompt], v[:, prompt]
            weights, dropped = next(given), next(given)
            gp = grad[:, prompt]
            ds = _softmax_backward(gp @ vp.transpose(1, 2), weights, dropped, ctx.dropout)
            dv_prompt = dropped.transpose(1, 2) @ gp
            dk_prompt = ds.transpose(1, 2) @ qp
            dq[:, prompt] = (ds @ kp).mul_(ctx.scale)
            if span.longest:
                outputs = slice(middle, span.end)
                weights, dropped = next(given), next(given)
                qo, ko, vo, go = (_grid(x, span) for x in (q, k, v, grad))
                size = qo.shape[-1]
                ds = _output_scores(go, vo, vp, span, 1.0, causal=False)
                ds = _softmax_backward(ds, weights, dropped, ctx.dropout)
                dv_prompt += dropped[..., : span.prompt].transpose(1, 2) @ go
                dk_prompt += ds[..., : span.prompt].transpose(1, 2) @ qo
                rows = (-1, span.longest, size)
                own, own_ds = _own(dropped, span), _own(ds, span)
                dqo = ds[..., : span.prompt] @ kp
                dqo.view(rows).baddbmm_(own_ds, ko.view(rows))
                dko = (own_ds.transpose(1, 2) @ qo.view(rows)).view(dqo.shape)
                dvo = (own.transpose(1, 2) @ go.view(rows)).view(dqo.shape)
                for whole, part, factor in ((dq, dqo, ctx.scale), (dk, dko, ctx.scale), (dv, dvo, 1.0)):
                    _put(whole[:, outputs], part, span, factor)
            dk[:, prompt] = dk_prompt.mul_(ctx.scale)
            dv[:, prompt] = dv_prompt
        return dq, dk, dv, None, None, None


def _grid(x: torch.Tensor, span: GroupSpan) -> torch.Tensor:
    """The outputs of a group as [heads, outputs * longest, size]; places without a token are zero."""
    some = x[:, span.start + span.prompt : span.end]
    grid = x.new_empty(len(x), span.outputs * span.longest, x.shape[2])
    for place, behind, count in span.pieces:
        grid[:, place : place + count] = some[:, behind : behind + count]
    for first, end in span.gaps:
        grid[:, first:end] = 0
    return grid


def _put(some: torch.Tensor, grid: torch.Tensor, span: GroupSpan, factor: float = 1.0) -> None:
    """The way back of `_grid`, times a factor, into [heads, tokens of the outputs, size]."""
    for place, behind, count in span.pieces:
        torch.mul(grid[:, place : place + count], factor, out=some[:, behind : behind + count])


def _output_scores(
    q: torch.Tensor, k: torch.Tensor, prompt: torch.Tensor, span: GroupSpan, scale: float, causal: bool = True
) -> torch.Tensor:
    """Q against the prompt's and its own row's k: [heads, outputs * longest, prompt + longest].

    A place without a token lies behind every real one, so the causal mask hides it.
    """
    heads, rows, size = q.shape
    each = (-1, span.longest, size)
    scores = q.new_empty(heads, rows, span.prompt + span.longest)
    left, right = scores[..., : span.prompt], _own(scores, span)
    # The products scale, mask and write to the place themselves: what lies between would not stay in the cache.
    torch.baddbmm(left, q, prompt.transpose(1, 2), beta=0, alpha=scale, out=left)
    mask = _causal(span.longest, q) if causal else right
    torch.baddbmm(mask, q.view(each), k.view(each).transpose(1, 2), beta=int(causal), alpha=scale, out=right)
    return scores


def _own(weights: torch.Tensor, span: GroupSpan) -> torch.Tensor:
    """The part of the weights that falls on the row itself: [heads * outputs, longest, longest]."""
    return weights.view(-1, span.longest, span.prompt + span.longest)[..., span.prompt :]


def _causal(length: int, like: torch.Tensor) -> torch.Tensor:
    """[length, length], minus infinity above the diagonal."""
    return torch.full((length, length), float("-inf"), dtype=like.dtype, device=like.device).triu(1)


def _softmax(scores: torch.Tensor, dropout: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities in place of the scores, and what is left of them after dropout (the same tensor without any)."""
    weights = torch.softmax(scores, -1, out=scores)
    return weights, torch.dropout(weights, dropout, True) if dropout else weights


def _softmax_backward(grad: torch.Tensor, weights: torch.Tensor, dropped: torch.Tensor, dropout: float) -> torch.Tensor:
    """Gradient of the scores from that of the dropped weights, in its place."""
    if dropout:
        grad = grad * (dropped != 0) / (1 - dropout)
    return torch._softmax_backward_data(grad, weights, -1, grad.dtype, grad_input=grad)
