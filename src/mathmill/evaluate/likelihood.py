"""Bits per byte: how well a model predicts a reference text, comparable between tokenizers and between sizes."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from mathmill.training.model import cast
from mathmill.workflow.errors import UserError

ROWS = 32  # texts of one forward pass


def bits_per_byte(
    model: Any, tokenizer: Any, texts: Sequence[tuple[str, str]], rows: int = ROWS
) -> dict[str, float | int]:
    """Score the second of each (context, continuation) given the first.

    Returns bits_per_byte = sum of -log2 p(token) / UTF-8 bytes of the continuations, and the bytes and tokens counted.
    A pair longer than the model's context loses the start of its context; a continuation that alone is too long loses
    its end, and its missing bytes do not count (`cut` says how many pairs). UserError where nothing is left to score.
    """
    limit = int(getattr(model.config, "max_position_embeddings", 1 << 30))
    encoded = [_encode(tokenizer, context, text, limit) for context, text in texts]
    scored = [pair for pair in encoded if pair[2]]
    if not scored:
        raise UserError("bits per byte: no text to score (has the benchmark solutions?)")
    order = sorted(range(len(scored)), key=lambda i: len(scored[i][0]))
    nats, tokens = 0.0, 0
    for start in range(0, len(order), rows):
        batch = [scored[i] for i in order[start : start + rows]]
        batch_nats, batch_tokens = _score([(ids, first) for ids, first, _, _ in batch], model)
        nats += batch_nats
        tokens += batch_tokens
    size = sum(pair[2] for pair in scored)
    return {
        "bits_per_byte": nats / math.log(2) / size,
        "bytes": size,
        "tokens": tokens,
        "texts": len(scored),
        "cut": sum(1 for pair in scored if pair[3]),
    }


def _encode(tokenizer: Any, context: str, text: str, limit: int) -> tuple[list[int], int, int, bool]:
    """(ids, index of the first scored id, bytes scored, whether the text lost its end)."""
    before = tokenizer(context, add_special_tokens=True)["input_ids"]
    after = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not before:  # the first token cannot be predicted from nothing
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        before = [start]
    cut = len(after) > limit - 1
    if cut:
        after = after[: limit - 1]
        text = tokenizer.decode(after)
    before = before[-(limit - len(after)) :]
    return [*before, *after], len(before), len(text.encode()), cut


@torch.no_grad()
def _score(batch: list[tuple[list[int], int]], model: Any) -> tuple[float, int]:
    """(summed negative log-likelihood in nats, tokens) of the ids from each row's first scored index on."""
    device = next(model.parameters()).device
    width = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    wanted = torch.zeros(len(batch), width, dtype=torch.bool)
    for row, (values, first) in enumerate(batch):  # padded on the right, which causal attention never sees
        ids[row, : len(values)] = torch.tensor(values)
        wanted[row, first : len(values)] = True
    ids, wanted = ids.to(device), wanted[:, 1:].to(device)
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1][wanted]
    losses = torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][wanted], reduction="sum")
    return float(losses), int(wanted.sum())


def untrained_like(model: Any, seed: int) -> Any:
    """A model of the same shape with fresh random weights, on the same device."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = type(model)(model.config)
    parameter = next(model.parameters())
    return cast(fresh, parameter.device, parameter.dtype).eval()
