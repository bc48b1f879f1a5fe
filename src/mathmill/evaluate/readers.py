"""Read benchmark files: each form of row becomes the same `Item`."""

from collections.abc import Callable
from pathlib import Path

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.tasks.registry import TASKS
from mathmill.reward.verifier import GoldError, read_gold
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import numbered_jsonl, read_jsonl


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


READERS: dict[str, Callable[[Row, int], Item]] = {"problems": _problems, **{name: t.read for name, t in TASKS.items()}}


def detect(row: Row) -> str | None:
    """The reader for a row, known by its fields; None for an unknown form."""
    for name, task in TASKS.items():
        if task.knows(row):
            return name
    return "problems" if "question" in row and "answer" in row else None


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
    return read_items(rows, name, str(path))


def read_items(rows: list[Row], reader: str, where: str) -> list[Item]:
    """The problems of rows of one form; UserError names the row and what is wrong with it. where: its file."""
    items: list[Item] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        try:
            item = READERS[reader](row, number)
            read_gold(item.answer)
        except (KeyError, StopIteration, TypeError, ValueError) as error:
            raise UserError(f"{where}, problem {number}: not of the form {reader}: missing or wrong {error}") from None
        except GoldError as error:
            raise UserError(f"{where}, problem {number}: {error}") from None
        if not item.question.strip():
            raise UserError(f"{where}, problem {number}: the question is empty")
        if item.id in seen:
            raise UserError(f"{where}, problem {number}: the id {item.id!r} stands twice")
        seen.add(item.id)
        items.append(item)
    return items


def read_training(path: Path) -> list[Item]:
    """The training problems behind baselines and shots: once per question, unusable answers left out."""
    by_question: dict[tuple[str, str], Item] = {}
    for number, row in numbered_jsonl(path):
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
