"""AdamW as the paper states it (2.2: betas 0.9 and 0.95, weight decay 0.1)."""

from collections.abc import Iterable

import torch

from mathmill.training.config import OptimConfig


def dimensions(parameter: torch.Tensor) -> int:
    """Number of dimensions; under ZeRO-3 a parameter is stored flat and `ds_shape` holds its real shape."""
    return len(getattr(parameter, "ds_shape", parameter.shape))


def parameter_groups(parameters: Iterable[torch.nn.Parameter], weight_decay: float) -> list[dict]:
    """Two groups: matrices, which decay, and vectors (norm gains, biases), which do not."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return [
        {"params": [p for p in trained if dimensions(p) >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if dimensions(p) < 2], "weight_decay": 0.0},
    ]


def adamw(parameters: Iterable[torch.nn.Parameter], optim: OptimConfig, lr: float | None = None) -> torch.optim.AdamW:
    """AdamW over `parameters` with the section's settings; `lr` replaces the section's peak where given."""
    groups = [group for group in parameter_groups(parameters, optim.weight_decay) if group["params"]]
    return torch.optim.AdamW(
        groups,
        lr=optim.lr if lr is None else lr,
        betas=(optim.beta1, optim.beta2),
        eps=optim.eps,
        # One kernel for all tensors; the loop over tensors costs more than the arithmetic at small sizes.
        fused=True,
    )
