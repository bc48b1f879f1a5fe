"""Training of reward models: binary cross-entropy at the last token of an output, or of each of its steps.

`learn` trains on labelled samples; `retrain` goes on with new ones and a share of old ones (paper, Algorithm 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from mathmill.reward.config import RewardConfig
from mathmill.reward.model import load_reward, padded
from mathmill.training import devices
from mathmill.training.data import Batch, MakeBatch, rank_share
from mathmill.training.history import RecordedPhase
from mathmill.training.model import load_tokenizer, save
from mathmill.training.schedule import schedule_of
from mathmill.training.trainer import Host, fit
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError

_ROWS = 16  # in one forward pass, unless runtime.micro_batch says otherwise; each pass is as wide as its longest row
NO_LABEL = -1.0


@dataclass(frozen=True)
class Labelled:
    """A sample to learn from: token ids of prompt and output; at token ends[j] of the output labels[j] in [0, 1]."""

    prompt: list[int]
    output: list[int]
    ends: list[int]
    labels: list[float]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.output)


class RewardModule(RecordedPhase):
    """The loss of a step is the mean over all its labelled ends, on all ranks together."""

    def parts(self, batch: Batch) -> list[Batch]:
        """Slices of the batch, whose rows are sorted by length, without the padding that a slice does not need."""
        rows = len(batch["labels"])
        size = self.micro_batch or _ROWS
        found = []
        for start in range(0, rows, size):
            piece = slice(start, start + size)
            wide = int(batch["lengths"][piece].max())
            ids, labels = batch["input_ids"][piece, :wide], batch["labels"][piece, :wide]
            found.append({"input_ids": ids, "labels": labels, "ends_in_step": batch["ends_in_step"]})
        return found

    def share(self, part: Batch) -> torch.Tensor:
        """Summed cross-entropy at the part's labelled tokens over the number of those of the step."""
        return end_losses(self.model, part["input_ids"], part["labels"]).sum() / part["ends_in_step"]


def end_losses(model: PreTrainedModel, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy in nats at every token (B, T) that has a label, in row-major order; labels may be soft."""
    where = labels != NO_LABEL
    logits = model(input_ids=input_ids, use_cache=False).logits[..., 0][where].float()
    return functional.binary_cross_entropy_with_logits(logits, labels[where], reduction="none")


def collate(samples: Sequence[Labelled]) -> dict[str, torch.Tensor]:
    """Samples, longest first, as input_ids (B, T), labels (B, T) with NO_LABEL where there is none, lengths (B,)."""
    chosen = sorted(samples, key=len, reverse=True)
    ids = padded([[*sample.prompt, *sample.output] for sample in chosen])
    labels = torch.full(ids.shape, NO_LABEL)
    for row, sample in enumerate(chosen):
        places = torch.tensor(sample.ends) + len(sample.prompt)
        labels[row, places] = torch.tensor(sample.labels)
    return {"input_ids": ids, "labels": labels, "lengths": torch.tensor([len(sample) for sample in chosen])}


def batches(samples: Sequence[Labelled], batch: int, seed: int) -> MakeBatch:
    """make_batch of mathmill.training: pass after pass over all samples, each in another order by (seed, pass)."""

    def make(step: int, rank: int, world: int) -> Batch:
        places = range(step * batch, (step + 1) * batch)
        orders = {n: numpy.random.default_rng([seed, n]).permutation(len(samples)) for n in _passes(places, samples)}
        rows = [samples[orders[place // len(samples)][place % len(samples)]] for place in places]
        mine = collate([rows[index] for index in rank_share(batch, rank, world)])
        return {**mine, "ends_in_step": sum(len(row.ends) for row in rows)}

    return make


def _passes(places: range, samples: Sequence[Labelled]) -> range:
    return range(places.start // len(samples), (places.stop - 1) // len(samples) + 1)


def learn(
    host: Host, config: RewardConfig, model: PreTrainedModel, samples: Sequence[Labelled], name: str, seed: int
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Train `model` on `samples` for reward.epochs passes; returns it (whole on rank 0), and samples, steps, history.

    name: of the checkpoints in the host's scratch; a killed run goes on from them. UserError where there is no sample.
    """
    if not samples:
        raise UserError("no labelled sample to train a reward model on")
    devices.prepare(host.runtime)
    steps = max(1, round(len(samples) * config.epochs / config.batch))
    module = RewardModule(model, config.optim, schedule_of(config.optim, steps), steps)
    fit(module, batches(samples, config.batch, seed), steps, host, seed=seed, name=name)
    return module.model, {"samples": len(samples), "steps": steps, "history": module.history}


def replayed(new: Sequence[Labelled], old: Sequence[Labelled], share: float, seed: int) -> list[Labelled]:
    """`new`, and so many of `old`, drawn by `seed`, that they make up `share` of what is returned (all, if fewer)."""
    count = min(len(old), round(len(new) * share / (1 - share)))
    chosen = sorted(numpy.random.default_rng(seed).permutation(len(old))[:count].tolist())
    return [*new, *(old[index] for index in chosen)]


def retrain(
    host: Host,
    config: RewardConfig,
    folder: Path,
    new: Sequence[Labelled],
    old: Sequence[Labelled],
    out: Path,
    name: str,
    seed: int,
) -> dict[str, Any]:
    """Go on with the reward model of `folder` on new samples with a share of old ones; saved to `out` (rank 0).

    Algorithm 1, line 12: the policy of an iteration makes new data, historical data are reward.replay of the whole.
    """
    samples = replayed(new, old, config.replay, seed)
    start = load_reward(folder, host.runtime.trainer.attention)
    model, report = learn(host, config, start, samples, name, seed)
    if rank() == 0:
        save(model, load_tokenizer(folder), out)
    return {**report, "new": len(new), "old": len(samples) - len(new)}
