"""Learning-rate schedules as factors of the peak (paper 2.2): functions of the step, ready for LambdaLR.

The step counts optimiser steps from 0: the factor of step s is in force while update number s + 1 is computed.
"""

from collections.abc import Callable, Sequence

from mathmill.training.config import OptimConfig
from mathmill.workflow.errors import ConfigError

Schedule = Callable[[int], float]


def constant(warmup: int) -> Schedule:
    """Linear warm-up over `warmup` steps, then 1 (paper 3 and 4: a constant rate)."""

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / warmup) if warmup else 1.0

    return factor


def multi_step(warmup: int, total: int, drops: Sequence[tuple[float, float]] = ((0.8, 0.316), (0.9, 0.1))) -> Schedule:
    """Linear warm-up over `warmup` steps, then a staircase: from share s of `total` steps on, the factor is f.

    The default is the paper's (2.2): 0.316 after 80 % and 0.1 after 90 %; of 37,500 steps that is from steps 30,000
    and 33,750 on.
    """
    # round: 0.9 * 37,500 is 33,750.000000000004 in floating point.
    stairs = [(round(share * total), value) for share, value in sorted(drops)]
    warm = constant(warmup)

    def factor(step: int) -> float:
        reached = [value for start, value in stairs if step >= start]
        return warm(step) * (reached[-1] if reached else 1.0)

    return factor


def schedule_of(optim: OptimConfig, total: int) -> Schedule:
    """The schedule that a section's configuration names, over `total` steps."""
    if optim.schedule == "constant":
        return constant(optim.warmup)
    if len(optim.drop_at) != len(optim.drop_to):
        raise ConfigError("optim.drop_at and optim.drop_to must have the same length")
    return multi_step(optim.warmup, total, list(zip(optim.drop_at, optim.drop_to, strict=True)))
