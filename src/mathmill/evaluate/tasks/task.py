"""What a task is: the rows of its file, its few-shot prompts, and how its answers are found and compared."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import Algebra
from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import same_answer

Found = str | list[str]


@dataclass(frozen=True)
class Shots:
    """A few-shot prompt (paper 8.1): worked examples of our own, asked and answered as the paper's are.

    examples: (question, answer). ask: how a question is put, with {question} and {number} in it. The prompt ends with
    the question asked, and a completion is cut before any of `stop`. program: what turns a completion into a program
    whose printed value is the answer; None where completions hold fenced blocks or none.
    """

    examples: tuple[tuple[str, str], ...]
    ask: str
    stop: tuple[str, ...]
    header: str = ""
    joint: str = " "
    program: Callable[[str], str | None] | None = None

    def prompt(self, question: str) -> str:
        """The examples, then the question."""
        asked = [self._asked(number, one) for number, one in enumerate([*(q for q, _ in self.examples), question], 1)]
        told = [text + self.joint + answer for text, (_, answer) in zip(asked, self.examples, strict=False)]
        return self.header + "\n\n".join([*told, asked[-1]])

    def _asked(self, number: int, question: str) -> str:
        return self.ask.replace("{number}", str(number)).replace("{question}", question)


def same(found: str, item: Item, config: VerifierConfig) -> bool:
    """The strict comparison of most tasks: the verifier of the rewards."""
    return same_answer(found, item.answer, config=config)


@dataclass(frozen=True)
class Task:
    """One benchmark.

    count: problems of its test set.
    knows: whether a row of a file is of this form; read: the problem of a row (KeyError and the like for a bad one).
    shots: form (cot, pot) -> prompt for models that continue pages. phrase: where the last stated answer of a text
    stands (group 1), for lenient extraction without a box. same: the strict comparison of a found answer.
    few_shot, zero_shot: what the official evaluation extracts from a base model's and from a tuned model's text.
    official: its comparison with the expected answer.
    """

    name: str
    count: int
    knows: Callable[[Row], bool]
    read: Callable[[Row, int], Item]
    shots: dict[str, Shots]
    few_shot: Callable[[Item, str], Found]
    zero_shot: Callable[[Item, str], Found]
    official: Callable[[Found, Item, Algebra], bool]
    phrase: re.Pattern[str] | None = None
    same: Callable[[str, Item, VerifierConfig], bool] = field(default=same)


def as_one(found: Found) -> str:
    """A single answer: the last of several."""
    return found if isinstance(found, str) else (found or [""])[-1]


def as_list(found: Found) -> list[str]:
    """A list of answers."""
    return [found] if isinstance(found, str) else found
