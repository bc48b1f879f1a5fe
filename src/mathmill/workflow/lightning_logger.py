"""Lightning's figures go to the stage's run: a logger that writes no folder of its own."""

from argparse import Namespace
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from mathmill.workflow.tracking import Run


class RunLogger(Logger):
    """Forwards metrics of rank 0 to `run`. Hyper-parameters are the stage's section, which the run already holds."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return "mathmill"

    @property
    def version(self) -> str:
        """The id of the run."""
        return self._run.id

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Take the metrics of a step; Lightning's own `epoch` is left out, for the steps are what counts."""
        self._run.metrics({name: value for name, value in metrics.items() if name != "epoch"}, step)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing to do: see the class."""

    @rank_zero_only
    def save(self) -> None:
        """Send what is waiting."""
        self._run.flush()

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """A checkpoint never runs ahead of the curve: a resumed run does not log the steps before it again."""
        self._run.flush()
