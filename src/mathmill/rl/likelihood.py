"""Log-probabilities of sampled tokens under a model, in length-sorted micro-batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from mathmill.rl.shared_prefix import Layout, hidden_states, layout_of, usable
from mathmill.training import shapes
from mathmill.training.losses import picked_logprobs


@dataclass(frozen=True)
class Sequence:
    """A prompt and one output, as token ids."""

    prompt: list[int]
    output: list[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.output)


@dataclass(frozen=True)
class Padded:
    """A right-padded micro-batch: ids [rows, width]; outputs [rows, longest] index into ids' positions; mask on them.

    rows: of the caller's sequences; layout: the same tokens packed, each prompt once for its neighbours that share it.
    """

    rows: list[int]
    ids: torch.Tensor
    places: torch.Tensor
    mask: torch.Tensor
    layout: Layout


def micro_batches(
    sequences: list[Sequence], rows: list[int], tokens: int, device: torch.device, rows_each: int | None = None
) -> Iterator[Padded]:
    """Split `rows` of `sequences`, longest first, so that rows x width stays within `tokens` (at least one row each).

    Rows with the same prompt stay together as far as they fit. rows_each: so many rows in each micro-batch instead,
    whatever their length.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in sorted(rows, key=lambda row: (-len(sequences[row]), row)):
        groups.setdefault(tuple(sequences[row].prompt), []).append(row)
    # A dict keeps the order of insertion: groups by their longest row, rows of a group by length.
    waiting = list(groups.values())
    while waiting:
        width = len(sequences[waiting[0][0]])
        size = rows_each or max(1, tokens // width)
        chunk: list[int] = []
        while waiting and len(chunk) < size:
            room = size - len(chunk)
            if chunk and len(waiting[0]) > room and rows_each is None and len(waiting[0]) <= size:
                break  # the group fits whole into the next micro-batch
            chunk += waiting[0][:room]
            waiting[0] = waiting[0][room:]
            if not waiting[0]:
                waiting.pop(0)
        waiting.sort(key=lambda group: -len(sequences[group[0]]))  # what is left of a split group has become shorter
        yield _pad(sequences, chunk, width, device)


def _pad(sequences: list[Sequence], rows: list[int], width: int, device: torch.device) -> Padded:
    pairs = [(sequences[row].prompt, sequences[row].output) for row in rows]
    ids = torch.tensor([[*prompt, *output, *[0] * (width - len(prompt) - len(output))] for prompt, output in pairs])
    starts, counts = torch.tensor([(len(prompt), len(output)) for prompt, output in pairs]).T[:, :, None]
    steps = torch.arange(int(counts.max()))
    mask = steps < counts
    places = (starts + steps) * mask
    return Padded(rows, ids.to(device), places.to(device), mask.float().to(device), layout_of(pairs, device))


def states_before(model: Any, batch: Padded) -> torch.Tensor:
    """[N, width]: the decoder's last hidden state before each of the N output tokens, row after row.

    Each prompt is forwarded once for all its rows where the model allows it; otherwise rows are right-padded, which
    needs no mask in a causal model: no real position sees a padded one.
    """
    layout = batch.layout
    if usable(model, layout):
        # Not by an index in brackets: on several threads its backward pass adds repeated rows in any order.
        return hidden_states(model, layout).index_select(0, layout.before)
    hidden: torch.Tensor = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
    real = batch.mask.bool()
    return hidden[real.nonzero()[:, 0], batch.places[real] - 1]


def token_logprobs(model: Any, batch: Padded, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of the output tokens and entropies of their predictive distributions: two [rows, longest].

    Entropies are detached; both are 0 where the mask is.
    The head runs on output positions only: with a large vocabulary the logits are the largest tensor of the step.
    temperature: that of sampling, so that policy and sampler are the same distribution.
    """
    logits = shapes.apply(model.get_output_embeddings(), states_before(model, batch))
    if temperature != 1.0:
        logits = logits.float() / temperature
    logprobs, entropies = picked_logprobs(logits, batch.layout.tokens)
    return spread(logprobs, batch), spread(entropies, batch)


def spread(values: torch.Tensor, batch: Padded) -> torch.Tensor:
    """[N] values of output tokens at their places of [rows, longest], 0 elsewhere."""
    places = batch.mask.numel()
    return values.new_zeros(places).index_copy(0, batch.layout.filled, values).view(batch.mask.shape)
