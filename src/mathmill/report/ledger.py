"""The ledger of claims: each finding of the paper with what was measured here, its interval, and the runs behind it.

Verdicts: `holds` where the interval is clear of zero in the claimed direction, `does not hold` where it is clear in the
other, `not decided` where it holds zero; `not run` where runs are missing; `not tested at this scale` with a reason.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mathmill.report.claims import CLAIMS, Claim, Evidence, Items, Overlap, Seeds
from mathmill.report.config import ReportConfig
from mathmill.report.facts import Sources
from mathmill.report.gather import only_benchmark
from mathmill.report.models import compare
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, read_json

HOLDS, OPPOSITE, OPEN = "holds", "does not hold", "not decided"
NOT_RUN, NOT_TESTED = "not run", "not tested at this scale"
_NORMAL = 1.959964  # the 97.5 % point


@dataclass(frozen=True)
class Finding:
    """What one piece of evidence shows: the effect as measured (after minus before) with its interval.

    over: what the interval is over (seeds, problems, pages). runs: ids in MLflow. reports: path -> DVC's md5, by which
    MLflow finds the runs that wrote it (`dataset.digest`).
    """

    metric: str
    effect: float
    low: float | None
    high: float | None
    seeds: int
    over: str
    verdict: str
    source: str
    runs: tuple[str, ...] = ()
    reports: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A line of the ledger."""

    claim: Claim
    verdict: str
    findings: tuple[Finding, ...]
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The row as plain data."""
        one = self.claim
        return {
            "name": one.name,
            "claim": one.text,
            "section": one.section,
            "stage": one.stage,
            "verdict": self.verdict,
            "reason": self.reason,
            "note": one.note,
            "findings": [asdict(finding) | {"runs": list(finding.runs)} for finding in self.findings],
        }


def judge(low: float | None, high: float | None, better: str, expect: str) -> str:
    """The verdict on an interval of `after minus before` in a metric that is better when lower or higher."""
    if low is None or high is None:
        return OPEN
    worst, best = (low, high) if better == "higher" else (-high, -low)  # of the gain
    gained, lost = worst > 0, best < 0
    if expect == "better":
        return HOLDS if gained else OPPOSITE if lost else OPEN
    return HOLDS if lost else OPPOSITE if gained else OPEN


def ledger(sources: Sources, config: ReportConfig, claims: Sequence[Claim] = CLAIMS) -> list[Row]:
    """Every claim with its verdict. UserError where a measured row has no run behind it, or evidence is broken."""
    return [_row(sources, config, claim) for claim in claims]


def _row(sources: Sources, config: ReportConfig, claim: Claim) -> Row:
    if not claim.evidence:
        if not claim.reason:
            raise ValueError(f"{claim.name}: neither evidence nor a reason why there is none")
        return Row(claim, NOT_TESTED, (), claim.reason)
    findings = []
    for evidence in claim.evidence:
        missing = _missing(sources, evidence)
        if missing:
            return Row(claim, NOT_RUN, (), missing)
        finding = _find(sources, config, claim, evidence)
        if not finding.runs and not finding.reports:
            raise UserError(f"claim {claim.name}: {finding.source} names no run behind it; run it again")
        findings.append(finding)
    verdicts = {finding.verdict for finding in findings}
    whole = OPPOSITE if OPPOSITE in verdicts else OPEN if OPEN in verdicts else HOLDS
    return Row(claim, whole, tuple(findings), "")


def _missing(sources: Sources, evidence: Evidence) -> str:
    """The command that makes the evidence, where it is not there."""
    if isinstance(evidence, Seeds):
        there = sources.has("comparisons") and (sources.path("comparisons") / f"{evidence.comparison}.json").is_file()
        return "" if there else f"make compare name={evidence.comparison}"
    if isinstance(evidence, Overlap):
        labels = ["corpus"]
    else:
        labels = [f"evaluate/{name}" for name in (evidence.before, evidence.after)]
    return next((f"dvc repro {label.replace('/', '@')}" for label in labels if not sources.has(label)), "")


def _find(sources: Sources, config: ReportConfig, claim: Claim, evidence: Evidence) -> Finding:
    if isinstance(evidence, Seeds):
        return _over_seeds(sources, claim, evidence)
    if isinstance(evidence, Items):
        return _over_items(sources, config, evidence)
    return _over_pages(sources)


def _over_seeds(sources: Sources, claim: Claim, evidence: Seeds) -> Finding:
    path = sources.path("comparisons") / f"{evidence.comparison}.json"
    name = f"{sources.name('comparisons', f'{evidence.comparison}.json')}"
    facts = read_json(path)
    found = [row for row in facts["pairs"] if (row["pair"], row["metric"]) == (evidence.pair, evidence.metric)]
    if not found:
        raise UserError(f"claim {claim.name}: {name} has no pair {evidence.pair} by {evidence.metric}; run it again")
    (row,) = found
    runs: list[str] = []
    for side in ("before", "after"):
        by_seed = facts["arms"][row[side]]["runs"]
        for seed in row["seeds"]:
            if not by_seed.get(str(seed)):
                raise UserError(f"claim {claim.name}: {name} names no run for {row[side]}, seed {seed}; run it again")
            runs += by_seed[str(seed)]
    return Finding(
        f"{row['title']}: {facts['metrics'][row['metric']]['title']}",
        row["difference"],
        row["low"],
        row["high"],
        len(row["seeds"]),
        "seeds",
        judge(row["low"], row["high"], row["better"], evidence.expect),
        name,
        tuple(sorted(set(runs))),
    )


def _over_items(sources: Sources, config: ReportConfig, evidence: Items) -> Finding:
    names = [evidence.before, evidence.after]
    config = replace(config, benchmark=config.benchmark or only_benchmark(sources, names))
    difference = compare(sources, evidence.before, evidence.after, "strict", config)
    fact = difference.accuracy
    labels = [f"evaluate/{name}" for name in names]
    return Finding(
        f"accuracy of {evidence.after} minus {evidence.before}, boxed answers",
        round(fact.value, 6),
        None if fact.low is None else round(fact.low, 6),
        None if fact.high is None else round(fact.high, 6),
        1,
        "problems",
        judge(fact.low, fact.high, "higher", evidence.expect),
        fact.source,
        reports={sources.name(label): digest(sources.path(label)) for label in labels},
    )


def _over_pages(sources: Sources) -> Finding:
    """The growth of the overlap from the round before the last to the last, two shares of different pages."""
    rounds = [one for one in (sources.json("corpus").get("rounds") or []) if one.get("overlap_pages") is not None]
    name = sources.name("corpus")
    reports = {name: digest(sources.path("corpus"))}
    metric = "share of a round's pages that the round before had"
    if len(rounds) < 2:
        return Finding(metric, 0.0, None, None, 1, "pages", OPEN, name, reports=reports)
    before, after = rounds[-2:]
    effect = after["overlap_pages"] - before["overlap_pages"]
    spread = _NORMAL * math.sqrt(
        sum(one["overlap_pages"] * (1 - one["overlap_pages"]) / one["pages"] for one in (before, after))
    )
    low, high = effect - spread, effect + spread
    return Finding(
        f"{metric}: {after['overlap_pages']:.3f} in round {after['round']}, {before['overlap_pages']:.3f} before it",
        round(effect, 6), round(low, 6), round(high, 6), 1, "pages", judge(low, high, "higher", "better"), name,
        reports=reports,
    )  # fmt: skip
