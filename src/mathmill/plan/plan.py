"""plan: the stages of a configuration on a machine: settings, memory, operations, hours, sizes on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from mathmill.plan.choice import Choice, Fixed, Machine, chosen, mends, ranks_of, words
from mathmill.plan.stages import works
from mathmill.plan.work import Assumed, Work
from mathmill.training.checkpoint import KEPT
from mathmill.workflow.composition import override_key
from mathmill.workflow.schema import Params


@dataclass(frozen=True)
class StagePlan:
    """A stage in the setting that was chosen; mends is empty where it fits. Sizes in bytes, hours of one GPU each."""

    work: Work
    choice: Choice
    mends: list[str]
    notes: list[str]
    gpu_hours: float
    checkpoint: float
    scratch: float
    folder: float
    overrides: list[str]

    @property
    def hours(self) -> float:
        """Hours on the clock."""
        return self.gpu_hours / self.choice.setting.ranks


def fixed_by(params: Params, overrides: Sequence[str]) -> Fixed:
    """What the user's own overrides say about the trainer; the rest is open."""
    keys = {override_key(override) for override in overrides}
    trainer = params.runtime.trainer
    named = {"trainer", "runtime.trainer.strategy"} & keys
    return Fixed(
        strategy=trainer.strategy if named else None,
        micro_batch=params.runtime.micro_batch if "runtime.micro_batch" in keys else None,
        checkpointing=trainer.activation_checkpointing if "runtime.trainer.activation_checkpointing" in keys else None,
    )


def plan(params: Params, machine: Machine, fixed: Fixed, assumed: Assumed | None = None) -> list[StagePlan]:
    """The plan of each stage that `works` names; one that fits no way carries what to change."""
    return [_planned(work, machine, fixed) for work in works(params, assumed or Assumed())]


def _planned(work: Work, machine: Machine, fixed: Fixed) -> StagePlan:
    choice, fits = chosen(work, fixed, machine)
    setting, count = choice.setting, work.size.parameters
    training = (work.trained + work.scored) / (machine.peak * machine.utilisation)
    sampling = work.sampled / (machine.peak * machine.sampling)
    recomputed = work.trained / 3 / (machine.peak * machine.utilisation) if setting.checkpointing else 0.0
    state = 12.0 * count + (setting.stage and (2 if setting.mixed else 4) * count) if work.trains else 0.0
    return StagePlan(
        work=work,
        choice=choice,
        mends=[] if fits else mends(work, fixed, machine),
        notes=_notes(work, machine, choice),
        gpu_hours=(training + sampling + recomputed) / 3600,
        checkpoint=state,
        scratch=state * (KEPT + 1),
        folder=4.0 * count if work.trains else 0.0,
        overrides=words(choice, work, machine),
    )


def _notes(work: Work, machine: Machine, choice: Choice) -> list[str]:
    notes = []
    ranks = ranks_of(work, machine)
    if work.shared:
        notes.append(f"{work.units:,} shards, a process for each GPU: --shard 1/{ranks} to {ranks}/{ranks}")
    elif not work.one and ranks < machine.gpus:
        notes.append(f"{work.key}={work.units} divides over {ranks} of {machine.gpus} GPUs (whole nodes)")
    if choice.memory.host:
        nodes = min(ranks, machine.per_node)
        notes.append(f"{choice.memory.host * nodes / 1e9:.0f} GB of optimiser states and weights on each host")
    return notes
