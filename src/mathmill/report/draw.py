"""Which figures the report has."""

from pathlib import Path

from mathmill.report import maj_pass, over_seeds, reward_models
from mathmill.report.curves import Curve, Reinforcement, smooth
from mathmill.report.draw_corpus import corpus_figures
from mathmill.report.figures import Drawn, Studio, brief
from mathmill.report.gather import Facts
from mathmill.report.models import SHORT


def draw_all(facts: Facts, folder: Path) -> dict[str, list[Drawn]]:
    """Section of the page -> its figures, written to `folder`."""
    studio = Studio(folder)
    return {
        "corpus": corpus_figures(studio, facts.corpus),
        "pretraining": _pretraining(studio, facts),
        "ablations": _ablations(studio, facts),
        "evaluation": _evaluation(studio, facts),
        "reward": reward_models.draw(studio, facts.reward_models),
        "reinforcement": [drawn for one in facts.reinforcement for drawn in _reinforcement(studio, one)],
        **over_seeds.draw(studio, facts.over_seeds),
    }


def _curve(studio: Studio, stem: str, title: str, curves: list[Curve], column: str, caption: str) -> list[Drawn]:
    data = {curve.name: curve.series[column] for curve in curves if curve.series.get(column)}
    if not data:
        return []
    source = brief([curve.source for curve in curves if curve.name in data])
    return [studio.lines(stem, title, data, x="step", y=column, caption=caption, source=source)]


def _pretraining(studio: Studio, facts: Facts) -> list[Drawn]:
    losses = [one.loss for one in facts.pretraining]
    tuning = [facts.sft] if facts.sft else []
    return [
        *_curve(studio, "pretrain_loss", "Pre-training", losses, "loss", "Training loss by step, each run."),
        *_curve(studio, "sft_loss", "Instruction tuning", tuning, "loss", "Training loss on the answers, by step."),
    ]


def _ablations(studio: Studio, facts: Facts) -> list[Drawn]:
    if not facts.ablations:
        return []
    ours = {one.comparison.title.split(",")[0]: one.difference.accuracy for one in facts.ablations}
    return [
        studio.intervals(
            "ablations",
            "Accuracy with minus without",
            {"ours": ours},
            x="points of accuracy (lenient extraction)",
            caption="Paired difference on the same problems with its interval. The vertical line is no effect.",
            zero=True,
        )
    ]


def _evaluation(studio: Studio, facts: Facts) -> list[Drawn]:
    if not facts.main:
        return []
    accuracy = {name: facts.models[name].headline for name in facts.main}
    baselines = {SHORT[key]: one.overall for key, one in facts.baselines.items()}
    drawn = [
        studio.intervals(
            "accuracy",
            "Held-out accuracy (pass@1, greedy)",
            {"models": accuracy, "baselines": baselines},
            x="percent",
            caption="Held-out problems, with intervals (tuned models: boxed answers); below, no model at all.",
        )
    ]
    tuned = [name for name in facts.main if facts.models[name].format == "chat"]
    for group, title in (("by_family", "family"), ("by_difficulty", "difficulty")):
        if tuned:
            drawn.append(
                studio.intervals(
                    f"accuracy_{group}",
                    f"Accuracy by {title}",
                    {name: facts.models[name].groups[group] for name in tuned},
                    x="percent",
                    caption=f"Held-out accuracy by {title}, with intervals.",
                )
            )
    curves = maj_pass.curves([facts.models[name] for name in tuned])
    if curves:
        drawn.append(
            studio.lines(
                "maj_pass",
                "Maj@K and Pass@K",
                {name: [(float(k), fact.value) for k, fact in points.items()] for name, points in curves.items()},
                x="K",
                y="percent",
                caption="Several completions of each problem (the paper's Figure 7); K is doubled from mark to mark.",
                source=brief([facts.models[name].items.source for name in tuned if facts.models[name].samples]),
                percent=True,
                doubling=True,
                bands={name: [fact.ends for fact in points.values()] for name, points in curves.items()},
            )
        )
    return drawn


def _reinforcement(studio: Studio, one: Reinforcement) -> list[Drawn]:
    columns = one.history.series
    reward = {}
    if columns.get("reward"):
        window = max(1, len(columns["reward"]) // 25)
        reward["reward on training questions"] = smooth(columns["reward"], window)
    for key, label in (("held_out_accuracy", "accuracy on held-out questions"), ("accuracy", "held-out accuracy")):
        if columns.get(key):
            reward[label] = columns[key]
    drawn = []
    if reward:
        drawn.append(
            studio.lines(
                f"rl_{one.method}_reward",
                f"{one.method.upper()}: reward and held-out accuracy",
                reward,
                x="step",
                y="percent",
                caption="What training saw (sampled outputs, running mean) beside what it did not (greedy decoding).",
                source=one.history.source,
                percent=True,
            )
        )
    for key, title in _DIAGNOSTICS.items():
        if columns.get(key):
            drawn.append(
                studio.lines(
                    f"rl_{one.method}_{key}",
                    f"{one.method.upper()}: {title}",
                    {key: columns[key]},
                    x="step",
                    y=key.replace("_", " "),
                    caption=_CAPTIONS[key],
                    source=one.history.source,
                )
            )
    return drawn


_DIAGNOSTICS = {"kl": "KL to the starting model", "entropy": "entropy", "zero_variance": "groups without signal"}
_CAPTIONS = {
    "kl": "The k3 estimate from the outputs drawn: KL[policy || start], of RFT and DPO KL[start || policy].",
    "entropy": "Mean entropy of the next-token distribution over the outputs, in nats.",
    "zero_variance": "Share of groups whose outputs are all right or all wrong: they carry no gradient.",
}
