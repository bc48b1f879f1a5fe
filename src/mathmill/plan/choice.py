"""The setting that a stage is run with: the one that the configuration names, or the cheapest that fits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mathmill.plan.memory import STRATEGIES, Memory, Setting
from mathmill.plan.work import Work

GB = 1e9


@dataclass(frozen=True)
class Machine:
    """The hardware that is planned for. memory, host: bytes of one GPU, of one node. peak: operations a second.

    utilisation: share of the peak that training reaches; sampling: that sampling reaches, which waits for memory.
    reserve: share of a GPU's memory that is left to CUDA, NCCL and fragmentation.
    """

    gpus: int = 1
    per_node: int = 8
    memory: float = 80 * GB
    host: float = 1000 * GB
    peak: float = 989e12
    utilisation: float = 0.4
    sampling: float = 0.05
    reserve: float = 0.1

    @property
    def usable(self) -> float:
        """Bytes of a GPU that a plan may fill."""
        return self.memory * (1 - self.reserve)


@dataclass(frozen=True)
class Fixed:
    """What the user has set; None is for the planner to choose."""

    strategy: str | None = None
    micro_batch: int | None = None
    checkpointing: bool | None = None


@dataclass(frozen=True)
class Choice:
    """A setting of a stage, with the memory that it takes."""

    setting: Setting
    micro_batch: int
    memory: Memory

    def fits(self, machine: Machine) -> bool:
        """Whether GPUs and hosts hold it."""
        nodes = min(self.setting.ranks, machine.per_node)
        return self.memory.peak <= machine.usable and self.memory.host * nodes <= machine.host


def ranks_of(work: Work, machine: Machine) -> int:
    """The most GPUs that a step divides over: whole nodes, or a part of one; shards divide over any number."""
    if work.one:
        return 1
    if work.shared:
        return min(machine.gpus, work.units)
    return max(
        count
        for count in range(1, machine.gpus + 1)
        if work.units % count == 0 and (count % machine.per_node == 0 or machine.per_node % count == 0)
    )


def choices(work: Work, fixed: Fixed, ranks: int) -> Iterator[Choice]:
    """Every setting that the user leaves open, the cheapest to run first."""
    if not work.trains:
        setting = Setting("auto", ranks, work.mixed)
        yield Choice(setting, work.rows, work.needs(setting, work.rows, work.rows))
        return
    share = work.units // ranks * work.rows
    for strategy, checkpointing in _ways(fixed, ranks):
        for micro in _micro_batches(share) if fixed.micro_batch is None else (min(share, fixed.micro_batch),):
            setting = Setting(strategy, ranks, work.mixed, checkpointing, -(-share // micro))
            if work.mixed and setting.stage == 1 and fixed.strategy is None:
                continue  # the trainer refuses it: DeepSpeed's own form cannot be read back
            yield Choice(setting, micro, work.needs(setting, micro, share))


def _ways(fixed: Fixed, ranks: int) -> Iterator[tuple[str, bool]]:
    """(strategy, activation checkpointing): recomputation costs a third, ZeRO-3 exchanges the weights all the time."""
    strategies = _strategies(fixed, ranks)
    light = [name for name in strategies if "stage_3" not in name]
    for listed in (light, *([name] for name in strategies if name not in light)):
        for checkpointing in (False, True) if fixed.checkpointing is None else (fixed.checkpointing,):
            for strategy in listed:
                yield strategy, checkpointing


def _strategies(fixed: Fixed, ranks: int) -> list[str]:
    if fixed.strategy is not None:
        return [fixed.strategy]
    return [name for name in STRATEGIES if name != ("ddp" if ranks == 1 else "auto")]


def _micro_batches(share: int) -> list[int]:
    """All of a rank's share, then powers of two below it, the largest first."""
    return [share, *(1 << power for power in reversed(range(share.bit_length())) if 1 << power < share)]


def chosen(work: Work, fixed: Fixed, machine: Machine) -> tuple[Choice, bool]:
    """(the first setting that fits, True), or (the one with the lowest peak, False)."""
    listed = list(choices(work, fixed, ranks_of(work, machine)))
    fitting = next((choice for choice in listed if choice.fits(machine)), None)
    if fitting is not None:
        return fitting, True
    return min(listed, key=lambda choice: choice.memory.peak), False


def mends(work: Work, fixed: Fixed, machine: Machine) -> list[str]:
    """What would make a stage fit that does not: settings that the user has fixed otherwise, more or larger GPUs."""
    found = []
    for freed in (
        replace(fixed, micro_batch=None),
        replace(fixed, checkpointing=None),
        replace(fixed, micro_batch=None, checkpointing=None),
        replace(fixed, strategy=None),
        Fixed(),
    ):
        choice, fits = chosen(work, freed, machine)
        if freed != fixed and fits:
            found.append(" ".join(words(choice, work, machine)))
    if found:
        return list(dict.fromkeys(found))
    for factor in (2, 4, 8, 16, 32):
        larger = replace(machine, gpus=machine.gpus * factor)
        choice, fits = chosen(work, Fixed(), larger)
        if fits:
            return [f"gpus={choice.setting.ranks} {' '.join(words(choice, work, larger))}"]
    choice, _ = chosen(work, Fixed(), machine)
    least = choice.memory.peak / (1 - machine.reserve) / GB
    return [f"GPUs of {least:.0f} GB ({' '.join(words(choice, work, machine))})", *work.smaller]


def words(choice: Choice, work: Work, machine: Machine) -> list[str]:
    """The overrides that run a stage in this setting."""
    if not work.trains:
        return ["trainer=gpu"]
    setting = choice.setting
    group = {"auto": "gpu", "ddp": "ddp"}.get(setting.strategy) or setting.strategy.replace("stage_", "zero")
    nodes, rest = divmod(setting.ranks, machine.per_node)
    listed = [f"trainer={group}"]
    if setting.strategy != "auto" or setting.ranks > 1:
        listed.append(f"runtime.trainer.devices={machine.per_node if nodes else rest}")
    if nodes > 1:
        listed.append(f"runtime.trainer.num_nodes={nodes}")
    if setting.parts > 1:
        listed.append(f"runtime.micro_batch={choice.micro_batch}")
    if setting.checkpointing:
        listed.append("runtime.trainer.activation_checkpointing=true")
    return listed
