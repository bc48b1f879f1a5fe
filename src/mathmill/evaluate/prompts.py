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

    def prompt(self, item: Item) -> str:
        """The text that the model reads before it answers."""
        if self.chat:
            return template.prompt(item.question, item.lang, "cot", self.suffixes)
        shots = [self.start(shot) + self.continuation(shot) for shot in self._shots(item)]
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

    def _shots(self, item: Item) -> list[Item]:
        if not self.page.shots:
            return []
        pool = [shot for shot in self.examples if shot.lang == item.lang and shot.solution] or list(self.examples)
        # One choice a language, so that every problem is asked in the same words, as in the paper's few-shot prompts.
        return random.Random(f"{self.seed}/{item.lang}").sample(pool, min(self.page.shots, len(pool)))


def _of(choices: dict[str, str], lang: str) -> str:
    return choices.get(lang) or (next(iter(choices.values())) if lang not in choices else "")


def is_chat(tokenizer: Any, wish: str) -> bool:
    """Whether a model is asked by the chat template: as wished, or (auto) where its tokenizer carries one."""
    return bool(tokenizer.chat_template) if wish == "auto" else wish == "chat"
