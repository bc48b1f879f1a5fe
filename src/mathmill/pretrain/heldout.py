"""Bits per byte of held-out documents: comparable between tokenizers, between models, and between runs."""

import math
from collections.abc import Iterator

import numpy
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mathmill.pretrain.source import TokenFile
from mathmill.training.losses import IGNORE, token_losses


@torch.no_grad()
def bits_per_byte(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    documents: TokenFile,
    context: int,
    limit: int,
    batch: int,
) -> dict[str, float | int] | None:
    """Score about `limit` tokens of whole documents, in windows of `context` that share one token with the next.

    bits_per_byte = sum of -log2 p(token) over the tokens of the texts, divided by their UTF-8 bytes; loss = mean nats
    per token. bos and eos are context, not text: neither counts. None where there are no documents.
    """
    chosen = _chosen(documents, limit)
    specials = {tokenizer.bos_token_id, tokenizer.eos_token_id, None}
    texts = [[token for token in ids.tolist() if token not in specials] for ids in chosen]
    size = sum(len(str(tokenizer.decode(ids)).encode()) for ids in texts)
    if not size:
        return None
    nats, tokens = 0.0, 0
    model.eval()
    device = next(model.parameters()).device
    rows = sorted(_windows(chosen, context, tokenizer.eos_token_id), key=lambda row: -len(row[0]))
    for start in range(0, len(rows), batch):
        ids, targets = _padded(rows[start : start + batch])
        losses = token_losses(model, ids.to(device), targets.to(device))
        nats += float(losses.double().sum())
        tokens += losses.numel()
    return {
        "bits_per_byte": round(nats / math.log(2) / size, 6),
        "loss": round(nats / max(1, tokens), 6),
        "bytes": size,
        "tokens": tokens,
        "documents": len(chosen),
    }


def _chosen(documents: TokenFile, limit: int) -> list[numpy.ndarray]:
    """Documents in a fixed random order until `limit` tokens are reached; the same for every run and seed."""
    found, tokens = [], 0
    for index in numpy.random.default_rng(0).permutation(len(documents)):
        if tokens >= limit:
            break
        found.append(numpy.asarray(documents.document(int(index)), dtype=numpy.int64))
        tokens += len(found[-1])
    return found


def _windows(documents: list[numpy.ndarray], context: int, eos: int) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """(ids, targets) of each window; the target at a position is the next token, eos is no target."""
    for ids in documents:
        for start in range(0, max(1, len(ids) - 1), context):
            window = ids[start : start + context + 1]
            if len(window) > 1:
                yield window[:-1], numpy.where(window[1:] == eos, IGNORE, window[1:])


def _padded(rows: list[tuple[numpy.ndarray, numpy.ndarray]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded on the right, which causal attention never sees: ids and targets, both (B, T)."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    targets = torch.full((len(rows), width), IGNORE)
    for row, (values, wanted) in enumerate(rows):
        ids[row, : len(values)] = torch.from_numpy(values)
        targets[row, : len(values)] = torch.from_numpy(wanted)
    return ids, targets
