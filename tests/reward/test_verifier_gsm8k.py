"""The verifier on every reference solution of GSM8K, against the rule of its authors."""

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from mathmill.reward.verifier import verify

_AUTHORS = re.compile(r"#### (\-?[0-9\.\,]+)")  # grade-school-math, dataset.py


@pytest.mark.parametrize(("name", "items"), [("gsm8k_test", 1319), ("gsm8k_train", 7473)])
def test_agrees_with_the_authors_rule_everywhere(name: str, items: int, shared_data: Path) -> None:
    with open(shared_data / "benchmarks" / f"{name}.jsonl", encoding="utf-8") as file:
        texts = [json.loads(line)["answer"] for line in file]
    assert len(texts) == items
    for text in texts:
        found = _AUTHORS.search(text)
        assert found is not None
        gold = found.group(1).replace(",", "")
        verdict = verify(text, gold, mode="lenient")
        assert verdict.correct, (text[-80:], verdict)
        assert verdict.where == "hash"
        assert not verify(text, str(Fraction(gold) + 1), mode="lenient").correct
        assert not verify(text, gold).correct, "strict reads boxes only"
        assert verify(text[: found.start()] + f"So it is $\\boxed{{{found.group(1)}}}$.", gold).correct
