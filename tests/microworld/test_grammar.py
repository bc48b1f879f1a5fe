"""The grammars: slots, memos, errors, and that every shipped file expands."""

import random
from importlib import resources

import pytest

from mathmill.microworld.catalogue import KINDS
from mathmill.microworld.document import formula, pieces
from mathmill.microworld.everyday import everyday_document
from mathmill.microworld.formula import parse_tex
from mathmill.microworld.grammar import Grammar, load, parse


def grammar(text: str) -> Grammar:
    return Grammar(parse(text))


def test_slots() -> None:
    rng = random.Random(0)
    made = grammar("s: <x> <@x> <@x> <^x> <3-3> <1.5-1.5> <1,000-1,000> <k>\nx: red | blue\nk: end")
    for _ in range(20):
        words = made.expand("s", rng).split()
        assert words[1] == words[2]
        assert words[3] in ("Red", "Blue")
        assert words[4:] == ["3", "1.5", "1,000", "end"]


def test_long_rules_optional_text_and_formulas() -> None:
    made = grammar("s:\n  one<? more> [[<2-2> + x]]\n")
    found = {made.expand("s", random.Random(seed)) for seed in range(20)}
    assert found == {f"one {formula('2 + x')}", f"one more {formula('2 + x')}"}


def test_a_memo_of_the_caller_is_used() -> None:
    assert grammar("s: about <@topic>").expand("s", random.Random(0), {"topic": "sums"}) == "about sums"


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        grammar("s: <nowhere>")


def test_sample_takes_different_alternatives_first() -> None:
    made = grammar("s: a | b | c")
    assert sorted(made.sample("s", 3, random.Random(1))) == ["a", "b", "c"]
    assert len(made.sample("s", 7, random.Random(1))) == 7


def test_english_articles() -> None:
    made = Grammar(parse("s: a apple, a pear, A union, A idea"), articles=True)
    assert made.expand("s", random.Random(0)) == "an apple, a pear, A union, An idea"


@pytest.mark.parametrize("genre", sorted({s.genre for kind in KINDS for s in kind.sections if not s.is_math}))
def test_every_genre_makes_varied_pages(genre: str) -> None:
    pages = [everyday_document(genre, random.Random(seed)) for seed in range(8)]
    texts = ["\n".join(page.texts()) for page in pages]
    assert all(len(text) > 120 for text in texts)
    shingles = [{tuple(text.split()[i : i + 5]) for i in range(len(text.split()) - 4)} for text in texts]
    if genre.split("/")[0] not in ("zh", "ko"):
        for number, one in enumerate(shingles):
            for other in shingles[:number]:
                assert len(one & other) / len(one | other) < 0.5


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_formulas_of_the_mathematics_grammars_parse(lang: str) -> None:
    made = load(f"{lang}/common", f"math/{lang}")
    memo = {"topic": "t", "answer": "84", "method": "m"}
    rng = random.Random(0)
    for rule in made.rules:
        for text in made.sample(rule, len(made.rules[rule]), rng, dict(memo)):
            for is_formula, content in pieces(text):
                if is_formula:
                    parse_tex(content)


def test_grammars_hold_several_hundred_sentence_patterns() -> None:
    root = resources.files("mathmill.microworld").joinpath("grammars")
    count = 0
    for folder in root.iterdir():
        for file in folder.iterdir() if folder.is_dir() else ():
            if file.name != "functions.txt":
                count += len(parse(file.read_text(encoding="utf-8")).get("s", []))
    assert count >= 500
