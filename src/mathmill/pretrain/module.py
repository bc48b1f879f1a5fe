"""Next-token prediction on packed documents (paper 2.2): the Lightning module and its batches."""

import math
from collections.abc import Mapping
from typing import Any

import numpy
import torch
from transformers import PreTrainedModel

from mathmill.pretrain.mixture import Mixture
from mathmill.pretrain.source import Source
from mathmill.training.config import OptimConfig
from mathmill.training.data import Batch, MakeBatch, rank_share
from mathmill.training.history import RecordedPhase
from mathmill.training.losses import shifted, token_losses
from mathmill.training.schedule import Schedule


class PretrainModule(RecordedPhase):
    """The loss is the mean over all predicted tokens of a step; targets: how many those are, on all ranks together."""

    def __init__(
        self,
        model: PreTrainedModel,
        optim: OptimConfig,
        schedule: Schedule,
        steps: int,
        targets: int,
        lr: float | None = None,
    ) -> None:
        super().__init__(model, optim, schedule, steps, lr)
        self.targets = targets
        self.bits: Mapping[str, float] = {}  # source -> bits per byte of one nat per token; set by train
        self._seen: torch.Tensor | None = None  # (2, sources): nats and tokens since they were last logged

    def share(self, part: Batch) -> torch.Tensor:
        """Summed negative log-likelihood of the part's tokens over the targets of the step."""
        ids = part["input_ids"]
        losses = token_losses(self.model, ids, shifted(ids), part.get("position_ids"))
        if self.bits and "source" in part:
            self._count(losses.detach().view(len(ids), -1), part["source"])
        return losses.sum() / self.targets

    def training_step(self, batch: Batch, index: int) -> dict[str, Any]:
        """One update; every log_every steps with loss and bits per byte of each source since the last time."""
        figures = super().training_step(batch, index)
        if (self.done + 1) % self.log_every == 0 and self._seen is not None:
            figures |= self._by_source()
        return figures

    def _count(self, losses: torch.Tensor, source: torch.Tensor) -> None:
        """Add losses (rows, tokens) of rows that each come from one source."""
        if self._seen is None:
            self._seen = torch.zeros(2, len(self.bits), device=losses.device)
        self._seen[0].index_add_(0, source, losses.sum(1))
        self._seen[1].index_add_(0, source, torch.full_like(source, losses.shape[1], dtype=self._seen.dtype))

    def _by_source(self) -> dict[str, float]:
        """Over all ranks: loss/SOURCE in nats per token, bits_per_byte/SOURCE, for the sources that were read."""
        seen: Any = self.trainer.strategy.reduce(self._seen, reduce_op="sum")
        found: dict[str, float] = {}
        for (name, factor), nats, tokens in zip(self.bits.items(), *seen.tolist(), strict=True):
            if tokens:
                found |= {f"loss/{name}": nats / tokens, f"bits_per_byte/{name}": nats / tokens * factor}
        self._seen = None
        return found


def bits_per_nat(source: Source) -> float:
    """Bits per byte of a loss of one nat per token, by the tokens (bos and eos too) and bytes of the training part."""
    counts = source.index["train"]
    return float(counts["tokens"]) / max(1, counts["bytes"]) / math.log(2)


def batches(sources: Mapping[str, Source], mixture: Mixture, batch: int, context: int, isolate: bool) -> MakeBatch:
    """make_batch of mathmill.training: input_ids (and position_ids where documents are isolated), both (B, T).

    source (B,): the number of each sequence's source among the mixture's names.
    """

    def make(step: int, rank: int, world: int) -> Batch:
        rows, read = [], []
        for index in rank_share(batch, rank, world):
            name, number = mixture.place(step * batch + index)
            rows.append(sources[name].sequence(number, context))
            read.append(mixture.names.index(name))
        made = {"input_ids": torch.from_numpy(numpy.stack([ids for ids, _ in rows])), "source": torch.tensor(read)}
        if isolate:
            made["position_ids"] = torch.from_numpy(numpy.stack([positions for _, positions in rows]))
        return made

    return make
