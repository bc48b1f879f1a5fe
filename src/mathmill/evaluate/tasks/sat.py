"""SAT: 32 English questions with four choices in one string; four shots (paper 8.1)."""

import re

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.tasks import choice
from mathmill.evaluate.tasks.task import Task
from mathmill.workflow.files import text_of

_LETTER = re.compile(r"(?:^|\s)[A-D][).] ")


def read(row: Row, number: int) -> Item:
    """SAT: question, options "A) .. B) .. C) .. D) ..", Answer."""
    options = [part for part in _LETTER.split(text_of(row, "options")) if part.strip()]
    if len(options) != 4 or text_of(row, "Answer") not in "ABCD":
        raise ValueError("options A) to D) and Answer")
    question = choice.question(text_of(row, "question"), options)
    return Item(str(row.get("id", number)), "sat", 0, "en", question, "", text_of(row, "Answer"))


TASK = Task(
    name="sat",
    count=32,
    knows=lambda row: "Answer" in row and "options" in row,
    read=read,
    shots=choice.SHOTS,
    few_shot=choice.few_shot,
    zero_shot=choice.zero_shot,
    official=choice.official,
    phrase=choice.PHRASE,
)
