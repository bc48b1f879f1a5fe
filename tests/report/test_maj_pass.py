"""Curves of several completions in the report: figure, table of paired differences, nothing invented without them."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mathmill.evaluate.curves import summarise_samples
from mathmill.evaluate.grade import Graded
from mathmill.report.config import ReportConfig
from mathmill.report.draw import draw_all
from mathmill.report.facts import Sources
from mathmill.report.gather import gather
from mathmill.report.page_models import evaluation_section
from mathmill.reward.config import VerifierConfig
from mathmill.rl.rollout import Completion
from mathmill.workflow.files import read_json, write_json


def curves(share: float, spread: int, items: int = 60) -> dict[str, Any]:
    """A model that is right with this chance and errs in so many ways."""
    rng = random.Random(f"{share}/{spread}")

    def one() -> Graded:
        right = rng.random() < share
        text = "1" if right else str(2 + rng.randrange(spread))
        return Graded(Completion(text, 1, True), right, right, text, "boxed")

    groups = [[one() for _ in range(16)] for _ in range(items)]
    return {"temperature": 0.7, "top_p": 1.0, **summarise_samples(groups, VerifierConfig(), 0.95, 0)}


def sample(root: Path, name: str, found: dict[str, Any] | None) -> None:
    path = root / f"reports/evaluate/{name}.json"
    report = read_json(path)
    report["benchmarks"]["test"]["samples"] = found
    write_json(path, report)


@pytest.fixture(autouse=True)
def as_before(sources: Sources) -> Iterator[None]:
    """The project is shared by the tests of this folder: the others have no samples in it."""
    yield
    for name in ("sft", "grpo"):
        sample(sources.root, name, None)


def test_curves_and_paired_gains(sources: Sources, tmp_path: Path) -> None:
    sample(sources.root, "sft", curves(0.3, 2))
    sample(sources.root, "grpo", curves(0.6, 2))
    facts = gather(sources, ReportConfig(resamples=200))
    found = facts.gains["grpo"]
    assert list(found["pass_at"]) == list(found["maj_at"]) == [1, 2, 4, 8, 16]
    assert found["maj_at"][16].value > found["pass_at"][16].value > 0  # the vote gains more than the best of 16
    assert found["pass_at"][1].low is not None
    assert found["pass_at"][1].low > 0.1
    drawn = draw_all(facts, tmp_path / "figures")["evaluation"]
    assert "maj_pass" in [one.stem for one in drawn]
    assert (tmp_path / "figures/maj_pass.csv").read_text().count("\n") == 1 + 2 * 2 * 5
    page = "".join(evaluation_section(facts, drawn))
    assert "grpo minus sft in points" in page
    assert "K = 16" in page


def test_without_samples_there_is_neither(sources: Sources, tmp_path: Path) -> None:
    facts = gather(sources, ReportConfig(resamples=200))
    assert facts.gains["grpo"] == {}
    drawn = draw_all(facts, tmp_path / "figures")["evaluation"]
    assert "maj_pass" not in [one.stem for one in drawn]
    assert "K = 1" not in "".join(evaluation_section(facts, drawn))


def test_models_that_were_sampled_differently_are_not_compared(sources: Sources) -> None:
    sample(sources.root, "sft", curves(0.3, 2))
    sample(sources.root, "grpo", {**curves(0.6, 2), "temperature": 1.0})
    assert gather(sources, ReportConfig(resamples=200)).gains["grpo"] == {}
