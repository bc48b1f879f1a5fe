"""All facts of the report, read once; what was not run here is None or left out."""

from dataclasses import dataclass, field, replace
from typing import Any

from mathmill.report import maj_pass, reward_models
from mathmill.report.config import ReportConfig
from mathmill.report.corpus import Corpus, read_corpus
from mathmill.report.curves import (
    Curve,
    Pretraining,
    Reinforcement,
    read_pretraining,
    read_reinforcement,
    series,
)
from mathmill.report.facts import Fact, Sources
from mathmill.report.models import Ablation, Baseline, Difference, Model, ablations, compare, read_baselines, read_model
from mathmill.report.over_seeds import OverSeeds, read_comparisons
from mathmill.report.paper import ABLATIONS
from mathmill.workflow.errors import UserError

ABLATION_MODELS = {name for one in ABLATIONS for name in (one.without, one.with_)}


@dataclass(frozen=True)
class Facts:
    """What the page and the summary are written from.

    main: the models of the main chain in its order; differences: neighbours of that chain, paired. gains: a
    model tuned further -> its differences in Maj@K and Pass@K (see maj_pass). reward_models: by kind. over_seeds:
    comparisons in the order of the paper.
    """

    corpus: Corpus | None
    pretraining: list[Pretraining]
    sft: Curve | None
    reinforcement: list[Reinforcement]
    models: dict[str, Model]
    main: list[str]
    baselines: dict[str, Baseline]
    differences: list[Difference]
    ablations: list[Ablation]
    missing: list[str] = field(default_factory=list)
    gains: dict[str, dict[str, dict[int, Fact]]] = field(default_factory=dict)
    reward_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    over_seeds: list[OverSeeds] = field(default_factory=list)


def gather(sources: Sources, config: ReportConfig) -> Facts:
    """Read every input; UserError where one is broken or contradicts another."""
    evaluated = sources.items("evaluate")
    if config.benchmark is None and evaluated:
        config = replace(config, benchmark=only_benchmark(sources, evaluated))
    benchmark = str(config.benchmark)
    models = {name: read_model(sources, name, benchmark) for name in evaluated}
    main = [name for name in evaluated if name not in ABLATION_MODELS]
    tuned = [name for name in main if models[name].format == "chat"]
    first = tuned[0] if tuned else (main[0] if main else None)
    return Facts(
        corpus=_corpus(sources, config),
        pretraining=[read_pretraining(sources, run) for run in sources.items("pretrain")],
        sft=_sft(sources),
        reinforcement=[read_reinforcement(sources, method) for method in sources.items("rl")],
        models=models,
        main=main,
        baselines=read_baselines(sources, first, benchmark) if first else {},
        # The first tuned model is the instruction-tuned one; the others are methods of reinforcement learning.
        differences=[compare(sources, tuned[0], name, "strict", config) for name in tuned[1:]],
        ablations=ablations(sources, config),
        gains={name: maj_pass.gains(sources, tuned[0], name, config) for name in tuned[1:]},
        reward_models=reward_models.read_reward_models(sources),
        over_seeds=read_comparisons(sources),
        missing=sorted(label for label in sources.paths if not sources.has(label)),
    )


def only_benchmark(sources: Sources, evaluated: list[str]) -> str:
    """The one benchmark on which every model was evaluated, or `test` among several; UserError where neither holds."""
    common = set.intersection(*(set(sources.json(f"evaluate/{name}")["benchmarks"]) for name in evaluated))
    if len(common) == 1:
        return common.pop()
    if "test" in common:
        return "test"
    raise UserError(
        "the models were evaluated on several benchmarks or on none in common; set report.benchmark to one of "
        + (", ".join(sorted(common)) or "those in reports/evaluate")
    )


def _corpus(sources: Sources, config: ReportConfig) -> Corpus | None:
    if not sources.has("rounds"):
        return None
    return read_corpus(sources, config.pages, config.page_characters, config.confidence)


def _sft(sources: Sources) -> Curve | None:
    if not sources.has("sft"):
        return None
    return series(sources.json("sft").get("history", []), sources.name("sft"), "sft")
