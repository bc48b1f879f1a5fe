"""Next-token prediction on packed documents (paper 2.2): the Lightning module and its batches."""

from collections.abc import Mapping

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

    def share(self, part: Batch) -> torch.Tensor:
        """Summed negative log-likelihood of the part's tokens over the targets of the step."""
        ids = part["input_ids"]
        return token_losses(self.model, ids, shifted(ids), part.get("position_ids")).sum() / self.targets


def batches(sources: Mapping[str, Source], mixture: Mixture, batch: int, context: int, isolate: bool) -> MakeBatch:
    """make_batch of mathmill.training: input_ids (and position_ids where documents are isolated), both (B, T)."""

    def make(step: int, rank: int, world: int) -> Batch:
        rows = []
        for index in rank_share(batch, rank, world):
            name, number = mixture.place(step * batch + index)
            rows.append(sources[name].sequence(number, context))
        made = {"input_ids": torch.from_numpy(numpy.stack([ids for ids, _ in rows]))}
        if isolate:
            made["position_ids"] = torch.from_numpy(numpy.stack([positions for _, positions in rows]))
        return made

    return make
