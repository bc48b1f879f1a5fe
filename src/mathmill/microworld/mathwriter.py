"""What all pages of mathematics share: a topic, its method in words, worked examples of the families of problems."""

import random
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from mathmill.microworld.config import MathConfig
from mathmill.microworld.document import formula
from mathmill.microworld.everyday import joiner
from mathmill.microworld.grammar import Grammar, Memo, load
from mathmill.microworld.problems import families
from mathmill.microworld.problems.facts import number_facts
from mathmill.microworld.sets import Gram, both_styles, draw_difficulty, draw_family, resembles, weighted

_DOLLARS = re.compile(r"\$([^$]+)\$|\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
_CLOSING = re.compile(r"(?:\s*The answer is |答案是)\\boxed\{.*\}[.。]\s*$")
_SHORT = {
    "qa": (3, 6),
    "forum": (7, 12),
    "textbook": (9, 14),
    "worksheet": (12, 18),
    "blog": (7, 11),
    "wiki": (6, 10),
    "notes": (8, 12),
}
_FACTS = (12, 24)


def marked(text: str) -> str:
    """The text of a problem with its `$...$` and boxed answer as formulas of the page."""
    return _DOLLARS.sub(lambda f: formula(f.group(1) or f"\\boxed{{{f.group(2)}}}"), text)


@dataclass(frozen=True)
class Example:
    """A worked example as a page shows it: question, working without the answer's sentence, answer, shorter working."""

    question: str
    working: str
    answer: str
    short: str


@dataclass(frozen=True)
class Quote:
    """A benchmark item, or a problem like one, that a page must show. solution: quote the working too, or it alone."""

    question: str
    solution: str
    answer: str
    part: str  # question, both or solution


class MathWriter:
    """Words and examples for one page of mathematics."""

    def __init__(
        self,
        lang: str,
        form: str,
        rng: random.Random,
        config: MathConfig,
        weights: dict[str, float],
        quotes: Sequence[Quote] = (),
        protected: Set[Gram] = frozenset(),
    ) -> None:
        self.protected = protected
        self.lang, self.form, self.rng, self.config, self.weights = lang, form, rng, config, weights
        self.grammar: Grammar = load(f"{lang}/common", f"math/{lang}")
        self.family = draw_family(rng, weights)
        self.memo: Memo = {"topic": families()[self.family].topic[lang]}
        self.quotes = list(quotes)
        low, high = _SHORT[form]
        self.wanted = max(2, round(rng.randint(low, high) * config.examples))

    def say(self, rule: str) -> str:
        """One text of a rule."""
        return self.grammar.expand(rule, self.rng, self.memo)

    def maybe(self, rule: str, chance: float) -> list[str]:
        """One text of a rule, or none."""
        return [self.say(rule)] if self.rng.random() < chance else []

    def method(self, count: int) -> list[str]:
        """Sentences that explain the method of the page's family."""
        rules = f"method_{self.family}"
        # A family that has no words of its own yet is explained by general facts.
        return self.grammar.sample(rules if rules in self.grammar else "fact", count, self.rng, self.memo)

    def join(self, *texts: str) -> str:
        """Sentences as one paragraph."""
        return joiner(self.lang).join(text for text in texts if text)

    def count(self, mean: float) -> int:
        """A whole number with the given mean."""
        return int(mean) + (self.rng.random() < mean % 1)

    def drill(self) -> str:
        """A line of number facts."""
        facts = number_facts(self.rng, self.rng.randint(*_FACTS))
        separator, stop = {"en": (", ", "."), "zh": ("，", "。")}[self.lang]
        return self.join(self.say("drill_lead"), separator.join(map(formula, facts)) + stop)

    def closing(self, answer: str) -> str:
        """The sentence that states the answer."""
        self.memo["answer"] = answer
        return self.say("close_answer")

    def examples(self, count: int | None = None) -> list[Example]:
        """Worked examples, most of them of the page's family, with the page's quotes among them.

        Each quote takes the place of an example of its own; where there are more quotes than examples, they follow.
        """
        made = [self.example() for _ in range(self.wanted if count is None else count)]
        free = list(range(len(made)))
        while self.quotes:
            example = _quoted(self.quotes.pop())
            if free:
                made[free.pop(self.rng.randrange(len(free)))] = example
            else:
                made.append(example)
        return made

    def example(self) -> Example:
        """One new worked example, drawn anew while it shares a gram with a benchmark: only planted pages do."""
        rng = self.rng
        family = draw_family(rng, self.weights) if rng.random() < self.config.other_family else self.family
        style = weighted(rng, self.config.style)
        for _ in range(1 + self.config.redraws):
            difficulty = draw_difficulty(rng, self.config.difficulty)
            long, short = both_styles(rng, family, difficulty, self.lang, (style, "short"))
            if not resembles(long.question, self.protected):
                break
        return Example(
            marked(long.question),
            marked(_CLOSING.sub("", long.solution)),
            long.answer,
            marked(_CLOSING.sub("", short.solution)),
        )

    def solved(self, example: Example) -> str:
        """Question, working and answer in one paragraph, the way the page's genre puts it."""
        lead = self.say("lead_example") if self.rng.random() < 0.7 else ""
        middle = self.say("lead_solution") if self.rng.random() < 0.6 else ""
        return self.join(lead, example.question, middle, example.working, self.closing(example.answer))


def _quoted(quote: Quote) -> Example:
    """A quote as an example of the page; where only the working is quoted, the question is the page's business."""
    working = marked(_CLOSING.sub("", quote.solution)) if quote.part != "question" else ""
    return Example(marked(quote.question) if quote.part != "solution" else "", working, quote.answer, working)
