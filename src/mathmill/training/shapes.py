"""Numbers of rows that come again, for products in bfloat16 on a CPU.

oneDNN compiles a kernel for each number of rows that it has not met, and keeps it: up to half a megabyte for each of a
model's products. Where rows are tokens of outputs, hardly any number comes twice: a process grew by 50 MB a step.
"""

import torch
from torch.nn import functional

_MULTIPLE = 64


def spare(rows: int, device: torch.device) -> int:
    """How many rows to add: up to the next multiple of 64 under autocast on a CPU, none elsewhere."""
    return -rows % _MULTIPLE if device.type == "cpu" and torch.is_autocast_enabled("cpu") else 0


def apply(layer: torch.nn.Module, states: torch.Tensor) -> torch.Tensor:
    """`layer(states)` of states (N, H), with as many more rows in between as `spare` says."""
    rows = spare(len(states), states.device)
    made: torch.Tensor = layer(functional.pad(states, (0, 0, 0, rows)) if rows else states)
    return made[: len(states)] if rows else made
