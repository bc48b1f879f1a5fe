"""Put a problem before a model: by the chat template, or as a page that it continues."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mathmill.evaluate.config import PageConfig
from mathmill.evaluate.item import Item
from mathmill.evaluate.tasks.task import Task
from mathmill.training import template


@dataclass(frozen=True)
class Prompter:
    """The prompts of one model.

    chat: by the template of instruction tuning with the suffixes that the tokenizer carries; otherwise as pages with
    `page.shots` worked examples of the problem's language from `examples`, or by the few-shot prompts of `task`.
    """

    chat: bool
    page: PageConfig
    suffixes: dict[str, str]
    examples: Sequence[Item] = ()
    seed: int = 0
    task: Task | None = None

    def asks(self, form: str) -> bool:
        """Whether there is a prompt for a form: a task has few-shot prompts for some only."""
        return self.chat or self.task is None or form in self.task.shots

    def prompt(self, item: Item, form: str = "cot") -> str:
        """The text that the model reads before it answers in a form: cot, pot or tir."""
        if self.chat:
            return template.prompt(item.question, item.lang, form, self.suffixes)
        if self.task is not None:
            return self.task.shots[form].prompt(item.question)
        shots = [self.start(shot) + self.continuation(shot) for shot in self._shots(item, form)]
        return "\n\n".join([*shots, self.start(item)])

    def start(self, item: Item) -> str:
        """A page up to its solution."""
        return _of(self.page.question, item.lang).replace("{question}", item.question)

    def continuation(self, item: Item) -> str:
        """The reference solution as the model should write it after the prompt."""
        if self.chat:
            return f" {item.solution}"
        joint = _of(self.page.joint, item.lang) if self.task is None else self.task.shots["cot"].joint
        return joint + item.solution

    def stops(self, form: str = "cot") -> tuple[str, ...]:
        """Strings that end a completion, beside the end-of-text token.

        Answers with programs are of many lines: on a page they end at the start of the next problem.
        """
        if self.chat:
            return ()
        if self.task is not None:
            return self.task.shots[form].stop
        starts = (text.partition("{")[0] for text in self.page.question.values())
        return tuple(self.page.stop) if form == "cot" else tuple(starts)

    def _shots(self, item: Item, form: str) -> list[Item]:
        if not self.page.shots:
            return []
        of_form = [shot for shot in self.examples if shot.solution and form_of(shot.solution) == form]
        pool = [shot for shot in of_form if shot.lang == item.lang] or of_form or list(self.examples)
        # One choice a language, so that every problem is asked in the same words, as in the paper's few-shot prompts.
        return random.Random(f"{self.seed}/{item.lang}").sample(pool, min(self.page.shots, len(pool)))


def form_of(solution: str) -> str:
    """The form of a solution: tir (a program and its output), pot (a program), cot (neither)."""
    return "tir" if "```output" in solution else "pot" if "```python" in solution else "cot"


def _of(choices: dict[str, str], lang: str) -> str:
    return choices.get(lang) or (next(iter(choices.values())) if lang not in choices else "")


def is_chat(tokenizer: Any, wish: str) -> bool:
    """Whether a model is asked by the chat template: as wished, or (auto) where its tokenizer carries one."""
    return bool(tokenizer.chat_template) if wish == "auto" else wish == "chat"
