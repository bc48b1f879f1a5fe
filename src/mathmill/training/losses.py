"""Cross-entropy of next tokens, computed only where a target stands, a slice of positions at a time.

Shapes: B sequences, T tokens each, V vocabulary, H width. A target of IGNORE adds nothing to a loss.
"""

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from mathmill.training.size import FAMILIES, head_slice

IGNORE = -100

# Families whose logits are the output embedding of the last hidden state and nothing else (no soft-cap, no scale).
PLAIN_HEADS = FAMILIES


def shifted(input_ids: torch.Tensor, keep: torch.Tensor | None = None) -> torch.Tensor:
    """Targets (B, T) of next-token prediction: position t is to predict token t + 1, the last position nothing.

    keep (B, T), bool: tokens that count as targets; the others are ignored.
    """
    targets = torch.full_like(input_ids, IGNORE)
    targets[:, :-1] = input_ids[:, 1:]
    if keep is not None:
        targets[:, :-1].masked_fill_(~keep[:, 1:], IGNORE)
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
    counted positions only. slice_size: so many at a time, each slice computed again in the backward pass, so that the
    logits of one slice are all that memory holds; None: at once, or in slices where they are large (head_slice).
    """
    where = targets != IGNORE
    states, head = _logits_at(model, input_ids, where, position_ids)
    wanted = targets[where]
    size = slice_size or head_slice(len(wanted), model.config.vocab_size)
    if size >= len(wanted):
        return _cross_entropy(head, states, wanted)
    again = states.requires_grad and torch.is_grad_enabled()
    return torch.cat(
        [
            checkpoint(_cross_entropy, head, *piece, use_reentrant=False) if again else _cross_entropy(head, *piece)
            for piece in zip(states.split(size), wanted.split(size), strict=True)
        ]
    )


def _cross_entropy(head: torch.nn.Module, states: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(head(states).float(), wanted, reduction="none")
