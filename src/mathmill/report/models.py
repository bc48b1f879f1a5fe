"""Accuracy of the models, their baselines, and paired comparisons (paper 8; Table 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mathmill.evaluate.stats import paired
from mathmill.report.config import ReportConfig
from mathmill.report.facts import Fact, Sources
from mathmill.report.paper import ABLATIONS, Comparison
from mathmill.workflow.errors import UserError

BASELINES = {
    "random": "a random training answer of the family",
    "frequent": "the most frequent training answer",
    "frequent_in_family": "the most frequent answer of the family",
    "last_number": "the last number of the question",
}
SHORT = {
    "random": "random answer",
    "frequent": "most frequent",
    "frequent_in_family": "... of the family",
    "last_number": "last number",
}
GROUPS = ("by_family", "by_lang", "by_difficulty")


@dataclass(frozen=True)
class Model:
    """One evaluated model on the headline benchmark; groups: by_family ... -> name -> accuracy (headline's mode)."""

    name: str
    format: str
    accuracy: dict[str, Fact]
    groups: dict[str, dict[str, Fact]]
    items: Fact
    truncated: Fact
    tokens: Fact
    bits_per_byte: dict[str, Fact]
    samples: dict[str, dict[str, Fact]]
    examples: list[dict[str, Any]]

    @property
    def headline(self) -> Fact:
        """Boxed answers of tuned models; any final answer of base models, which have not learned to box."""
        return self.accuracy[_headline(self.format)]


@dataclass(frozen=True)
class Baseline:
    """What a rule without a model scores: on all problems, by family, by language."""

    overall: Fact
    by_family: dict[str, Fact]
    by_lang: dict[str, Fact]


@dataclass(frozen=True)
class Difference:
    """Model `after` minus model `before` on the same problems; mode: strict or lenient extraction."""

    before: str
    after: str
    mode: str
    accuracy: Fact
    wins: Fact
    losses: Fact
    p_value: Fact


@dataclass(frozen=True)
class Ablation:
    """A comparison of the paper and the measured counterpart; verdict: same direction, opposite, or not decided."""

    comparison: Comparison
    difference: Difference
    accuracy: tuple[Fact, Fact]
    bits_per_byte: tuple[Fact, Fact] | None
    verdict: str


def _headline(format: str) -> str:
    return "strict" if format == "chat" else "lenient"


def result_of(sources: Sources, name: str, benchmark: str) -> dict[str, Any]:
    """The figures of one model on one benchmark; UserError where it was not evaluated on it."""
    report = sources.json(f"evaluate/{name}")
    if benchmark not in report["benchmarks"]:
        known = ", ".join(report["benchmarks"])
        where = sources.name(f"evaluate/{name}")
        raise UserError(f"{where} has no benchmark {benchmark}; report.benchmark may be {known}")
    result: dict[str, Any] = report["benchmarks"][benchmark]
    return {**result, "format": report["format"], "mode": report["mode"]}


def read_model(sources: Sources, name: str, benchmark: str) -> Model:
    """One model's figures as facts."""
    label = f"evaluate/{name}"
    result = result_of(sources, name, benchmark)
    greedy, bits = result["greedy"], result["bits_per_byte"] or {}
    curves = {key: result["samples"][key] for key in ("pass_at", "maj_at")} if result["samples"] else {}
    return Model(
        name=name,
        format=result["format"],
        accuracy={mode: sources.interval(label, greedy[mode]) for mode in ("strict", "lenient")},
        groups={
            group: {
                key: sources.interval(label, values[_headline(result["format"])])
                for key, values in greedy[group].items()
            }
            for group in GROUPS
        },
        items=sources.fact(label, result["items"]),
        truncated=sources.fact(label, greedy["truncated"]),
        tokens=sources.fact(label, greedy["tokens"]),
        bits_per_byte={kind: sources.fact(label, values["bits_per_byte"]) for kind, values in bits.items()},
        samples={
            curve: {k: sources.interval(label, values) for k, values in points.items()}
            for curve, points in curves.items()
        },
        examples=result["examples"],
    )


def read_baselines(sources: Sources, name: str, benchmark: str) -> dict[str, Baseline]:
    """The baselines that one model's report holds (every model's report holds the same)."""
    label = f"evaluate/{name}"
    found = result_of(sources, name, benchmark)["baselines"]

    def facts(values: dict[str, Any]) -> dict[str, Fact]:
        return {part: sources.interval(label, one) for part, one in values.items()}

    return {
        key: Baseline(sources.interval(label, found[key]), facts(found[key]["by_family"]), facts(found[key]["by_lang"]))
        for key in BASELINES
        if key in found
    }


def compare(sources: Sources, before: str, after: str, mode: str, config: ReportConfig) -> Difference:
    """Paired difference of two models; UserError where they did not answer the same problems."""
    left, right = (result_of(sources, name, str(config.benchmark)) for name in (before, after))
    if left["items_digest"] != right["items_digest"]:
        raise UserError(f"evaluate/{before} and evaluate/{after} answered other problems; evaluate both again")
    outcomes = [[one == "1" for one in result["greedy"]["outcomes"][mode]] for result in (left, right)]
    result = paired(outcomes[0], outcomes[1], config.confidence, config.seed, config.resamples)
    source = f"{sources.name(f'evaluate/{before}')} + {sources.name(f'evaluate/{after}')}"
    difference = result.difference
    return Difference(
        before,
        after,
        mode,
        Fact(difference.value, source, difference.low, difference.high),
        Fact(result.wins, source),
        Fact(result.losses, source),
        Fact(result.p_value, source),
    )


def ablations(sources: Sources, config: ReportConfig) -> list[Ablation]:
    """The ablations whose two models were both evaluated."""
    evaluated = set(sources.items("evaluate"))
    return [_ablation(sources, one, config) for one in ABLATIONS if {one.without, one.with_} <= evaluated]


def _ablation(sources: Sources, comparison: Comparison, config: ReportConfig) -> Ablation:
    # Base models have not learned to box their answers, so every extraction rule counts here.
    difference = compare(sources, comparison.without, comparison.with_, "lenient", config)
    models = [read_model(sources, name, str(config.benchmark)) for name in (comparison.without, comparison.with_)]
    bits = [model.bits_per_byte.get("page") for model in models]
    return Ablation(
        comparison,
        difference,
        (models[0].accuracy["lenient"], models[1].accuracy["lenient"]),
        None if bits[0] is None or bits[1] is None else (bits[0], bits[1]),
        verdict(difference.accuracy, [after - before for before, after in comparison.paper.values()]),
    )


def verdict(ours: Fact, paper: Sequence[float]) -> str:
    """Compare directions: ours counts only where its interval is clear of zero, the paper's where its sets agree."""
    if ours.low is None or ours.high is None or ours.low <= 0 <= ours.high:
        return "not decided: our interval holds zero"
    ups = sum(value > 0 for value in paper)
    if 0 < ups < len(paper):
        return f"{'up' if ours.value > 0 else 'down'} here; the paper's sets disagree among themselves"
    return "the same direction" if (ups > 0) == (ours.value > 0) else "the opposite direction"
