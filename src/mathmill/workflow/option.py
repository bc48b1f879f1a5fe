"""Declare a configuration key: its default, its help text and its bounds, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any

from omegaconf import MISSING


def option(
    default: Any = MISSING,
    help: str = "",
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[Any] | None = None,
) -> Any:
    """A dataclass field for one configuration key.

    default: the value, or a callable that makes a mutable one (list, dict, a nested dataclass).
    help: one sentence that stands beside the key in the generated reference.
    ge, gt, le, lt: bounds, checked on the value (for a list or a dict: on each element).
    choices: the allowed values.
    """
    metadata = {"help": help, "ge": ge, "gt": gt, "le": le, "lt": lt, "choices": choices}
    if isinstance(default, Callable):  # type: ignore[arg-type]
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def positive(text: str) -> int:
    """A whole number from 1 on, as argparse's `type`: it words the ValueError that anything else raises."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)
