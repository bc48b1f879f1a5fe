"""A stage as work: how much is computed, and what one rank holds while it is."""

from collections.abc import Callable
from dataclasses import dataclass

from mathmill.plan.memory import Memory, Setting
from mathmill.training.size import Size

# (setting, sequences in one forward pass, sequences of one rank in a step) -> memory
Needs = Callable[[Setting, int, int], Memory]


@dataclass(frozen=True)
class Work:
    """One stage, or one item of a stage.

    units: what is divided over the ranks in a step (sequences, questions), rows: sequences that one unit makes.
    trained, sampled, scored: operations of training passes, of sampling, and of forward passes without a gradient.
    tokens: trained on in all steps. key: the configuration key of the units.
    """

    name: str
    size: Size
    mixed: bool
    steps: int
    units: int
    rows: int
    tokens: float
    trained: float
    sampled: float
    scored: float
    needs: Needs
    key: str
    trains: bool = True
    one: bool = False  # runs on one GPU whatever there is
    shared: bool = False  # any number of processes of one GPU share the units (--shard)
    smaller: tuple[str, ...] = ()  # keys that make it smaller, where no setting does


@dataclass(frozen=True)
class Assumed:
    """What no configuration says: prompt tokens of a question, problems of the benchmarks, steps of SFT by epochs.

    questions: that reinforcement learning and reward models train on; solution_steps: of one solution.
    """

    prompt: int = 256
    problems: int = 6319  # the test sets of GSM8K and MATH
    sft_steps: int = 500
    questions: int = 144_000  # paper 4.2
    solution_steps: int = 6
