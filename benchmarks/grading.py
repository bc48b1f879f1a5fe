"""How the two graders judge the paper's benchmarks: expected answers against themselves, and against wrong ones.

    python benchmarks/grading.py ../shared/data/benchmarks

Every expected answer is boxed and graded (it must be right), then changed: off by one, the sign flipped, another letter
(it must be wrong). A table for docs/results.md is printed, and every case that was judged otherwise.
"""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.grade import Judge
from mathmill.evaluate.item import Item
from mathmill.evaluate.sources import read_benchmark
from mathmill.evaluate.tasks.registry import TASKS
from mathmill.evaluate.tasks.task import Task
from mathmill.reward.config import VerifierConfig
from mathmill.rl.rollout import Completion

FILES = {
    "gsm8k": "gsm8k_test.jsonl",
    "math": "math_test.jsonl",
    "ocw": "ocw_test.jsonl",
    "sat": "sat_test.jsonl",
    "mmlu_stem": "mmlu_stem_test.jsonl",
    "cmath": "cmath_test.jsonl",
    "gaokao_mathcloze": "gaokao_mathcloze.jsonl",
    "gaokao_mathqa": "gaokao_mathqa.jsonl",
    "mgsm_zh": "mgsm_zh.jsonl",
}
_NUMBER = re.compile(r"([+-]?)(\d[\d,]*)((?:\.\d+)?)(.*)", re.DOTALL)
GRADERS = ("strict", "official")
Case = tuple[str, str]  # expected answer, what was given


@dataclass
class Verdicts:
    """What a grader said about one benchmark: golds that it refused, and wrong answers that it took."""

    items: int = 0
    changed: int = 0
    refused: dict[str, list[str]] = field(default_factory=lambda: {grader: [] for grader in GRADERS})
    accepted: dict[str, list[Case]] = field(default_factory=lambda: {grader: [] for grader in GRADERS})


def wrong_answers(task: Task, answer: str) -> Iterator[str]:
    """Answers that are not the expected one."""
    if task.name in ("sat", "mmlu_stem", "gaokao_mathqa"):
        yield from (letter for letter in "ABCD" if letter != answer)
        return
    *first, last = answer.split(";")
    for changed in _changed(last.strip().strip("$")):
        yield ";".join([*first, changed])


def _changed(answer: str) -> Iterator[str]:
    number = _NUMBER.fullmatch(answer)
    if number:
        sign, whole, decimals, rest = number.groups()
        value = int(sign + whole.replace(",", ""))
        beyond = "-" if value < 0 or sign == "-" else ""
        yield f"{beyond if abs(value) or value == -1 else ''}{abs(value) + 1}{decimals}{rest}"
        if re.search("[1-9]", whole + decimals):
            yield f"{'' if sign == '-' else '-'}{whole}{decimals}{rest}"
        return
    yield f"{answer}+1"
    yield answer[1:] if answer.startswith("-") else f"-{answer}"


def judge(task: Task, items: list[Item]) -> Verdicts:
    """Grade every expected answer and every change of it."""
    found = Verdicts(items=len(items))
    judge = Judge(VerifierConfig(), task, official=True)

    def right(item: Item, answer: str) -> dict[str, bool]:
        verdict = judge.grade(item, Completion(f"The answer is $\\boxed{{{answer}}}$.", 1, True))
        return {grader: verdict.correct(grader) for grader in GRADERS}

    for item in items:
        for grader, verdict in right(item, item.answer).items():
            if not verdict:
                found.refused[grader].append(item.answer)
        for wrong in wrong_answers(task, item.answer):
            found.changed += 1
            for grader, verdict in right(item, wrong).items():
                if verdict:
                    found.accepted[grader].append((item.answer, wrong))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the benchmarks' files")
    folder = parser.parse_args().folder
    print("| set | problems | gold right, strict | official | changed golds | taken, strict | official |")
    print("|---|---|---|---|---|---|---|")
    notes = []
    for name, file in FILES.items():
        if not (folder / file).is_file():
            notes.append(f"{name}: no {file}")
            continue
        found = judge(TASKS[name], read_benchmark(folder / file, EvaluateConfig()).items)
        right = [f"{1 - len(found.refused[grader]) / found.items:.1%}" for grader in GRADERS]
        taken = [len(found.accepted[grader]) for grader in GRADERS]
        print(f"| {name} | {found.items} | {right[0]} | {right[1]} | {found.changed} | {taken[0]} | {taken[1]} |")
        for grader in GRADERS:
            notes += [f"{name}, {grader}: refuses its own answer {one!r}" for one in found.refused[grader]]
            notes += [f"{name}, {grader}: takes {ours!r} for {gold!r}" for gold, ours in found.accepted[grader]]
    print("\n" + "\n".join(notes))


if __name__ == "__main__":
    main()
