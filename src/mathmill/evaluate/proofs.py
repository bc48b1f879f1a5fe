"""miniF2F: formal statements of Isabelle to be proved, given the informal proof (paper 2.3, Tables 3 and 9).

A base model continues a few-shot prompt with a formal proof, once and greedily (pass@1). Whether a proof holds, only a
prover can say: `evaluate.prover.command` names one that is installed here. Without it proofs are written and kept, and
the figures say "not checked".
"""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mathmill.evaluate.config import ProverConfig
from mathmill.evaluate.stats import wilson
from mathmill.evaluate.tasks.minif2f import Statement, theory
from mathmill.rl.rollout import Completion
from mathmill.workflow.errors import UserError


def proved(text: str, name: str, config: ProverConfig) -> bool:
    """Whether the prover's command accepts a theory: exit status 0 within its time.

    The file is called after the theorem, as Isabelle wants it. A proof that leaves a gap (`sorry`, `oops`) is refused
    here, for not every command fails on it. UserError where the command cannot be started.
    """
    assert config.command is not None
    if any(word in {"sorry", "oops"} for word in text.split()):
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.thy"
        file.write_text(text, encoding="utf-8")
        words = [word.replace("{file}", str(file)) for word in shlex.split(config.command)]
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(f"evaluate.prover.command = {config.command}: {error.strerror or error}") from None
        try:
            return process.wait(timeout=config.seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:  # with its children: a prover starts processes of its own
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def summarise_proofs(
    statements: Sequence[Statement], completions: Sequence[Completion], config: ProverConfig, confidence: float
) -> dict[str, Any]:
    """The figures of one set; `proved` is null and `status` "not checked" without a prover."""
    result: dict[str, Any] = {
        "items": len(statements),
        "truncated": sum(not one.finished for one in completions) / len(completions),
        "status": "not checked",
        "proved": None,
        "outcomes": None,
    }
    if config.command is None:
        return result
    verdicts = [
        proved(theory(statement, completion.text), statement.name, config)
        for statement, completion in zip(statements, completions, strict=True)
    ]
    result["status"] = "checked"
    result["proved"] = {"correct": sum(verdicts), **asdict(wilson(sum(verdicts), len(verdicts), confidence))}
    result["outcomes"] = "".join("01"[verdict] for verdict in verdicts)
    return result


def proof_rows(name: str, statements: Sequence[Statement], completions: Sequence[Completion]) -> list[dict[str, Any]]:
    """The proofs as rows of outputs.SAMPLE; whether they hold stands in the report's outcomes."""
    return [
        {
            "benchmark": name,
            "id": statement.name,
            "family": "minif2f",
            "difficulty": 0,
            "lang": "en",
            "question": statement.formal,
            "answer": "",
            "copy": 0,
            "text": completion.text,
            "tokens": completion.tokens,
            "finished": completion.finished,
            "extracted": None,
            "where": "proof",
            "strict": False,
            "lenient": False,
            "official": None,
            "form": "isabelle",
        }
        for statement, completion in zip(statements, completions, strict=True)
    ]
