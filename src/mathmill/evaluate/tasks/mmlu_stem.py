"""MMLU-STEM: 3,018 English questions of 18 subjects with four choices; the four shots of SAT (paper 8.1)."""

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.tasks import choice
from mathmill.evaluate.tasks.task import Task
from mathmill.workflow.files import text_of


def read(row: Row, number: int) -> Item:
    """MMLU-STEM: question, options (a list of four), answer (a letter), topic."""
    options, answer = row["options"], text_of(row, "answer")
    if not isinstance(options, list) or len(options) != 4 or answer not in "ABCD":
        raise ValueError("four options and the answer's letter")
    question = choice.question(text_of(row, "question"), [str(option) for option in options])
    return Item(str(row.get("id", number)), str(row.get("topic", "mmlu_stem")), 0, "en", question, "", answer)


TASK = Task(
    name="mmlu_stem",
    count=3018,
    knows=lambda row: isinstance(row.get("options"), list) and "answer" in row and "label" not in row,
    read=read,
    shots=choice.SHOTS,
    few_shot=choice.few_shot,
    zero_shot=choice.zero_shot,
    official=choice.official,
    phrase=choice.PHRASE,
)
