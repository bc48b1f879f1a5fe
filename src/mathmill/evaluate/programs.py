"""Answers with programs (paper 4 and 8): program of thought, and reasoning that calls a program and goes on.

Program of thought: the model writes one program, the sandbox runs it, the last line that it prints is the answer.
Tool-integrated (8.4): generation stops where the model asks for an output; the program's blocks so far are run, what
the last one prints is put behind, and generation goes on, for a fixed number of rounds; the boxed answer counts, and
that of the last output is reported beside it.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from mathmill.evaluate.config import ProgramsConfig
from mathmill.evaluate.grade import Graded, Judge, summarise_greedy
from mathmill.evaluate.item import Item
from mathmill.evaluate.stats import wilson
from mathmill.reward.sandbox.pool import Result
from mathmill.rl.rollout import Completion

OUTPUT = "```output"  # the model asks for an output by this string, on which generation stops
_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(\n```|\Z)", re.DOTALL)
_OUTPUT_BLOCK = re.compile(r"```output[ \t]*\n.*?(?:\n```|\Z)", re.DOTALL)

Generate = Callable[[Sequence[str]], list[Completion]]


class Runner(Protocol):
    """What runs programs: `reward.sandbox.pool.Sandbox`."""

    def run(self, programs: Sequence[str]) -> list[Result]:
        """The result of every program, in order."""


@dataclass(frozen=True)
class Trace:
    """One answer with programs.

    completion: all of its text, the outputs among it; its tokens are those that the model wrote. result: what came of
    the last program, None without one.
    """

    completion: Completion
    result: Result | None

    @property
    def printed(self) -> str | None:
        """The last line that the last program printed; None where it failed or printed nothing."""
        if self.result is None or self.result.status != "ok":
            return None
        lines = self.result.stdout.strip().splitlines()
        return lines[-1].strip() if lines else None


def blocks(text: str) -> list[str]:
    """The program blocks of an answer in order, an unclosed one at the end included; output blocks are left out."""
    return [match.group(1) for match in _BLOCK.finditer(_OUTPUT_BLOCK.sub("\n", text)) if match.group(1).strip()]


def joined(parts: Sequence[str]) -> str:
    """One program of all blocks so far, of which only the last one prints (paper 8.4)."""
    *earlier, last = parts
    if not earlier:
        return last
    quiet = "".join(f"    exec(compile({part!r}, '<program>', 'exec'))\n" for part in earlier)
    return (
        "import contextlib as _contextlib, io as _io\n"
        f"with _contextlib.redirect_stdout(_io.StringIO()):\n{quiet}"
        f"exec(compile({last!r}, '<program>', 'exec'))\n"
    )


def shown(result: Result, ends: int) -> str:
    """What the model sees of a result: its output or its error, the first and the last `ends` characters of either.

    The paper cuts an error by tokens; here both are cut by characters, which no tokenizer changes.
    """
    text = result.stdout.strip() if result.status == "ok" else f"Runtime errors: {result.error}"
    return text if len(text) <= 2 * ends else f"{text[:ends]}...{text[-ends:]}"


def program_of_thought(
    prompts: Sequence[str],
    generate: Generate,
    sandbox: Runner,
    opening: str,
    program: Callable[[str], str | None] | None = None,
) -> list[Trace]:
    """One program for each prompt, run. opening: what stands behind every prompt and belongs to the answer.

    program: finds the program of an answer (see tasks.task.Shots); without it the fenced blocks are the program.
    """
    completions = [_behind(opening, one) for one in generate([prompt + opening for prompt in prompts])]
    if program is None:
        return _run(completions, [blocks(one.text) for one in completions], sandbox)
    found = [program(one.text) for one in completions]
    return _run(completions, [[one] if one else [] for one in found], sandbox)


def tool_integrated(
    prompts: Sequence[str], generate: Generate, sandbox: Runner, config: ProgramsConfig, opening: str
) -> list[Trace]:
    """Answers that call programs. generate must stop at OUTPUT and leave it out."""
    first = generate([prompt + opening for prompt in prompts])
    traces = [Trace(_behind(opening, completion), None) for completion in first]
    for _ in range(config.rounds):
        asking = [i for i, trace in enumerate(traces) if _asks(trace.completion.text)]
        if not asking:
            break
        texts = [traces[i].completion for i in asking]
        ran = _run(texts, [blocks(text.text) for text in texts], sandbox)
        told = []
        for i, trace in zip(asking, ran, strict=True):
            assert trace.result is not None
            text = f"{trace.completion.text.rstrip()}\n{OUTPUT}\n{shown(trace.result, config.shown)}\n```\n"
            told.append(text)
            traces[i] = trace
        continued = generate([prompts[i] + text for i, text in zip(asking, told, strict=True)])
        for i, text, more in zip(asking, told, continued, strict=True):
            whole = Completion(text + more.text, traces[i].completion.tokens + more.tokens, more.finished)
            traces[i] = Trace(whole, traces[i].result)
    return traces


def _asks(text: str) -> bool:
    """Whether an answer ends with a program whose output is wanted."""
    return text.rstrip().endswith("```") and not _ends_with_output(text) and bool(blocks(text))


def _ends_with_output(text: str) -> bool:
    last = None
    for match in _OUTPUT_BLOCK.finditer(text):
        last = match
    return last is not None and last.end() >= len(text.rstrip())


def _behind(opening: str, completion: Completion) -> Completion:
    return Completion(opening + completion.text, completion.tokens, completion.finished)


def _run(completions: Sequence[Completion], parts: Sequence[list[str]], sandbox: Runner) -> list[Trace]:
    there = [i for i, found in enumerate(parts) if found]
    results = dict(zip(there, sandbox.run([joined(parts[i]) for i in there]), strict=True))
    return [Trace(completion, results.get(i)) for i, completion in enumerate(completions)]


def summarise(
    form: str, items: Sequence[Item], traces: Sequence[Trace], judge: Judge, confidence: float
) -> tuple[dict[str, Any], list[Graded]]:
    """(the figures of one form, its verdicts): for tir of the final text, and `program` of the last output alone."""
    pairs = list(zip(items, traces, strict=True))
    programs = [judge.grade_printed(item, trace.completion, trace.printed) for item, trace in pairs]
    verdicts = programs
    if form == "tir":
        verdicts = [judge.grade(item, trace.completion) for item, trace in pairs]
    figures = summarise_greedy(items, verdicts, confidence)
    right = sum(verdict.strict for verdict in programs)
    figures["program"] = {"correct": right, **asdict(wilson(right, len(items), confidence))}
    figures["endings"] = dict(sorted(Counter(t.result.status if t.result else "none" for t in traces).items()))
    return figures, verdicts
