"""miniF2F: statements, prompts, and a stand-in for a prover."""

import sys
import time
from pathlib import Path

import pytest

from mathmill.evaluate.config import ProverConfig
from mathmill.evaluate.proofs import proved, summarise_proofs
from mathmill.evaluate.tasks.minif2f import STOP, Statement, prompt, read_statement, theory
from mathmill.rl.rollout import Completion
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl

HEADER = "theory t imports Complex_Main\nbegin"
STATEMENT = Statement("t", HEADER, 'theorem t: "1 + 1 = (2::nat)"', "Show that 1 + 1 is 2.", "Count.")
PROVER = """
import pathlib, sys, time
text = pathlib.Path(sys.argv[1]).read_text()
assert sys.argv[1].endswith("/t.thy") and text.startswith("theory t imports") and text.endswith("end\\n")
if "slow" in text:
    time.sleep(60)
sys.exit(0 if "by simp" in text else 1)
"""


@pytest.fixture
def prover(tmp_path: Path) -> ProverConfig:
    script = tmp_path / "prover.py"
    script.write_text(PROVER)
    return ProverConfig(command=f"{sys.executable} {script} {{file}}", seconds=5.0)


def answers(*texts: str) -> list[Completion]:
    return [Completion(text, 5, True) for text in texts]


def test_without_a_prover_nothing_is_claimed() -> None:
    found = summarise_proofs([STATEMENT], answers("by simp"), ProverConfig(), 0.95)
    assert (found["status"], found["proved"], found["outcomes"]) == ("not checked", None, None)


def test_a_prover_decides(prover: ProverConfig) -> None:
    given = answers("by simp", "by magic", "  by simp\n\nInformal:\nanother", "sorry (* by simp *)")
    found = summarise_proofs([STATEMENT] * 4, given, prover, 0.95)
    assert (found["status"], found["outcomes"]) == ("checked", "1010")  # what leaves a gap is no proof
    assert found["proved"]["correct"] == 2
    assert found["proved"]["low"] < 0.5 < found["proved"]["high"]


def test_a_slow_check_is_ended(prover: ProverConfig) -> None:
    started = time.monotonic()
    assert not proved(theory(STATEMENT, "by simp (* slow *)"), "t", ProverConfig(prover.command, seconds=1.0))
    assert time.monotonic() - started < 30


def test_a_missing_prover_is_named() -> None:
    with pytest.raises(UserError, match=r"evaluate\.prover\.command = no_such_prover"):
        proved("x", "t", ProverConfig("no_such_prover {file}"))


def test_theory() -> None:
    text = theory(STATEMENT, "by simp\nInformal: next")
    assert text == f"{HEADER}\n\n{STATEMENT.formal}\nby simp\n\nend\n"


def test_shots() -> None:
    other = Statement("mathd_numbertheory_1", HEADER, STATEMENT.formal, STATEMENT.informal, STATEMENT.proof)
    assert prompt(STATEMENT).count("Informal:") == 6 + 1
    assert prompt(other).count("Informal:") == 7 + 1
    assert prompt(other).endswith(f"Formal:\n{STATEMENT.formal}\n")
    assert STOP == ("\nInformal:",)


@pytest.mark.parametrize("file", ["minif2f_validation.jsonl", "minif2f_test.jsonl"])
def test_real_statements(shared_data: Path, file: str) -> None:
    statements = [read_statement(row, file) for row in read_jsonl(shared_data / "benchmarks" / file)]
    assert len({statement.name for statement in statements}) == 244
    for statement in statements:
        assert "\nbegin" in statement.header
        assert statement.formal.startswith("theorem")


def test_bad_rows_are_named() -> None:
    row = {"problem_name": "t", "formal_statement": "x", "informal_statement": "y", "header": " "}
    with pytest.raises(UserError, match="set, statement 3: no header, no informal_proof"):
        read_statement(row, "set, statement 3")
