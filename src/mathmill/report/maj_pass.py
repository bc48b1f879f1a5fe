"""Maj@K and Pass@K before and after reinforcement learning (paper 5.2.2, Figure 7): curves, and paired differences.

The paper's point is in the difference of the two curves: RL lifts the vote more than the best of K.
"""

from html import escape

from mathmill.evaluate.stats import mean_interval, pass_at_k
from mathmill.report import html
from mathmill.report.config import ReportConfig
from mathmill.report.facts import PAPER, Fact, Sources
from mathmill.report.html import percent
from mathmill.report.models import Model, result_of

LABELS = {"pass_at": "Pass@K", "maj_at": "Maj@K"}
# Figure 7, GSM8K: what RL adds at K = 1 and at K = 64, in points.
PAPER_GAINS = {"maj_at": (6.7, 1.5), "pass_at": (6.7, -1.8)}


def curves(models: list[Model]) -> dict[str, dict[int, Fact]]:
    """`model Pass@K` and so on -> K -> share, of the models that were sampled."""
    return {
        f"{model.name} {label}": {int(k): model.samples[curve][k] for k in sorted(model.samples[curve], key=int)}
        for model in models
        for curve, label in LABELS.items()
        if model.samples.get(curve)
    }


def gains(sources: Sources, before: str, after: str, config: ReportConfig) -> dict[str, dict[int, Fact]]:
    """Curve -> K -> `after` minus `before` on the same problems, with a paired bootstrap interval.

    Empty where the two were not sampled alike.
    """
    results = [result_of(sources, name, str(config.benchmark)) for name in (before, after)]
    samples = [result["samples"] for result in results]
    alike = all(one and "per_problem" in one for one in samples) and all(
        samples[0][key] == samples[1][key] for key in ("n", "items", "mode", "temperature", "top_p")
    )
    if not alike or results[0]["items_digest"] != results[1]["items_digest"]:
        return {}
    source = f"{sources.name(f'evaluate/{before}')} + {sources.name(f'evaluate/{after}')}"
    found: dict[str, dict[int, Fact]] = {"pass_at": {}, "maj_at": {}}
    for k in sorted(map(int, samples[0]["pass_at"])):
        passes = [[pass_at_k(one["n"], correct, k) for correct in one["per_problem"]["correct"]] for one in samples]
        votes = [one["per_problem"]["maj_at"][str(k)] for one in samples]
        for curve, (old, new) in (("pass_at", passes), ("maj_at", votes)):
            differences = [b - a for a, b in zip(old, new, strict=True)]
            interval = mean_interval(differences, config.confidence, config.seed)
            found[curve][k] = Fact(interval.value, source, interval.low, interval.high)
    return found


def gains_table(found: dict[str, dict[int, Fact]], before: str, after: str) -> list[str]:
    """The differences as a table, beside what the paper's figure shows; nothing where there are none."""
    if not found:
        return []
    rows = [[f"K = {k}", *(percent(found[curve][k], sign=True) for curve in LABELS)] for k in sorted(found["pass_at"])]
    (maj_one, maj_last), (_, pass_last) = PAPER_GAINS["maj_at"], PAPER_GAINS["pass_at"]
    return [
        html.table(
            ["", *LABELS.values()],
            rows,
            f"{escape(after)} minus {escape(before)} in points, paired on the same problems, bootstrap intervals. In "
            f"the paper (Figure 7, GSM8K, 7B) RL adds {maj_one:+.1f} at K = 1; at K = 64 {maj_last:+.1f} to Maj@K "
            f"and {pass_last:+.1f} to Pass@K ({PAPER}): the vote gains, the best of K does not.",
        )
    ]
