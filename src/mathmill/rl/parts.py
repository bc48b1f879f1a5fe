"""The outputs of an exploration stage, and the micro-batches that an update works on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from mathmill.rl import likelihood
from mathmill.rl.likelihood import Padded, micro_batches
from mathmill.rl.questions import Question
from mathmill.rl.rewards import Judged
from mathmill.rl.rollout import Rollout


@dataclass
class Experience:
    """What an exploration stage has brought: questions, their prompts as ids, G outputs of each, and their rewards."""

    questions: list[Question]
    prompts: list[list[int]]
    rollouts: list[Rollout]
    judged: Judged

    @property
    def size(self) -> int:
        """Outputs of each question, G."""
        return len(self.rollouts) // len(self.questions)

    def take(self, places: list[int], other: "Experience") -> None:
        """Put the questions of `other`, in order, with all that belongs to them, at `places`."""
        for theirs, place in enumerate(places):
            self.questions[place], self.prompts[place] = other.questions[theirs], other.prompts[theirs]
            here, there = (slice(at * self.size, (at + 1) * self.size) for at in (place, theirs))
            self.rollouts[here] = other.rollouts[there]
        self.judged.take(places, other.judged)

    @property
    def sequences(self) -> list[likelihood.Sequence]:
        """Prompt and output of each row."""
        return [
            likelihood.Sequence(self.prompts[row // self.size], rollout.tokens)
            for row, rollout in enumerate(self.rollouts)
        ]


class Part:
    """What one forward and backward pass of an update works on; tensors are [rows, tokens] of its outputs.

    ids: by a name of its own, so that it is saved when a step breaks down. old: log-probabilities when the outputs were
    drawn (None until the first update has computed them: there the policy is the old policy). sampler: what the engine
    said of them. partner: for each row the other output of its pair. values, returns: of the critic.
    """

    def __init__(self, batch: Padded, sampler: torch.Tensor) -> None:
        self.batch, self.ids, self.sampler = batch, batch.ids, sampler
        self.credit = torch.zeros(())
        self.reference: torch.Tensor | None = None
        self.old: torch.Tensor | None = None
        self.partner: torch.Tensor | None = None
        self.values: torch.Tensor | None = None
        self.returns: torch.Tensor | None = None


def parts_of(
    experience: Experience,
    credit: Sequence[torch.Tensor],
    partner: Mapping[int, int],
    rows: Sequence[int],
    tokens: int,
    device: torch.device,
    rows_each: int | None,
) -> Iterator[Part]:
    """Micro-batches of `rows` with their credit (for each row of the experience: [length] or [1]).

    partner: the other row of each row in a pair, empty where there are no pairs; pairs stay together, rows_each // 2 of
    them in a part. tokens, rows_each: see micro_batches.
    """
    sequences = experience.sequences
    for chunk, each in _chunks(rows, partner, rows_each):
        for batch in micro_batches(sequences, chunk, tokens, device, each):
            width = batch.mask.shape[1]
            sampled = [torch.tensor(experience.rollouts[row].logprobs) for row in batch.rows]
            part = Part(batch, _padded(sampled, width).to(device))
            part.credit = _padded([credit[row].float() for row in batch.rows], width).to(device)
            if partner:
                place = {row: at for at, row in enumerate(batch.rows)}
                part.partner = torch.tensor([place[partner[row]] for row in batch.rows], device=device)
                part.credit = part.credit[:, :1]
            yield part


def _chunks(
    rows: Sequence[int], partner: Mapping[int, int], rows_each: int | None
) -> Iterator[tuple[list[int], int | None]]:
    """(rows that may share a micro-batch, rows of each): all of them, or so many pairs at a time."""
    if not partner:
        yield list(rows), rows_each
        return
    pairs = [(row, partner[row]) for row in rows if row < partner[row]]
    size = max(1, (rows_each or 2) // 2)
    for first in range(0, len(pairs), size):
        chunk = [row for pair in pairs[first : first + size] for row in pair]
        yield chunk, len(chunk)


def _padded(rows: list[torch.Tensor], width: int) -> torch.Tensor:
    """Rows of their own length (a single number stands for all tokens) in one [rows, width], 0 behind their end."""
    found = torch.zeros(len(rows), width)
    for place, row in enumerate(rows):
        found[place, : width if len(row) == 1 else len(row)] = row
    return found
