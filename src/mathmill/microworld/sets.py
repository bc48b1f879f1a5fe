"""Instruction set, question pool and benchmarks: drawn from the same families, with no question in two sets."""

import random
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from mathmill.microworld.config import SetsConfig
from mathmill.microworld.problems import Problem, families, make_problem
from mathmill.microworld.rng import stream

_GRAM = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]+|\d+")
_COMMAND = re.compile(r"\\[A-Za-z]+")
GRAM = 10  # the paper's length of a gram (section 2.1); a benchmark text of 3 to 9 tokens is matched as a whole
_TRIES = 40

Gram = tuple[str, ...]


def tokens(text: str) -> list[str]:
    """Words, numbers and single CJK characters of a text, in lower case, without operators and TeX commands.

    So a formula has the same tokens in every markup: a page may show a sign where its source has a command.
    """
    return _GRAM.findall(_COMMAND.sub(" ", text).lower())


def grams(text: str) -> set[Gram]:
    """The 10-grams of a text; a shorter one of at least 3 tokens is its own gram."""
    found = tokens(text)
    if len(found) < GRAM:
        return {tuple(found)} if len(found) >= 3 else set()
    return {tuple(found[i : i + GRAM]) for i in range(len(found) - GRAM + 1)}


def weighted(rng: random.Random, weights: Mapping[str, float]) -> str:
    """A key drawn by its weight; ValueError where no weight is positive."""
    return rng.choices(list(weights), list(weights.values()))[0]


def draw_family(rng: random.Random, weights: Mapping[str, float]) -> str:
    """A family of problems by weight; a family that the mapping does not name has weight 1."""
    return weighted(rng, {name: weights.get(name, 1.0) for name in families()})


def draw_difficulty(rng: random.Random, weights: Sequence[float]) -> int:
    """A difficulty, 1 to the number of weights."""
    return rng.choices(range(1, len(weights) + 1), list(weights))[0]


def both_styles(
    rng: random.Random, family: str, difficulty: int, lang: str, styles: Sequence[str]
) -> tuple[Problem, ...]:
    """The same problem with solutions in several styles."""
    state = rng.getrandbits(64)
    return tuple(make_problem(family, difficulty, lang, random.Random(state), style) for style in styles)


@dataclass
class Sets:
    """All sets: rows as they are written. `seen` holds every question, `protected` the grams of the benchmarks."""

    validation: list[dict[str, Any]] = field(default_factory=list)
    test: list[dict[str, Any]] = field(default_factory=list)
    instruct: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    planted: list[dict[str, str]] = field(default_factory=list)
    seen: set[Gram] = field(default_factory=set)
    protected: set[Gram] = field(default_factory=set)

    @property
    def benchmarks(self) -> list[dict[str, Any]]:
        """The items of both benchmarks."""
        return self.validation + self.test


def resembles(text: str, protected: Set[Gram]) -> bool:
    """Whether a text shares a 10-gram with the benchmarks, or holds one of their short texts."""
    found = tuple(tokens(text))
    return any(
        found[start : start + size] in protected
        for size in range(3, GRAM + 1)
        for start in range(len(found) - size + 1)
    )


def solution_of(problem: Problem, form: str) -> str:
    """The solution in a format: cot (text), pot (a program), tir (reasoning, a program, its output, the answer)."""
    if form == "cot":
        return problem.solution
    program = f"```python\n{problem.program}\n```"
    if form == "pot":
        return program
    _, box = problem.solution.rsplit("\\boxed", 1)
    opening = {"en": "Let us compute it with a program.", "zh": "我们用程序来计算。"}[problem.lang]
    closing = {"en": "The answer is", "zh": "答案是"}[problem.lang]
    space = " " if problem.lang == "en" else ""
    return f"{opening}\n{program}\n```output\n{_printed(problem)}\n```\n{closing}{space}\\boxed{box}"


def _printed(problem: Problem) -> str:
    """What the program prints: a fraction is printed as a/b."""
    found = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", problem.answer)
    return f"{found[1]}{found[2]}/{found[3]}" if found else problem.answer


def _draw(
    name: str, config: SetsConfig, weights: Sequence[float], rng: random.Random, sets: Sets, *, avoid: bool
) -> tuple[Problem, str]:
    """A problem whose question no set holds yet, and the format of its solution."""
    form = weighted(rng, config.formats) if name == "instruct" else "cot"
    style = weighted(rng, config.style) if name == "instruct" else "worked"
    for _ in range(_TRIES * 10):
        lang = "zh" if rng.random() < config.chinese else "en"
        family = draw_family(rng, config.families)
        problem = make_problem(family, draw_difficulty(rng, weights), lang, rng, style)
        if tuple(tokens(problem.question)) in sets.seen:
            continue
        # Training questions keep clear of the benchmarks; the instruct rows that do not are planted on purpose.
        if avoid and resembles(problem.question, sets.protected):
            continue
        sets.seen.add(tuple(tokens(problem.question)))
        return problem, form
    raise ValueError(f"microworld.sets.{name}: the families hold no more new questions; ask for fewer")


def _fill(
    name: str, count: int, config: SetsConfig, weights: Sequence[float], seed: int, sets: Sets
) -> list[dict[str, Any]]:
    rng = stream(seed, "set", name)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        problem, form = _draw(name, config, weights, rng, sets, avoid=name in ("instruct", "questions"))
        row = {
            "id": f"{name}-{number:05d}",
            "family": problem.family,
            "difficulty": problem.difficulty,
            "lang": problem.lang,
            "question": problem.question,
            "answer": problem.answer,
        }
        if name != "questions":
            row["solution"] = solution_of(problem, form)
        if name == "instruct":
            row["format"] = form
        rows.append(row)
    return rows


def make_benchmarks(config: SetsConfig, seed: int) -> Sets:
    """The benchmarks alone: what the pages that quote them need to know."""
    sets = Sets()
    sets.test = _fill("test", config.test, config, config.benchmark_difficulty, seed, sets)
    sets.validation = _fill("validation", config.validation, config, config.benchmark_difficulty, seed, sets)
    for item in sets.benchmarks:
        sets.protected |= grams(item["question"])
    return sets


def make_sets(config: SetsConfig, seed: int) -> Sets:
    """All sets. Benchmarks come first, so that a larger training set never changes what is measured."""
    sets = make_benchmarks(config, seed)
    sets.instruct = _fill("instruct", config.instruct, config, config.instruct_difficulty, seed, sets)
    sets.questions = _fill("questions", config.questions, config, config.questions_difficulty, seed, sets)
    _plant(config, seed, sets)
    return sets


def _plant(config: SetsConfig, seed: int, sets: Sets) -> None:
    """Put benchmark questions in place of some instruct rows: what decontamination has to find."""
    rng = stream(seed, "set", "planted")
    count = min(config.planted, len(sets.instruct), len(sets.benchmarks))
    rows = rng.sample(range(len(sets.instruct)), count)
    for index, item in zip(sorted(rows), rng.sample(sets.benchmarks, count), strict=True):
        kept = {key: item[key] for key in ("family", "difficulty", "lang", "question", "answer", "solution")}
        sets.instruct[index] = {"id": sets.instruct[index]["id"], "format": "cot", **kept}
        place = {"source": "instruct", "id": sets.instruct[index]["id"], "benchmark": item["id"], "part": "both"}
        sets.planted.append(place)
