"""Put a problem before a model: by the chat template, or as a page that it continues."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mathmill.evaluate.config import PageConfig
from mathmill.evaluate.readers import Item
from mathmill.training import template


@dataclass(frozen=True)
class Prompter:
    """The prompts of one model.

    chat: by the template of instruction tuning with the suffixes that the tokenizer carries; otherwise as pages with
    `page.shots` worked examples of the problem's language from `examples`.
    """

    chat: bool
    page: PageConfig
    suffixes: dict[str, str]
    examples: Sequence[Item] = ()
    seed: int = 0

    def prompt(self, item: Item, form: str = "cot") -> str:
        """The text that the model reads before it answers in a form: cot, pot or tir."""
        if self.chat:
            return template.prompt(item.question, item.lang, form, self.suffixes)
        shots = [self.start(shot) + self.continuation(shot) for shot in self._shots(item, form)]
        return "\n\n".join([*shots, self.start(item)])

    def start(self, item: Item) -> str:
        """A page up to its solution."""
        return _of(self.page.question, item.lang).replace("{question}", item.question)

    def continuation(self, item: Item) -> str:
        """The reference solution as the model should write it after the prompt."""
        if self.chat:
            return f" {item.solution}"
        return _of(self.page.joint, item.lang) + item.solution

    @property
    def stop(self) -> tuple[str, ...]:
        """Strings that end a completion, beside the end-of-text token."""
        return () if self.chat else tuple(self.page.stop)

    @property
    def program_stop(self) -> tuple[str, ...]:
        """The same for answers with programs, which are of many lines: on a page, the start of the next problem."""
        return () if self.chat else tuple(text.partition("{")[0] for text in self.page.question.values())

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
