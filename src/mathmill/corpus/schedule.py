"""The rule of updates: epochs and learning rate of a classifier from the size of its training set.

fastText makes one update for each row and epoch. The paper's million rows and 3 epochs are 3,000,000 updates at a rate
of 0.1; the same settings on a thousand rows leave the model where it started, with all scores at 0.5. So a small seed
is gone over more often, until there are `min_updates`; and where there are fewer than 40,000 the rate rises, so that
rate times updates (how far the weights can go) does not fall below 4,000:

    epochs = ceil(min_updates / rows)        lr = min(0.5, max(0.1, 4,000 / updates))

The paper trains at one size and is silent on all others; docs/results.md holds what the rule was measured against.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from mathmill.corpus.config import ClassifierConfig

PAPER_LR, MOST_LR, LEAST_WAY = 0.1, 0.5, 4000


@dataclass(frozen=True)
class Schedule:
    """How a classifier is trained; updates: rows times epochs."""

    epochs: int
    lr: float
    updates: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def schedule(rows: int, params: ClassifierConfig) -> Schedule:
    """What the configuration gives, and the rule of updates where it gives null."""
    epochs = params.epochs or max(1, math.ceil(params.min_updates / rows))
    updates = rows * epochs
    return Schedule(epochs, params.lr or min(MOST_LR, max(PAPER_LR, LEAST_WAY / updates)), updates)
