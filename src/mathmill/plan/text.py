"""A plan as text."""

from collections.abc import Iterable, Sequence

from mathmill.plan.choice import GB, Machine
from mathmill.plan.plan import StagePlan
from mathmill.training.size import Size


def render(plans: Sequence[StagePlan], machine: Machine, scale: str) -> str:
    """Tables of work, memory and disk, then what to set for each stage, and what does not fit."""
    size = plans[0].work.size
    groups = _groups(plans)
    parts = [_head(size, machine, scale), _work(plans), _memory(groups, machine), _disk(groups), _settings(groups)]
    if notes := [f"  {name}: {note}" for name, plan in groups for note in plan.notes]:
        parts.append("notes\n" + "\n".join(notes))
    if bad := [(name, plan) for name, plan in groups if plan.mends]:
        parts.append("does not fit\n" + "\n".join(_complaint(name, plan, machine) for name, plan in bad))
    return "\n\n".join(parts) + "\n"


def _groups(plans: Sequence[StagePlan]) -> list[tuple[str, StagePlan]]:
    """The plans under their names; runs of one stage with equal memory and settings are told once."""
    found: list[list[StagePlan]] = []
    for plan in plans:
        same = [
            group
            for group in found
            if (group[0].choice, group[0].checkpoint, _stage(group[0])) == (plan.choice, plan.checkpoint, _stage(plan))
        ]
        if same:
            same[0].append(plan)
        else:
            found.append([plan])
    return [
        (group[0].work.name if len(group) == 1 else f"{_stage(group[0])} ({len(group)} runs)", group[0])
        for group in found
    ]


def _stage(plan: StagePlan) -> str:
    return plan.work.name.partition("@")[0]


def _head(size: Size, machine: Machine, scale: str) -> str:
    return (
        f"scale {scale}: {number(size.parameters)} parameters ({size.layers} blocks of {number(size.block)}, embedding "
        f"{number(size.embedding)}{', tied' if size.tied else ' twice'})\n"
        f"{machine.gpus} GPUs, {machine.per_node} a node, {machine.memory / GB:g} GB each ({machine.reserve:.0%} left "
        f"free), {machine.peak:.3g} operations a second at best;\n"
        f"assumed: training reaches {machine.utilisation:.0%} of that, sampling {machine.sampling:.0%}, every output "
        "is as long as it may be"
    )


def _work(plans: Sequence[StagePlan]) -> str:
    rows = [("work", "GPUs", "steps", "tokens", "operations", "GPU-hours", "days")]
    for plan in plans:
        work = plan.work
        total = work.trained + work.sampled + work.scored
        rows.append(
            (
                work.name,
                str(plan.choice.setting.ranks),
                f"{work.steps:,}",
                number(work.tokens) if work.tokens else "-",
                f"{total:.2e}",
                f"{plan.gpu_hours:,.1f}",
                f"{plan.hours / 24:.2f}",
            )
        )
    rows.append(("all", "", "", "", "", f"{sum(plan.gpu_hours for plan in plans):,.1f}", _days(plans)))
    return _table(rows)


def _days(plans: Sequence[StagePlan]) -> str:
    return f"{sum(plan.hours for plan in plans) / 24:.2f}"


def _memory(groups: Sequence[tuple[str, StagePlan]], machine: Machine) -> str:
    names = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "frozen", "cache", "peak")
    rows: list[tuple[str, ...]] = [("GB on one GPU", *names)]
    for name, plan in groups:
        memory = plan.choice.memory
        figures = [getattr(memory, part) for part in names]
        rows.append((name, *(f"{value / GB:.2f}" if value >= 1e7 else _small(value) for value in figures)))
    return _table(rows) + f"\n(a peak may reach {machine.usable / GB:.1f}; not all parts are there at one time)"


def _small(value: float) -> str:
    return f"{value / GB:.5f}" if value else "-"


def _disk(groups: Sequence[tuple[str, StagePlan]]) -> str:
    rows: list[tuple[str, ...]] = [("GB on disk", "checkpoint", "scratch", "model folder")]
    for name, plan in groups:
        if plan.work.trains:
            sizes = (plan.checkpoint, plan.scratch, plan.folder)
            rows.append((name, *(f"{value / GB:,.3f}" for value in sizes)))
    return _table(rows)


def _settings(groups: Sequence[tuple[str, StagePlan]]) -> str:
    return "set\n" + "\n".join(f"  {name}: {' '.join(plan.overrides)}" for name, plan in groups)


def _complaint(name: str, plan: StagePlan, machine: Machine) -> str:
    memory = plan.choice.memory
    tried = " ".join(plan.overrides)
    host = f" and {memory.host / GB:.1f} GB on the host for each GPU" if memory.host else ""
    mends = "\n".join(f"    {mend}" for mend in plan.mends)
    return (
        f"  {name}: {memory.peak / GB:.1f} GB on a GPU{host}, and a plan may fill {machine.usable / GB:.1f} GB "
        f"({tried}); one of these is needed:\n{mends}"
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Iterable[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()


def number(value: float) -> str:
    """A count in thousands, millions or (American) billions: 6.91B."""
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.4g}{name}"
    return f"{value:g}"
