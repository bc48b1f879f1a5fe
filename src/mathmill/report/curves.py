"""Training curves out of the reports of pre-training, instruction tuning and reinforcement learning."""

from dataclasses import dataclass
from typing import Any

from mathmill.report.facts import Fact, Sources


@dataclass(frozen=True)
class Curve:
    """Named series over one x axis: series -> [(x, y)]."""

    name: str
    source: str
    series: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Pretraining:
    """One run of pre-training: its loss, bits per byte by source of held-out text, passes over each source."""

    run: str
    ablation: str | None
    loss: Curve
    tokens: Fact | None
    bits_per_byte: dict[str, Fact]
    epochs: dict[str, Fact]


@dataclass(frozen=True)
class Reinforcement:
    """One method of reinforcement learning: its history, its closing figures, outputs of the last step."""

    method: str
    history: Curve
    final: dict[str, Fact]
    samples: list[dict[str, Any]]


def series(history: list[dict[str, Any]], source: str, name: str) -> Curve:
    """Every numeric column of a history as a series over the steps; rows without a column leave it out."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in history:
        for key, value in row.items():
            if key != "step" and isinstance(value, int | float) and not isinstance(value, bool):
                found.setdefault(key, []).append((float(row["step"]), float(value)))
    return Curve(name, source, found)


def read_pretraining(sources: Sources, run: str) -> Pretraining:
    """One run out of reports/pretrain/RUN.json."""
    label = f"pretrain/{run}"
    report = sources.json(label)
    return Pretraining(
        run,
        report.get("ablation"),
        series(report["history"], sources.name(label), run),
        sources.fact(label, report["tokens"]) if "tokens" in report else None,
        {key: sources.fact(label, value) for key, value in _numbers(report.get("bits_per_byte"))},
        {key: sources.fact(label, value) for key, value in _numbers(report.get("epochs"))},
    )


def read_reinforcement(sources: Sources, method: str) -> Reinforcement:
    """One method out of reports/rl/METHOD.json."""
    label = f"rl/{method}"
    report = sources.json(label)
    return Reinforcement(
        method,
        series(report["history"], sources.name(label), method),
        {key: sources.fact(label, value) for key, value in _numbers(report.get("final"))},
        list(report.get("samples", [])),
    )


def _numbers(values: Any) -> list[tuple[str, float]]:
    """The numeric entries of a mapping, which may nest one level ({source: {"bits_per_byte": value}})."""
    found = []
    for key, value in (values or {}).items():
        if isinstance(value, dict):
            value = value.get("bits_per_byte", value.get("value"))
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.append((key, value))
    return found


def smooth(points: list[tuple[float, float]], window: int) -> list[tuple[float, float]]:
    """Running mean over up to `window` points (centred), for noisy curves."""
    half = window // 2
    return [
        (x, sum(y for _, y in points[max(0, i - half) : i + half + 1]) / len(points[max(0, i - half) : i + half + 1]))
        for i, (x, _) in enumerate(points)
    ]
