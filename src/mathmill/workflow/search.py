"""A search for good values with Optuna: which values the next job of a sweep takes, kept in a file beside the jobs.

    python -m mathmill.rl sweep=search_rl
    python -m mathmill.rl -m hydra/sweeper=optuna 'rl.beta=interval(0,0.1)'

The plugin `hydra_plugins.mathmill_optuna` asks here for values and hands them to Hydra's launcher. Trial N is job N of
the sweep's folder. A trial is told when its job has ended well, so what a kill or a failure has left open is what the
same command runs first, with the values that it had. The values of trial N depend on the seed, on N and on the trials
told before it, so a search that was killed asks what one without a kill would have asked.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.workflow.errors import ConfigError, UserError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna.distributions import BaseDistribution

STUDY_FILE = "study.db"
SAMPLERS = ("tpe", "random")


@dataclass(frozen=True)
class Trial:
    """One job of a search: its number, and the overrides that set it apart."""

    number: int
    overrides: tuple[str, ...]


class Search:
    """The trials of one sweep's folder.

    space: a Hydra override a key, with a sweep for its value: choice, range, interval; `tag(log, ...)` for a
    logarithmic scale. startup: how many trials are drawn at random before the sampler learns from their values.
    """

    def __init__(
        self, folder: Path, space: "list[Override]", *, direction: str, sampler: str, startup: int, seed: int
    ) -> None:
        optuna = _optuna()
        if direction not in ("maximize", "minimize"):
            raise ConfigError(f"hydra.sweeper.direction={direction}: maximize or minimize")
        if sampler not in SAMPLERS:
            raise ConfigError(f"hydra.sweeper.sampler={sampler}: one of {', '.join(SAMPLERS)}")
        if not space:
            raise ConfigError("a search needs a space: hydra.sweeper.params, or 'rl.beta=interval(0,0.1)' after -m")
        self.space = {item.get_key_element(): distribution(item) for item in space}
        self.sampler, self.startup, self.seed = sampler, startup, seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{direction} " + " ".join(f"{key}={item!r}" for key, item in sorted(self.space.items()))
        self.study = optuna.create_study(
            storage=f"sqlite:///{folder / STUDY_FILE}", study_name=name, direction=direction, load_if_exists=True
        )
        self._drop_halves()

    def asked(self) -> int:
        """How many trials there are, told or not."""
        return len(self._trials("RUNNING", "COMPLETE"))

    def unfinished(self) -> list[Trial]:
        """The trials whose jobs have not ended well yet, in order."""
        return [self._trial(one) for one in self._trials("RUNNING")]

    def ask(self) -> Trial:
        """The values of a new trial."""
        samplers, seed = _optuna().samplers, 10_007 * self.seed + self.asked()  # each trial has a seed of its own
        if self.sampler == "tpe":
            self.study.sampler = samplers.TPESampler(n_startup_trials=self.startup, seed=seed)
        else:
            self.study.sampler = samplers.RandomSampler(seed=seed)
        return self._trial(self.study.ask(self.space))

    def tell(self, number: int, value: float) -> None:
        """Note what the job of a trial has reached."""
        self.study.tell(number, value)

    def _trials(self, *states: str) -> list[Any]:
        wanted = tuple(_optuna().trial.TrialState[state] for state in states)
        return self.study.get_trials(deepcopy=False, states=wanted)

    def _drop_halves(self) -> None:
        """End the trials whose process was killed while it drew their values: the next ask draws the same again."""
        for one in self._trials("RUNNING"):
            if set(one.params) != set(self.space):
                self.study.tell(one.number, state=_optuna().trial.TrialState.FAIL)

    def _trial(self, one: Any) -> Trial:
        return Trial(one.number, tuple(f"{key}={one.params[key]}" for key in self.space))


def distribution(override: "Override") -> "BaseDistribution":
    """Optuna's form of a sweep in Hydra's grammar; raises ConfigError for one that is none."""
    from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep

    kinds, value = _optuna().distributions, override.value()
    try:
        if isinstance(value, ChoiceSweep):
            return kinds.CategoricalDistribution(list(override.sweep_string_iterator()))
        log = isinstance(value, IntervalSweep | RangeSweep) and "log" in value.tags
        if isinstance(value, IntervalSweep) and value.start is not None and value.end is not None:
            kind = kinds.IntDistribution if isinstance(value.start, int) else kinds.FloatDistribution
            return kind(value.start, value.end, log=log)
        if isinstance(value, RangeSweep):
            numbers = list(value.range())
            kind = kinds.IntDistribution if isinstance(numbers[0], int) else kinds.FloatDistribution
            return kind(numbers[0], numbers[-1], log=log, step=value.step)
    except (ValueError, IndexError) as error:
        raise ConfigError(f"{override.input_line}: {error}") from None
    raise ConfigError(
        f"{override.input_line}: a search takes choice(...), range(...), interval(...) or a list of values"
    )


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UserError(
            "a search needs Optuna, which is an extra: pip install 'mathmill[search]' (in a checkout: "
            "pip install -c constraints.txt -e '.[search]')"
        ) from None
    return optuna
