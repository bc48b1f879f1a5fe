"""Read benchmark files: each form of row becomes the same `Item`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.reward.verifier import GoldError, read_gold
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl

_CALCULATOR = re.compile(r"<<[^<>]*>>")


@dataclass(frozen=True)
class Item:
    """One problem of a benchmark. solution is empty where the benchmark has none; difficulty is 0 where it has none."""

    id: str
    family: str
    difficulty: int
    lang: str
    question: str
    solution: str
    answer: str


Row = dict[str, Any]


def _problems(row: Row, number: int) -> Item:
    """The project's own form: id, family, difficulty, lang, question, solution, answer (the last four are enough)."""
    return Item(
        id=str(row.get("id", number)),
        family=str(row.get("family", "all")),
        difficulty=int(row.get("difficulty", 0)),
        lang=str(row.get("lang", "en")),
        question=str(row["question"]),
        solution=str(row.get("solution", "")),
        answer=str(row["answer"]),
    )


def _gsm8k(row: Row, number: int) -> Item:
    """GSM8K: question, and answer = solution with calculator notes, `####`, final answer. Difficulty: its lines."""
    solution, marker, answer = str(row["answer"]).rpartition("####")
    if not marker:
        raise KeyError("#### in answer")
    plain = _CALCULATOR.sub("", solution).strip()
    answer = answer.strip()
    return Item(
        id=str(row.get("id", number)),
        family="gsm8k",
        difficulty=len([line for line in plain.splitlines() if line.strip()]),
        lang=str(row.get("lang", "en")),
        question=str(row["question"]).strip(),
        solution=f"{plain} The answer is \\boxed{{{answer}}}.",
        answer=answer,
    )


def _cmath(row: Row, number: int) -> Item:
    """CMATH: question, golden; difficulty is the school grade. It has no solutions."""
    return Item(
        str(row.get("id", number)), "cmath", int(row["grade"]), "zh", str(row["question"]), "", str(row["golden"])
    )


def _mgsm(row: Row, number: int) -> Item:
    """MGSM: messages with the question as the user's, answer. It has no solutions."""
    question = next(str(message["content"]) for message in row["messages"] if message["role"] == "user")
    lang = str(row.get("dataset", "mgsm-zh")).rpartition("-")[2]
    return Item(str(row.get("id", number)), "mgsm", 0, lang, question, "", str(row["answer"]))


READERS: dict[str, Callable[[Row, int], Item]] = {
    "problems": _problems,
    "gsm8k": _gsm8k,
    "cmath": _cmath,
    "mgsm": _mgsm,
}


def detect(row: Row) -> str | None:
    """The reader for a row, known by its fields; None for an unknown form."""
    if "golden" in row and "question" in row:
        return "cmath"
    if "messages" in row and "answer" in row:
        return "mgsm"
    if "question" in row and "####" in str(row.get("answer", "")):
        return "gsm8k"
    if "question" in row and "answer" in row:
        return "problems"
    return None


def read_benchmark(path: Path, reader: str = "auto", limit: int | None = None) -> list[Item]:
    """The problems of a JSON-lines file, in its order; UserError names the line and what is wrong with it.

    Every expected answer is tried by the verifier here, so that a bad one stops the run before the model is loaded.
    """
    rows = read_jsonl(path)
    if not rows:
        raise UserError(f"{path}: no problems in it")
    rows = rows[:limit]
    name = detect(rows[0]) if reader == "auto" else reader
    if name is None:
        fields = ", ".join(sorted(rows[0]))
        raise UserError(
            f"{path}: rows with the fields {fields} are of no known form; evaluate.reader names one of "
            f"{', '.join(READERS)}, or write rows with question and answer"
        )
    items: list[Item] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        try:
            item = READERS[name](row, number)
            read_gold(item.answer)
        except (KeyError, StopIteration, TypeError, ValueError) as error:
            raise UserError(f"{path}, problem {number}: not of the form {name}: missing or wrong {error}") from None
        except GoldError as error:
            raise UserError(f"{path}, problem {number}: {error}") from None
        if not item.question.strip():
            raise UserError(f"{path}, problem {number}: the question is empty")
        if item.id in seen:
            raise UserError(f"{path}, problem {number}: the id {item.id!r} stands twice")
        seen.add(item.id)
        items.append(item)
    return items


def read_training(path: Path) -> list[Item]:
    """The training problems behind baselines and shots: once per question, unusable answers left out."""
    by_question: dict[tuple[str, str], Item] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        name = detect(row)
        if name is None:
            raise UserError(f"{path}, line {number}: a training row needs question and answer")
        try:
            item = READERS[name](row, number)
            read_gold(item.answer)
        except GoldError:
            continue
        by_question.setdefault((item.lang, item.question), item)
    return list(by_question.values())
