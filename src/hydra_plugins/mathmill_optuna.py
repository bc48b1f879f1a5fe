"""Hydra's sweeper `hydra/sweeper=optuna`; Hydra takes sweepers from this package only. See mathmill.workflow.search.

The plugin hydra-optuna-sweeper is not used: its last release for Hydra 1.3 needs Optuna 2, and it begins anew after a
kill. The keys that both have (params, direction) mean the same.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from mathmill.workflow.search import Trial


class OptunaSearch(Sweeper):
    """Launches `trials` jobs, `parallel` at a time, with values that the search picks.

    The other keys are those of mathmill.workflow.search.Search; params: key -> sweep, as for Hydra's own sweeper.
    """

    def __init__(
        self,
        trials: int,
        parallel: int,
        direction: str,
        sampler: str,
        startup: int,
        seed: int,
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.trials, self.parallel, self.params = trials, parallel, dict(params or {})
        self.direction, self.sampler, self.startup, self.seed = direction, sampler, startup, seed

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra knows: how to compose a job, what runs it, and who launches it."""
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[float]:
        """Run what is left of the search; returns the values of this call's jobs. Raises what the first failed job has.

        A key that is given on the command line takes the place of the file's.
        """
        from mathmill.workflow.search import Search

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None  # all three by setup, which Hydra calls first
        lines = [f"{key}={value}" for key, value in self.params.items()]
        parsed = OverridesParser.create(config_loader=self.hydra_context.config_loader).parse_overrides(
            [*lines, *arguments]
        )
        given = {item.get_key_element(): item for item in parsed}
        fixed = [
            f"{key}={item.get_value_element_as_str()}" for key, item in given.items() if not item.is_sweep_override()
        ]
        search = Search(
            Path(self.config.hydra.sweep.dir),
            [item for item in given.values() if item.is_sweep_override()],
            direction=self.direction,
            sampler=self.sampler,
            startup=self.startup,
            seed=self.seed,
        )
        values, failed = [], []
        left = search.unfinished()
        while left or search.asked() < self.trials:
            left = left or [search.ask() for _ in range(min(self.parallel, self.trials - search.asked()))]
            batch, left = neighbours(left, self.parallel)
            overrides = [[*fixed, *trial.overrides] for trial in batch]
            self.validate_batch_is_legal(overrides)
            results = self.launcher.launch(overrides, initial_job_idx=batch[0].number)
            for trial, result in zip(batch, results, strict=True):
                if result.status == JobStatus.COMPLETED:
                    values.append(_number(result.return_value))
                    search.tell(trial.number, values[-1])
                else:
                    failed.append(result)
        _raise(failed)
        return values


def neighbours(trials: "Sequence[Trial]", most: int) -> "tuple[list[Trial], list[Trial]]":
    """(the first trials whose numbers follow one another, at most so many; the rest): launchers count jobs upwards."""
    count = 1
    while count < min(most, len(trials)) and trials[count].number == trials[0].number + count:
        count += 1
    return list(trials[:count]), list(trials[count:])


def _number(value: Any) -> float:
    from mathmill.workflow.errors import UserError

    if not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"the stage answers with {value}, which is no figure to search by (rl, sft, evaluate have one)")
    return float(value)


def _raise(failed: Sequence[JobReturn]) -> None:
    for result in failed:
        _ = result.return_value  # raises
