from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mathmill.evaluate.config import EvaluateConfig, LikelihoodConfig, PageConfig, ProgramsConfig
from mathmill.evaluate.grade import Judge
from mathmill.evaluate.item import Item
from mathmill.evaluate.outputs import SAMPLE, headline
from mathmill.evaluate.programs import (
    OUTPUT,
    Trace,
    blocks,
    joined,
    program_of_thought,
    shown,
    summarise,
    tool_integrated,
)
from mathmill.evaluate.prompts import Prompter, form_of
from mathmill.evaluate.run import evaluate
from mathmill.evaluate.sources import read_sets
from mathmill.reward.config import SandboxConfig, VerifierConfig
from mathmill.reward.sandbox.pool import Result, Sandbox
from mathmill.rl.rollout import Completion
from mathmill.workflow.files import write_jsonl, write_parquet

SMALL = SandboxConfig(preload=["math", "fractions"], packages=[], warm_up="", cpu_seconds=1.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SMALL, workers=1) as sandbox:
        yield sandbox


class Script:
    """A generator that says what it was told to, one line of the script a round, and keeps what it was asked."""

    def __init__(self, *rounds: list[str]) -> None:
        self.rounds = list(rounds)
        self.asked: list[list[str]] = []

    def __call__(self, prompts: Sequence[str]) -> list[Completion]:
        self.asked.append(list(prompts))
        texts = self.rounds.pop(0)
        assert len(texts) == len(prompts)
        # As real generation does: what follows the string on which it stops is never seen.
        return [Completion(text.partition(OUTPUT)[0], len(text), True) for text in texts]


def test_blocks() -> None:
    text = "a\n```python\nx = 1\n```\n```output\n1\n```\nb\n```py\nprint(x)\n```\nc ```python\nprint(2)"
    assert blocks(text) == ["x = 1", "print(x)", "print(2)"]
    assert blocks("```\nprint(3)\n```") == ["print(3)"]
    assert blocks("```output\nprint(1)\n```") == blocks("```python\n\n```") == blocks("no program") == []


def test_only_the_last_block_prints(sandbox: Sandbox) -> None:
    parts = ["x = 5\nprint('first')\ndef f(n): return n + x", "print('second'); y = f(2)", "print(y * x)"]
    (result,) = sandbox.run([joined(parts)])
    assert (result.status, result.stdout) == ("ok", "35\n")
    assert joined(["print(1)"]) == "print(1)"


def test_what_a_model_is_shown() -> None:
    assert shown(Result("ok", "42\n", "", 0.0), 50) == "42"
    assert shown(Result("ok", "a" * 60 + "b" * 60, "", 0.0), 50) == "a" * 50 + "..." + "b" * 50
    failed = Result("error", "", "Traceback\nZeroDivisionError: division by zero\n", 0.0)
    assert shown(failed, 50) == "Runtime errors: ZeroDivisionError: division by zero"


def test_program_of_thought(sandbox: Sandbox) -> None:
    script = Script(
        [
            "```python\nprint('working')\nprint(6 * 7)\n```",
            "```python\nprint(1/0)\n```",
            "```python\nwhile True: pass",
            "I do not know",
            "```python\nfrom fractions import Fraction\nprint(Fraction(1, 2) + Fraction(1, 3))\n```",
        ]
    )
    answers = ["42", "0", "1", "2", "\\frac{5}{6}"]
    items = [Item(str(i), "sums", 1, "en", "q", "", answer) for i, answer in enumerate(answers)]
    traces = program_of_thought(["q"] * 5, script, sandbox, "")
    assert [trace.printed for trace in traces] == ["42", None, None, None, "5/6"]
    figures, verdicts = summarise("pot", items, traces, Judge(VerifierConfig()), 0.95)
    assert figures["strict"]["correct"] == figures["program"]["correct"] == 2
    assert figures["endings"] == {"cpu": 1, "error": 1, "none": 1, "ok": 2}
    assert figures["outcomes"]["strict"] == "10001"
    assert [verdict.where for verdict in verdicts] == ["program", "none", "none", "none", "program"]


def test_the_opening_belongs_to_the_program(sandbox: Sandbox) -> None:
    script = Script(["print(5)\n```"])
    (trace,) = program_of_thought(["Q:"], script, sandbox, " ```python\n")
    assert script.asked == [["Q: ```python\n"]]
    assert (trace.completion.text, trace.printed) == (" ```python\nprint(5)\n```", "5")


def test_tool_integrated(sandbox: Sandbox) -> None:
    script = Script(
        [
            " Let us see.\n```python\nprint(6 * 7)\n```\n```output\n999\n```\nnever seen",
            " It is \\boxed{3}.",
            " Try\n```python\nprint(unknown)\n```\n",
        ],
        ["So it is \\boxed{42}.", "It failed, so \\boxed{7}."],
    )
    items = [Item(str(i), "sums", 1, "en", "q", "", answer) for i, answer in enumerate(["42", "3", "7"])]
    traces = tool_integrated(["A:", "B:", "C:"], script, sandbox, ProgramsConfig(), "")
    told = " Let us see.\n```python\nprint(6 * 7)\n```\n```output\n42\n```\n"
    assert script.asked[1][0] == "A:" + told
    assert "Runtime errors: NameError: name 'unknown' is not defined" in script.asked[1][1]
    assert traces[0].completion.text == told + "So it is \\boxed{42}."
    assert traces[1] == Trace(Completion(" It is \\boxed{3}.", 17, True), None)
    figures, _ = summarise("tir", items, traces, Judge(VerifierConfig()), 0.95)
    assert figures["outcomes"]["strict"] == "111"
    assert figures["program"]["correct"] == 1
    assert figures["endings"] == {"error": 1, "none": 1, "ok": 1}


@pytest.mark.parametrize(("rounds", "asked", "last"), [(1, 2, "30"), (2, 3, "31"), (5, 3, "31")])
def test_rounds_are_limited_and_blocks_accumulate(rounds: int, asked: int, last: str, sandbox: Sandbox) -> None:
    script = Script(
        ["```python\nx = 30\nprint(x)\n```\n```output"],
        ["more:\n```python\nprint(x + 1)\n```\n```output"],
        ["\\boxed{31}"],
    )
    (trace,) = tool_integrated(["q"], script, sandbox, ProgramsConfig(rounds=rounds), "")
    assert len(script.asked) == asked
    assert trace.printed == last


def test_a_long_output_is_shown_in_part_and_counted_in_whole(sandbox: Sandbox) -> None:
    script = Script(["```python\nprint('x' * 200)\nprint(9)\n```\n"], ["\\boxed{9}"])
    (trace,) = tool_integrated(["q"], script, sandbox, ProgramsConfig(), "")
    assert trace.printed == "9"
    assert "x" * 50 + "..." in script.asked[1][0]
    assert "x" * 51 not in script.asked[1][0]


def test_shots_are_of_the_form() -> None:
    solutions = {"cot": "so 5", "pot": "```python\nprint(5)\n```", "tir": "```python\nprint(5)\n```\n```output\n5\n```"}
    assert {form: form_of(text) for form, text in solutions.items()} == {form: form for form in solutions}
    pool = [Item(f"{form}{i}", "s", 1, "en", f"{form} q", solutions[form], "5") for form in solutions for i in range(4)]
    prompter = Prompter(False, PageConfig(shots=2), {}, pool)
    for form in solutions:
        assert prompter.prompt(Item("x", "s", 1, "en", "asked", "", "5"), form).count(f"{form} q") == 2
    assert prompter.stops("pot") == ("Question: ", "例题：")
    chat = Prompter(True, PageConfig(), {"tir_en": " By program."})
    assert chat.prompt(pool[0], "tir").startswith("User: cot q By program.")


@contextmanager
def progress(total: int, label: str) -> Iterator[Any]:
    yield SimpleNamespace(update=lambda count=1: None)


def test_a_real_model_calls_a_program(chat_model: Path, training_file: Path, tmp_path: Path) -> None:
    """A tiny model that has learnt one tool-integrated answer by heart gives it through the sandbox."""
    from mathmill.training.model import load, load_tokenizer, save
    from mathmill.training.template import prompt

    question = "What is 6 times 7?"
    tool = "Compute.\n```python\nprint(6 * 7)\n```\n```output\n42\n```\nIt is \\boxed{42}."
    tokenizer: Any = load_tokenizer(chat_model)
    model: Any = load(chat_model).train()
    text = prompt(question) + f" {tool}" + tokenizer.eos_token
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(300):
        loss = model(input_ids=ids, labels=ids).loss
        if loss < 0.02:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    save(model.eval(), tokenizer, tmp_path / "learnt")
    write_jsonl(tmp_path / "set.jsonl", [{"question": question, "answer": "42"}])
    config = EvaluateConfig(
        max_new_tokens=96,
        likelihood=LikelihoodConfig(items=0),
        programs=ProgramsConfig(formats=["tir", "pot"]),
        sandbox=SMALL,
    )
    report, rows = evaluate(
        "learnt",
        tmp_path / "learnt",
        read_sets([tmp_path / "set.jsonl"], {}, config),
        training_file,
        config,
        scratch=tmp_path / "scratch",
        device=torch.device("cpu"),
        batch_rows=8,
        progress=progress,
    )
    programs = report["benchmarks"]["set"]["programs"]
    assert programs["tir"]["strict"]["value"] == programs["tir"]["program"]["value"] == 1.0
    assert programs["tir"]["endings"] == programs["pot"]["endings"] == {"ok": 1}
    row = next(row for row in rows if row["form"] == "tir")
    assert row["text"].strip() == tool
    metrics = headline(report)
    assert metrics["set/tir/accuracy"] == metrics["set/tir/program_accuracy"] == metrics["set/pot/accuracy"] == 1.0
    write_parquet(tmp_path / "samples.parquet", rows, SAMPLE())
