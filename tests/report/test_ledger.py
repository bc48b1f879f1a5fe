"""The ledger of claims: verdicts by the interval, and no row without a run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mathmill.compare.table import COMPARISONS
from mathmill.report.claims import CLAIMS, Claim, Items, Overlap, Seeds
from mathmill.report.config import ReportConfig
from mathmill.report.facts import Sources
from mathmill.report.ledger import HOLDS, NOT_RUN, NOT_TESTED, OPEN, OPPOSITE, judge, ledger
from mathmill.report.page_claims import claims_section, to_markdown
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, write_json
from mathmill.workflow.graph import node

CONFIG = ReportConfig(resamples=500)
CLAIM = Claim("C12", "code first", "5.1.1", "pretrain", (Seeds("code_first", "code_math-general_math", "solution"),))


def comparison(low: float, high: float, better: str = "lower") -> dict[str, Any]:
    """A comparison of two seeds whose difference has this interval."""
    arms = {
        name: {"runs": {"0": [f"{name}-a", f"{name}-b"], "1": [f"{name}-c"]}, "values": {}}
        for name in ("general_math", "code_math")
    }
    pair = {"pair": "code_math-general_math", "before": "general_math", "after": "code_math", "metric": "solution"}
    pair |= {
        "title": "code",
        "better": better,
        "seeds": [0, 1],
        "difference": (low + high) / 2,
        "low": low,
        "high": high,
    }
    return {"arms": arms, "pairs": [pair], "metrics": {"solution": {"title": "bits", "better": better}}}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    write_json(tmp_path / "reports/comparisons/code_first.json", comparison(-0.2, -0.1))
    return Sources(tmp_path, {"comparisons": tmp_path / "reports/comparisons"})


@pytest.mark.parametrize(
    ("low", "high", "better", "expect", "verdict"),
    [
        (-2, -1, "lower", "better", HOLDS),
        (1, 2, "lower", "better", OPPOSITE),
        (-1, 1, "lower", "better", OPEN),
        (1, 2, "higher", "better", HOLDS),
        (-2, -1, "higher", "better", OPPOSITE),
        (1, 2, "lower", "worse", HOLDS),
        (-2, -1, "lower", "worse", OPPOSITE),
        (-2, -1, "lower", "no better", OPPOSITE),
        (1, 2, "lower", "no better", HOLDS),
        (-1, 1, "higher", "no better", OPEN),
        (0, 1, "higher", "better", OPEN),
        (None, None, "higher", "better", OPEN),
    ],
)
def test_the_verdict_is_the_interval_s(low: Any, high: Any, better: str, expect: str, verdict: str) -> None:
    assert judge(low, high, better, expect) == verdict


def test_a_row_carries_effect_interval_seeds_and_runs(sources: Sources) -> None:
    (row,) = ledger(sources, CONFIG, [CLAIM])
    (finding,) = row.findings
    assert row.verdict == HOLDS
    assert (finding.effect, finding.low, finding.high, finding.seeds) == (pytest.approx(-0.15), -0.2, -0.1, 2)
    assert set(finding.runs) == {f"{arm}-{run}" for arm in ("general_math", "code_math") for run in "abc"}
    assert finding.source == "reports/comparisons/code_first.json"


def test_all_evidence_of_a_row_must_agree(sources: Sources) -> None:
    content = comparison(-0.2, -0.1)
    content["pairs"].append({**content["pairs"][0], "metric": "program", "low": 0.1, "high": 0.2})
    content["metrics"]["program"] = {"title": "programs", "better": "lower"}
    write_json(sources.path("comparisons") / "code_first.json", content)
    both = (*CLAIM.evidence, Seeds("code_first", "code_math-general_math", "program"))
    (row,) = ledger(sources, CONFIG, [Claim("C15", "both", "5.1.1", "pretrain", both)])
    assert row.verdict == OPPOSITE
    assert [finding.verdict for finding in row.findings] == [HOLDS, OPPOSITE]


def test_without_its_run_a_row_is_an_error(sources: Sources) -> None:
    content = comparison(-0.2, -0.1)
    content["arms"]["code_math"]["runs"]["1"] = []
    write_json(sources.path("comparisons") / "code_first.json", content)
    with pytest.raises(UserError, match=r"C12: .*code_first.json names no run for code_math, seed 1"):
        ledger(sources, CONFIG, [CLAIM])


def test_a_comparison_that_does_not_hold_the_pair_is_an_error(sources: Sources) -> None:
    write_json(sources.path("comparisons") / "code_first.json", {**comparison(0, 1), "pairs": []})
    with pytest.raises(UserError, match=r"C12: .* has no pair code_math-general_math"):
        ledger(sources, CONFIG, [CLAIM])


def test_what_was_not_run_says_the_command(tmp_path: Path) -> None:
    rows = ledger(Sources(tmp_path, {}), CONFIG)
    assert [row.claim.name for row in rows] == [f"C{number}" for number in range(1, 33)]
    for row in rows:
        assert row.verdict in (NOT_RUN, NOT_TESTED)
        assert row.reason
        assert row.findings == ()


def test_every_claim_names_what_exists() -> None:
    for claim in CLAIMS:
        assert bool(claim.evidence) != bool(claim.reason)
        for evidence in claim.evidence:
            if isinstance(evidence, Seeds):
                one = COMPARISONS[evidence.comparison]
                assert evidence.pair in {pair.name for pair in one.pairs}
                assert evidence.metric in {metric.name for metric in one.metrics}
            elif isinstance(evidence, Items):
                assert {f"evaluate/{evidence.before}", f"evaluate/{evidence.after}"} <= set(node("report").inputs)


def test_rows_of_the_graph_s_own_reports(project: Path, tmp_path: Path) -> None:
    """Paired problems and shares of pages, on the invented chain of this folder."""
    project = Path(shutil.copytree(project, tmp_path / "copy"))
    rounds = [{"round": k, "pages": 400, "overlap_pages": share} for k, share in enumerate((None, 0.6, 0.7, 0.95), 1)]
    write_json(project / "reports/corpus.json", {"rounds": rounds})
    paths = {label: project / path for label, path in node("report").inputs.items()}
    claims = [
        Claim("C21", "GRPO", "4.2", "rl", (Items("sft", "grpo"),)),
        Claim("C1", "saturates", "2.1", "corpus", (Overlap(),)),
    ]
    tuned, saturated = ledger(Sources(project, paths), CONFIG, claims)
    assert tuned.verdict == saturated.verdict == HOLDS
    assert set(tuned.findings[0].reports) == {"reports/evaluate/sft.json", "reports/evaluate/grpo.json"}
    # 0.95 - 0.70 +- 1.96 sqrt(0.95 * 0.05 / 400 + 0.7 * 0.3 / 400)
    assert saturated.findings[0].low == pytest.approx(0.25 - 0.049729, abs=1e-5)
    shutil.rmtree(project / "reports/evaluate")
    (row,) = ledger(Sources(project, paths), CONFIG, claims[:1])
    assert (row.verdict, row.reason) == (NOT_RUN, "dvc repro evaluate@sft")


def test_the_page_and_the_markdown_show_every_row(sources: Sources) -> None:
    others = [one for one in CLAIMS if "code_first" not in {getattr(part, "comparison", "") for part in one.evidence}]
    rows = ledger(sources, CONFIG, [CLAIM, *others])
    page = "".join(claims_section(rows, CONFIG))
    text = to_markdown(rows)
    for claim in (CLAIM, *others):
        assert f"| {claim.name} |" in text
        assert f'<th scope="row">{claim.name}</th>' in page
    assert "attributes.run_id%20IN" in page
    assert "make compare name=arxiv" in page


def test_the_committed_ledger_is_that_of_the_committed_comparisons(project_root: Path) -> None:
    """Remove a comparison or a run from it, and this fails until the report is made again."""
    path = project_root / "reports/claims.json"
    if not path.is_file():
        pytest.skip("no reports/claims.json in this checkout: the report has not been made")
    folder = project_root / "reports/comparisons"
    there = {row["name"]: row for row in read_json(path)}
    ours = [claim for claim in CLAIMS if any(isinstance(one, Seeds) for one in claim.evidence)]
    for row in ledger(Sources(project_root, {"comparisons": folder}), CONFIG, ours):
        assert json.loads(json.dumps(row.as_json())) == there[row.claim.name]
        assert row.verdict == NOT_RUN or all(finding.runs for finding in row.findings)


def test_every_run_behind_the_committed_comparisons_is_needed(project_root: Path, tmp_path: Path) -> None:
    """Take the runs of an arm and a seed out of a copy, one after the other: each time a row breaks, and names them."""
    folder = Path(shutil.copytree(project_root / "reports/comparisons", tmp_path / "comparisons"))
    sources = Sources(tmp_path, {"comparisons": folder})
    ours = [claim for claim in CLAIMS if any(isinstance(one, Seeds) for one in claim.evidence)]
    measured = [row for row in ledger(sources, CONFIG, ours) if row.findings]
    if not measured:
        pytest.skip("no comparison of this checkout is behind a claim yet")
    removed = 0
    for path in sorted(folder.glob("*.json")):
        whole = read_json(path)
        behind = {one.pair for claim in CLAIMS for one in claim.evidence if getattr(one, "comparison", "") == path.stem}
        pairs = [pair for pair in whole["pairs"] if pair["pair"] in behind]
        for name, seed in {
            (pair[side], seed) for pair in pairs for side in ("before", "after") for seed in pair["seeds"]
        }:
            without = json.loads(json.dumps(whole))
            without["arms"][name]["runs"][str(seed)] = []
            write_json(path, without)
            with pytest.raises(UserError, match=rf"names no run for {name}, seed {seed}"):
                ledger(sources, CONFIG, ours)
            removed += 1
        write_json(path, whole)
    assert removed >= 2 * len(measured)
