"""Read benchmark files: each form of row becomes the same `Item`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.tasks.registry import TASKS
from mathmill.reward.verifier import GoldError, read_gold
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import numbered_jsonl, text_of


def _problems(row: Row, number: int) -> Item:
    """The project's own form: question and answer; id, family, difficulty, lang and solution where there are any."""
    return Item(
        id=str(row.get("id", number)),
        family=str(row.get("family") or "all"),
        difficulty=int(row.get("difficulty") or 0),
        lang=str(row.get("lang") or "en"),
        question=text_of(row, "question"),
        solution="" if row.get("solution") is None else text_of(row, "solution"),
        answer=text_of(row, "answer"),
    )


Numbered = Sequence[tuple[int, Row]]  # rows with the numbers of their lines
READERS: dict[str, Callable[[Row, int], Item]] = {"problems": _problems, **{name: t.read for name, t in TASKS.items()}}


def detect(row: Row) -> str | None:
    """The reader for a row, known by its fields; None for an unknown form."""
    for name, task in TASKS.items():
        if task.knows(row):
            return name
    return "problems" if "question" in row and "answer" in row else None


def form_of(rows: Numbered, reader: str, where: str) -> str:
    """The form of rows: `reader`, or with `auto` what their fields say. UserError without rows or without an answer."""
    if not rows:
        raise UserError(f"{where}: no problems in it")
    first = rows[0][1]
    form = detect(first) if reader == "auto" else reader
    if form is None:
        raise UserError(
            f"{where}: rows with the fields {', '.join(sorted(first))} are of no known form; evaluate.reader names one "
            f"of {', '.join(READERS)}, or write rows with question and answer"
        )
    return form


def read_items(rows: Numbered, form: str, where: str) -> list[Item]:
    """The problems of numbered rows; UserError names the row and what is wrong with it.

    where: what a row's number is put behind, such as "test.jsonl, line". Every expected answer is tried by the verifier
    here, so that a bad one stops the run before the model is loaded.
    """
    items: list[Item] = []
    seen: set[str] = set()
    for number, row in rows:
        try:
            item = READERS[form](row, number)
            read_gold(item.answer)
        except KeyError as error:
            raise UserError(f"{where} {number}: not of the form {form}: no {str(error.args[0])!r} in it") from None
        except (StopIteration, TypeError, ValueError) as error:
            raise UserError(f"{where} {number}: not of the form {form}: missing or wrong: {error}") from None
        except GoldError as error:
            raise UserError(f"{where} {number}: {error}") from None
        if not item.question.strip():
            raise UserError(f"{where} {number}: the question is empty")
        if item.id in seen:
            raise UserError(f"{where} {number}: the id {item.id!r} stands twice")
        seen.add(item.id)
        items.append(item)
    return items


def read_training(path: Path) -> list[Item]:
    """The training problems behind baselines and shots: once per question, unusable answers left out.

    UserError where none is left: baselines would be missing without a word.
    """
    by_question: dict[tuple[str, str], Item] = {}
    for number, row in numbered_jsonl(path):
        name = detect(row)
        if name is None:
            raise UserError(f"{path}, line {number}: a training row needs question and answer")
        try:
            item = READERS[name](row, number)
            read_gold(item.answer)
        except (GoldError, ValueError):
            continue
        by_question.setdefault((item.lang, item.question), item)
    if not by_question:
        raise UserError(f"{path}: no question with a usable answer in it (key evaluate.instruct)")
    return list(by_question.values())
