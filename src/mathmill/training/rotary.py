"""Rotary positions with a backward pass of their own: the numbers of transformers, bit for bit, in half the passes.

Under autocast the gradient is rounded once, where transformers rounds each of its terms.
"""

import inspect
import sys
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from transformers import PreTrainedModel

from mathmill.training.size import FAMILIES

NAME = "apply_rotary_pos_emb"
PARAMETERS = ["q", "k", "cos", "sin", "unsqueeze_dim"]


def turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """X (..., D) turned by angles whose cos and sin (..., D) broadcast to it."""
    half = x.shape[-1] // 2
    turned = x * cos
    turned[..., :half].sub_(x[..., half:] * sin[..., :half])
    turned[..., half:].add_(x[..., :half] * sin[..., half:])
    return turned


class _Turned(torch.autograd.Function):
    """`turn`, whose backward pass turns back.

    Autograd would split, negate and join both halves again, and fill tensors with zeros to add the parts of each.
    """

    @staticmethod
    def forward(context: Any, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(cos, sin)
        context.dtype = x.dtype  # under autocast less than that of the angles, in which the result is
        return turn(x, cos, sin)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        cos, sin = context.saved_tensors
        half = gradient.shape[-1] // 2
        back = gradient * cos
        back[..., :half].add_(gradient[..., half:] * sin[..., half:])
        back[..., half:].sub_(gradient[..., :half] * sin[..., :half])
        return back.to(context.dtype), None, None


def install(model: PreTrainedModel) -> bool:
    """Have the family of `model` turn its queries and keys this way, in all of this process; whether it does.

    Left as they are: other families, and a compiled block (which fuses these operations anyway).
    """
    module = sys.modules[type(model).__module__]
    theirs = getattr(module, NAME, None)
    if theirs is None or model.config.model_type not in FAMILIES:
        return False
    if hasattr(theirs, "mathmill"):
        return True
    if list(inspect.signature(theirs).parameters) != PARAMETERS:
        return False

    def turned(
        q: torch.Tensor, k: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, unsqueeze_dim: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if torch.compiler.is_compiling():
            return theirs(q, k, cos, sin, unsqueeze_dim=unsqueeze_dim)
        angles = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
        way = _Turned.apply if torch.is_grad_enabled() else turn
        return way(q, *angles), way(k, *angles)

    turned.mathmill = theirs  # type: ignore[attr-defined]
    setattr(module, NAME, turned)
    return True
