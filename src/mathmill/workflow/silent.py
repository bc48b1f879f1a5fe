"""The run of a process that tells MLflow nothing: every rank of a distributed stage but the first."""

from collections.abc import Callable
from typing import Any

# The methods of workflow.tracking.Run that a stage's body calls.
_METHODS = ("metrics", "params", "tag", "artifact", "text", "table", "input_dataset", "input_model", "output_model")


class SilentRun:
    """Takes every call of workflow.tracking.Run that a body may make, and does nothing."""

    id = ""

    def __getattr__(self, name: str) -> Callable[..., None]:
        """A method that does nothing; AttributeError for a name that Run does not have either."""
        if name not in (*_METHODS, "flush", "finish", "inputs", "outputs"):
            raise AttributeError(name)
        return _nothing


def _nothing(*arguments: Any, **options: Any) -> None:
    """Do nothing."""
