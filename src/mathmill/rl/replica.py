"""Whole weights of a model whose parameters ZeRO-3 has spread over the ranks."""

import copy
from typing import Any

import torch

from mathmill.training.model import cast


def is_spread(model: Any) -> bool:
    """Whether ZeRO-3 holds the parameters: each rank has a slice, and a forward pass is a collective call."""
    return any(hasattr(parameter, "ds_id") for parameter in model.parameters())


class Replica:
    """A plain copy of a spread model on every rank, to sample from.

    Ranks draw outputs of different length: one that stops earlier must not leave the others in a collective call.
    """

    def __init__(self, model: Any, device: torch.device) -> None:
        with torch.device("meta"):
            empty = cast(type(model)(copy.deepcopy(model.config)), "meta", next(model.parameters()).dtype)
        self.model = empty.to_empty(device=device).eval().requires_grad_(False)
        self._fill_buffers(model)

    def refresh(self, model: Any) -> Any:
        """Take over the weights of `model` (all ranks together); returns the copy."""
        import deepspeed

        with torch.no_grad():
            for mine, theirs in zip(self.model.parameters(), model.parameters(), strict=True):
                with deepspeed.zero.GatheredParameters([theirs]):
                    mine.copy_(theirs)
        return self.model

    def _fill_buffers(self, model: Any) -> None:
        for (name, mine), (_, theirs) in zip(self.model.named_buffers(), model.named_buffers(), strict=True):
            if mine.shape != theirs.shape:
                raise RuntimeError(f"buffer {name} of the copy has another shape than the model's")
            mine.copy_(theirs)
