"""Cross-entropy of next tokens, computed only where a target stands, a slice of positions at a time.

Shapes: B sequences, T tokens each, V vocabulary, H width. A target of IGNORE adds nothing to a loss.
"""

import math
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from mathmill.training import shapes
from mathmill.training.size import FAMILIES, head_slice

IGNORE = -100

# Families whose logits are the output embedding of the last hidden state and nothing else (no soft-cap, no scale).
PLAIN_HEADS = FAMILIES


def shifted(input_ids: torch.Tensor) -> torch.Tensor:
    """Targets (B, T) of next-token prediction: position t is to predict token t + 1, the last position nothing."""
    targets = torch.full_like(input_ids, IGNORE)
    targets[:, :-1] = input_ids[:, 1:]
    return targets


def _logits_at(
    model: PreTrainedModel, input_ids: torch.Tensor, where: torch.Tensor, position_ids: torch.Tensor | None
) -> tuple[torch.Tensor, torch.nn.Module]:
    """States (N, H) at the N positions of `where` and the head to apply; or finished logits and the identity."""
    # use_cache=False is not only thrift: with a cache, transformers does not look for document borders in position_ids.
    inputs = {"input_ids": input_ids, "position_ids": position_ids, "use_cache": False}
    if model.config.model_type in PLAIN_HEADS:
        return model.get_decoder()(**inputs).last_hidden_state[where], model.get_output_embeddings()
    return model(**inputs).logits[where], torch.nn.Identity()


def token_losses(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    targets: torch.Tensor,
    position_ids: torch.Tensor | None = None,
    slice_size: int | None = None,
) -> torch.Tensor:
    """Negative log-likelihood in nats of every target that counts, in row-major order: shape (N,).

    input_ids, targets (B, T). position_ids (B, T): where they fall back to 0 a new document begins, and attention
    does not cross the border (transformers reads packed documents from them). The output embedding is applied to
    counted positions only. slice_size: at most so many at a time, each slice computed again in the backward pass, so
    that the logits of one slice are all that memory holds; None: at once, or in slices where they are large
    (head_slice).
    """
    where = targets != IGNORE
    states, head = _logits_at(model, input_ids, where, position_ids)
    wanted = targets[where]
    # By positions, not by targets: ranks hold batches of one shape with different numbers of targets, and under ZeRO-3
    # each must gather the head as often as the others.
    pieces = math.ceil(where.numel() / (slice_size or head_slice(where.numel(), model.config.vocab_size)))
    if pieces == 1:
        return _cross_entropy(head, states, wanted)
    again = states.requires_grad and torch.is_grad_enabled()
    return torch.cat(
        [
            checkpoint(_cross_entropy, head, *piece, use_reentrant=False) if again else _cross_entropy(head, *piece)
            for piece in zip(states.tensor_split(pieces), wanted.tensor_split(pieces), strict=True)
        ]
    )


class _Picked(torch.autograd.Function):
    """Log-probability (N,) of tokens (N,) under the softmax of logits (N, V), in float32; if asked, its entropies (N,).

    It keeps the exponentials and makes the gradient of the logits in their place: one tensor of (N, V) where
    torch's log-softmax has three (log-probabilities, their gradient, that of the logits).
    """

    @staticmethod
    def forward(
        context: Any, logits: torch.Tensor, wanted: torch.Tensor, entropy: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        scores = logits.float()
        top = scores.amax(1, keepdim=True)
        # Logits in bfloat16 were copied already; those in float32 are not ours to change.
        scores = scores - top if scores is logits else scores.sub_(top)
        picked = scores.gather(1, wanted[:, None])
        shares = scores.exp() if entropy else scores.exp_()
        total = shares.sum(1, keepdim=True)
        context.save_for_backward(shares, total, wanted)
        context.dtype = logits.dtype
        norm = total.log()
        if not entropy:
            return (picked - norm).squeeze(1), None
        entropies = (norm - scores.mul_(shares).sum(1, keepdim=True) / total).squeeze(1)
        context.mark_non_differentiable(entropies)
        return (picked - norm).squeeze(1), entropies

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: torch.Tensor, _: Any) -> tuple[torch.Tensor, None, None]:
        shares, total, wanted = context.saved_tensors
        weight = gradient[:, None]
        made = shares.mul_(-weight / total).scatter_add_(1, wanted[:, None], weight)
        return made.to(context.dtype), None, None


def picked_logprobs(logits: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities (N,) of tokens (N,) under logits (N, V), and the distributions' entropies (N,), detached."""
    logprobs, entropies = _Picked.apply(logits, wanted, True)
    return logprobs, entropies


def _cross_entropy(head: torch.nn.Module, states: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return -_Picked.apply(shapes.apply(head, states), wanted, False)[0]
