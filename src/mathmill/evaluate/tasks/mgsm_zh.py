"""MGSM in Chinese: 250 problems of GSM8K, translated; the paper asks tuned models only, without shots (paper 8.1)."""

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import equal_one
from mathmill.evaluate.official.extract import single
from mathmill.evaluate.tasks import cmath
from mathmill.evaluate.tasks.task import Task, as_one
from mathmill.workflow.files import text_of


def read(row: Row, number: int) -> Item:
    """MGSM: messages with the question as the user's, answer. It has no solutions."""
    question = next(text_of(message, "content") for message in row["messages"] if message["role"] == "user")
    lang = str(row.get("dataset", "mgsm-zh")).rpartition("-")[2]
    return Item(str(row.get("id", number)), "mgsm", 0, lang, question, "", text_of(row, "answer"))


TASK = Task(
    name="mgsm_zh",
    count=250,
    knows=lambda row: "messages" in row and "answer" in row,
    read=read,
    # The paper has no prompt for base models here; CMATH's asks for the same kind of answer in the same language.
    shots=cmath.TASK.shots,
    few_shot=cmath.TASK.few_shot,
    zero_shot=lambda item, text: single(text),
    official=lambda found, item, algebra: equal_one(as_one(found), item.answer.replace(",", ""), algebra),
)
