"""Grammars of sentences: text files of rules, expanded with a random generator.

A file holds rules. `name: one | two` is a short rule; `name:` followed by indented lines is a long one, a line for each
alternative; `#` begins a comment. An alternative is text with slots:

    <town>            a random alternative of the rule `town`
    <@town>           the same choice everywhere in one page (a memo); the caller may give memos of its own
    <^town>           with a capital first letter (also <^@town>)
    <10-99>           an integer; <1,000-9,999> with commas; <0.5-9.9> with one decimal
    <red|green|blue>  one of these words
    <?  very>         this text, or nothing, with equal chance

`[[...]]` holds a formula in TeX; slots work inside it too.
"""

import random
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from mathmill.microworld.document import formula

_SLOT = re.compile(r"<([^<>]+)>")
_FORMULA = re.compile(r"\[\[(.+?)\]\](?!\])")
_RANGE = re.compile(r"(\d[\d,]*(?:\.\d+)?)-(\d[\d,]*(?:\.\d+)?)")
_NAME = re.compile(r"(\^?)(@?)([a-z_][a-z0-9_]*)")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u[bglmnprst](?!i))")


class Rule(NamedTuple):
    """A slot that another rule fills."""

    name: str
    remember: bool
    capital: bool


class Words(NamedTuple):
    """A slot of words to choose from."""

    words: tuple[str, ...]


class Maybe(NamedTuple):
    """A slot of text that may be left out."""

    text: str


class Number(NamedTuple):
    """A slot for a number."""

    low: float
    high: float
    places: int
    commas: bool


Slot = Rule | Words | Maybe | Number
Part = str | Slot
Template = tuple[Part, ...]
Memo = dict[str, str]


def _slot(body: str) -> Slot:
    if body.startswith("?"):
        return Maybe(body[1:])
    if "|" in body:
        return Words(tuple(body.split("|")))
    if found := _RANGE.fullmatch(body):
        low, high = found.groups()
        places = len(low.partition(".")[2])
        return Number(float(low.replace(",", "")), float(high.replace(",", "")), places, "," in low)
    found = _NAME.fullmatch(body)
    if not found:
        raise ValueError(f"unknown slot <{body}>")
    capital, memo, name = found.groups()
    return Rule(name, bool(memo), bool(capital))


def compile_template(text: str) -> Template:
    """Cut one alternative into literal text and slots."""
    text = _FORMULA.sub(lambda found: formula(found.group(1)), text)
    parts: list[Part] = []
    position = 0
    for found in _SLOT.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(_slot(found.group(1)))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def parse(text: str) -> dict[str, list[str]]:
    """The rules of one file: name -> alternatives."""
    rules: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] == " ":
            if current is None:
                raise ValueError(f"an alternative without a rule: {line.strip()!r}")
            current.append(line.strip())
            continue
        name, _, rest = line.partition(":")
        current = rules.setdefault(name.strip(), [])
        if rest.strip():
            current.extend(part.strip() for part in rest.split(" | "))
    return rules


class Grammar:
    """Rules ready to expand; `articles` mends "a apple" in English."""

    def __init__(self, rules: dict[str, list[str]], *, articles: bool = False) -> None:
        self.rules = {name: tuple(compile_template(text) for text in texts) for name, texts in rules.items()}
        self.articles = articles
        self._check()

    def _check(self) -> None:
        for name, templates in self.rules.items():
            for part in (part for template in templates for part in template if isinstance(part, Rule)):
                # A memo may be given by the caller, such as the topic of a page.
                if part.name not in self.rules and not part.remember:
                    raise ValueError(f"rule {name!r} uses {part.name!r}, which no file defines")

    def __contains__(self, name: str) -> bool:
        return name in self.rules

    def expand(self, name: str, rng: random.Random, memo: Memo | None = None) -> str:
        """One random text of a rule."""
        return self._finish(self._pick(name, rng, {} if memo is None else memo))

    def sample(self, name: str, count: int, rng: random.Random, memo: Memo | None = None) -> list[str]:
        """`count` texts of a rule, from different alternatives as long as there are enough."""
        memo = {} if memo is None else memo
        templates = self.rules[name]
        order: list[Template] = []
        while len(order) < count:
            order.extend(rng.sample(templates, min(len(templates), count - len(order))))
        return [self._finish(self._fill(template, rng, memo)) for template in order]

    def _finish(self, text: str) -> str:
        return _ARTICLE.sub(r"\1n ", text) if self.articles else text

    def _pick(self, name: str, rng: random.Random, memo: Memo) -> str:
        templates = self.rules[name]
        return self._fill(templates[int(rng.random() * len(templates))], rng, memo)

    def _fill(self, template: Template, rng: random.Random, memo: Memo) -> str:
        if len(template) == 1 and isinstance(template[0], str):
            return template[0]
        return "".join(part if isinstance(part, str) else self._slot(part, rng, memo) for part in template)

    def _slot(self, slot: Slot, rng: random.Random, memo: Memo) -> str:
        if isinstance(slot, Rule):
            if slot.remember:
                name = slot.name
                text = memo[name] if name in memo else memo.setdefault(name, self._pick(name, rng, memo))
            else:
                text = self._pick(slot.name, rng, memo)
            return text[:1].upper() + text[1:] if slot.capital else text
        if isinstance(slot, Words):
            return slot.words[int(rng.random() * len(slot.words))]
        if isinstance(slot, Maybe):
            return slot.text if rng.random() < 0.5 else ""
        low, high, places, commas = slot
        value = low + rng.random() * (high - low) if places else rng.randint(int(low), int(high))
        return f"{value:,.{places}f}" if commas else f"{value:.{places}f}"


@cache
def load(*names: str) -> Grammar:
    """Read the grammar of one or more files of the package's `grammars` folder, such as en/common and en/news."""
    rules: dict[str, list[str]] = {}
    for name in names:
        source = resources.files("mathmill.microworld").joinpath("grammars", *f"{name}.txt".split("/"))
        for rule, texts in parse(source.read_text(encoding="utf-8")).items():
            rules[rule] = texts
    return Grammar(rules, articles=any(name.startswith("en/") for name in names))
