"""Log-probabilities of sampled tokens under a model, in length-sorted micro-batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Sequence:
    """A prompt and one output, as token ids."""

    prompt: list[int]
    output: list[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.output)


@dataclass(frozen=True)
class Padded:
    """A right-padded micro-batch: ids [rows.

    Width]; outputs [rows, longest] index into ids' positions; mask on them.
    """

    rows: list[int]
    ids: torch.Tensor
    places: torch.Tensor
    mask: torch.Tensor


def micro_batches(
    sequences: list[Sequence], rows: list[int], tokens: int, device: torch.device, rows_each: int | None = None
) -> Iterator[Padded]:
    """Split `rows` of `sequences`, longest first, so that rows x width stays within `tokens` (at least one row each).

    rows_each: so many rows in each micro-batch instead, whatever their length.
    """
    order = sorted(rows, key=lambda row: (-len(sequences[row]), row))
    while order:
        width = len(sequences[order[0]])
        size = rows_each or max(1, tokens // width)
        chunk, order = order[:size], order[size:]
        yield _pad(sequences, chunk, width, device)


def _pad(sequences: list[Sequence], rows: list[int], width: int, device: torch.device) -> Padded:
    longest = max(len(sequences[row].output) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    places = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest)
    for place, row in enumerate(rows):
        sequence, start = sequences[row], len(sequences[row].prompt)
        count = len(sequence.output)
        ids[place, : len(sequence)] = torch.tensor(sequence.prompt + sequence.output)
        places[place, :count] = torch.arange(start, start + count)
        mask[place, :count] = 1
    return Padded(rows, ids.to(device), places.to(device), mask.to(device))


def token_logprobs(model: Any, batch: Padded, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of the output tokens and entropies of their predictive distributions: two [rows, longest].

    Entropies are detached.
    The head runs on output positions only: with a large vocabulary the logits are the largest tensor of the step.
    temperature: that of sampling, so that policy and sampler are the same distribution. Right padding needs no mask in
    a causal model: no real position sees a padded one.
    """
    hidden = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
    before = (batch.places - 1).clamp(min=0)
    chosen = hidden.gather(1, before[:, :, None].expand(-1, -1, hidden.shape[-1]))
    logits = model.get_output_embeddings()(chosen).float() / temperature
    logprobs = logits.log_softmax(-1)
    tokens = batch.ids.gather(1, batch.places)
    with torch.no_grad():
        entropy = -(logprobs.exp() * logprobs).sum(-1)
    return logprobs.gather(2, tokens[:, :, None]).squeeze(2), entropy
