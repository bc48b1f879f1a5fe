"""Spikes: a loss or a gradient norm far beyond its running mean, or not a number at all."""

import math

MEMORY = 0.98  # of the running means: the last fifty updates, about
FIRST = 20  # updates before a mean is trusted


class SpikeWatch:
    """Knows the running means of loss and gradient norm; a spike does not enter them.

    factor: how many times its mean a value may be; None: any finite value is good. means: (updates, loss, norm).
    """

    def __init__(self, factor: float | None) -> None:
        self.factor = factor
        self.means: tuple[int, float, float] = (0, 0.0, 0.0)

    def is_spike(self, loss: float, norm: float) -> bool:
        """Whether an update with this loss and this norm is a spike; an answer of no is remembered."""
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return True
        if self.factor is None:
            return False
        count, usual_loss, usual_norm = self.means
        far = abs(loss) > self.factor * abs(usual_loss) or norm > self.factor * usual_norm
        if count >= FIRST and far:
            return True
        weight = max(1 - MEMORY, 1 / (count + 1))
        self.means = (count + 1, usual_loss + weight * (loss - usual_loss), usual_norm + weight * (norm - usual_norm))
        return False
