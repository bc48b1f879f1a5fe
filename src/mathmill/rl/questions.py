"""Questions with checkable answers, and which of them an exploration stage asks."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy

from mathmill.reward.verifier import read_gold
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import numbered_jsonl, text_of


@dataclass(frozen=True)
class Question:
    """A question, its expected answer and its language."""

    id: str
    question: str
    answer: str
    lang: str = "en"


def read_questions(path: Path, languages: list[str] | None = None) -> list[Question]:
    """The questions of a JSONL file with `question` and `answer` (GSM8K's `... #### 72` is understood).

    An item without a usable answer is an error that names its line: it could never be rewarded. Raises UserError also
    for a file that holds no question in `languages`.
    """
    found = []
    for line, row in numbered_jsonl(path):
        text = row.get("question")
        if not isinstance(text, str) or "answer" not in row:
            fields = ", ".join(sorted(row)) or "none"
            raise UserError(f"{path}, line {line}: a row needs question (a text) and answer; it has {fields}")
        try:
            answer = text_of(row, "answer")
        except ValueError as error:
            raise UserError(f"{path}, line {line}: {error}") from None
        if "####" in answer:
            answer = answer.rpartition("####")[2].strip()
        try:
            read_gold(answer)
        except UserError as error:
            raise UserError(f"{path}, line {line}: {error}") from error
        lang = str(row.get("lang") or ("zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"))
        found.append(Question(str(row.get("id", line)), text, answer, lang))
    kept = [item for item in found if not languages or item.lang in languages]
    if not kept:
        raise UserError(f"{path}: no questions" + (f" in the languages {', '.join(languages)}" if languages else ""))
    return kept


def drawn(size: int, step: int, count: int, seed: int) -> list[int]:
    """Which of `size` questions a step asks, a function of (seed, step): each once before any is asked again."""
    chosen = []
    for position in range(step * count, (step + 1) * count):
        epoch, place = divmod(position, size)
        chosen.append(int(_order(size, epoch, seed)[place]))
    return chosen


_orders: dict[tuple[int, int, int], numpy.ndarray] = {}


def _order(size: int, epoch: int, seed: int) -> numpy.ndarray:
    key = (size, epoch, seed)
    if key not in _orders:
        _orders.clear()  # one epoch is used at a time
        _orders[key] = numpy.random.default_rng([seed, epoch]).permutation(size)
    return _orders[key]
