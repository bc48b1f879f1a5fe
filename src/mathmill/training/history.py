"""A phase that remembers its curve: some rows of figures, kept in checkpoints, for the stage's report."""

from typing import Any

from transformers import PreTrainedModel

from mathmill.training.config import OptimConfig
from mathmill.training.data import Batch
from mathmill.training.phase import PhaseModule
from mathmill.training.schedule import Schedule

ROWS = 200
_DIGITS = 6


class RecordedPhase(PhaseModule):
    """A PhaseModule of `steps` steps, about 200 of which are kept in `history` (the last one always)."""

    def __init__(
        self, model: PreTrainedModel, optim: OptimConfig, schedule: Schedule, steps: int, lr: float | None = None
    ) -> None:
        super().__init__(model, optim, schedule, lr)
        self.steps = steps
        self.history: list[dict[str, float]] = []

    def training_step(self, batch: Batch, index: int) -> dict[str, Any]:
        """The step of PhaseModule; its loss, gradient norm and learning rate may become a row of the history."""
        figures = super().training_step(batch, index)
        step = self.done + 1
        if figures.get("skipped"):
            return figures
        if step % max(1, self.steps // ROWS) == 0 or step == self.steps:
            row = {key: float(f"{float(figures[key]):.{_DIGITS}g}") for key in ("loss", "grad_norm", "lr")}
            self.history.append({"step": step, **row})
        return figures

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history, so that a resumed run reports all of it."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["mathmill_history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the history up again."""
        super().on_load_checkpoint(checkpoint)
        self.history = checkpoint["mathmill_history"]
