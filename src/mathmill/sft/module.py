"""Instruction tuning (paper 3): the Lightning module, its packed batches, and validation loss."""

from collections.abc import Sequence

import numpy
import torch
from transformers import PreTrainedModel

from mathmill.sft.encode import Encoded
from mathmill.sft.packing import Packed, segments
from mathmill.training.data import Batch, MakeBatch, rank_share
from mathmill.training.history import RecordedPhase
from mathmill.training.losses import IGNORE, token_losses


class SftModule(RecordedPhase):
    """The loss is the mean over all learned tokens of a step, on all ranks together."""

    def share(self, part: Batch) -> torch.Tensor:
        """Summed negative log-likelihood of the part's learned tokens over those of the step."""
        losses = token_losses(self.model, part["input_ids"], part["targets"], part.get("position_ids"))
        return losses.sum() / part["learned_in_step"]


def collate(
    rows: Sequence[Sequence[int]], examples: Sequence[Encoded], context: int, pad: int, isolate: bool
) -> dict[str, torch.Tensor]:
    """Sequences of examples as tensors (B, context): input_ids, targets, and position_ids where they are isolated.

    targets: the next token of the same example where that token is learned, else IGNORE. Position 0 marks the start of
    an example (and of the padding), beyond which attention does not reach.
    """
    ids = numpy.full((len(rows), context), pad, dtype=numpy.int64)
    targets = numpy.full((len(rows), context), IGNORE, dtype=numpy.int64)
    positions = numpy.zeros((len(rows), context), dtype=numpy.int64)
    lengths = [len(example) for example in examples]
    for row, chosen in enumerate(rows):
        end = 0
        for index, start, end in segments(chosen, lengths):
            example = examples[index]
            ids[row, start:end] = example.ids
            targets[row, start : end - 1] = numpy.where(example.learned[1:], example.ids[1:], IGNORE)
            positions[row, start:end] = numpy.arange(end - start)
        positions[row, end:] = numpy.arange(context - end)
    made = {"input_ids": torch.from_numpy(ids), "targets": torch.from_numpy(targets)}
    if isolate:
        made["position_ids"] = torch.from_numpy(positions)
    return made


def batches(examples: Sequence[Encoded], packed: Packed, batch: int, pad: int, isolate: bool) -> MakeBatch:
    """make_batch of mathmill.training; learned_in_step counts the learned tokens of all ranks."""
    learned = [int(example.learned[1:].sum()) for example in examples]

    def make(step: int, rank: int, world: int) -> Batch:
        rows = [packed.sequence(step * batch + index) for index in range(batch)]
        made = collate(
            [rows[index] for index in rank_share(batch, rank, world)], examples, packed.context, pad, isolate
        )
        return {**made, "learned_in_step": max(1, sum(learned[index] for row in rows for index in row))}

    return make


@torch.no_grad()
def validation_loss(
    model: PreTrainedModel, examples: Sequence[Encoded], context: int, pad: int, rows: int
) -> dict[str, float | int] | None:
    """Mean negative log-likelihood in nats of the learned tokens of examples, each alone in its row; None for none."""
    if not examples:
        return None
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(examples)), key=lambda index: (len(examples[index]), index))
    total, tokens = 0.0, 0
    for start in range(0, len(order), rows):
        chosen = order[start : start + rows]
        width = min(context, max(len(examples[index]) for index in chosen))
        made = collate([[index] for index in chosen], examples, width, pad, isolate=False)
        losses = token_losses(model, made["input_ids"].to(device), made["targets"].to(device))
        total += float(losses.double().sum())
        tokens += losses.numel()
    return {"loss": round(total / max(1, tokens), 6), "tokens": tokens, "examples": len(examples)}
