"""Real benchmarks: every item that is planted in a page is found; text in their style without their grams is kept."""

import random
from functools import lru_cache
from html import escape
from pathlib import Path

import pytest

from mathmill.decontaminate.benchmarks import build_index, forms, read_items
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import GramIndex, tokens
from mathmill.decontaminate.remove import clean
from mathmill.pages.html import page_text

NAMES = ("gsm8k_test", "cmath_test", "mgsm_zh", "mmlu_stem_test")
# Items of which no text has three grams: the paper has no rule for them.
UNCOVERED = {"mmlu_stem_test": {"324", "2319", "2448", "2936"}}
SETTINGS = DecontaminateConfig()
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
A_PAGE = 25  # items planted in one page of the test with HTML


@lru_cache(maxsize=4)
def index_of(file: Path) -> GramIndex:
    return build_index([file], SETTINGS)


def planted(file: Path) -> list[tuple[str, str]]:
    """Item and its question, of the items that some rule covers."""
    left_out = UNCOVERED.get(file.stem, set())
    rows = list(read_items(file, ["question", "problem", "messages"]))
    return [(row.item, row.text) for row in rows if row.item not in left_out and len(tokens(row.text)) >= 3]


def found(index: GramIndex, text: str) -> set[str]:
    return {owner.item for hit in index.find(tokens(text)) for owner in hit.owners}


def spaced(text: str, seed: int) -> str:
    """The same with other white space: line ends, tabs, ideographic and double spaces."""
    rng = random.Random(seed)
    return "".join(rng.choice(("\n", "\t", "\u3000", "  ", " \n ")) if char.isspace() else char for char in text)


@pytest.mark.parametrize("name", NAMES)
def test_every_planted_item_is_found(shared_data: Path, name: str) -> None:
    """Verbatim, with changed white space, with full-width digits: in the text of a page and through its HTML."""
    index = index_of(shared_data / "benchmarks" / f"{name}.jsonl")
    items = planted(shared_data / "benchmarks" / f"{name}.jsonl")
    assert len(items) > 200
    for number, (item, text) in enumerate(items):
        for form in (text, spaced(text, number), text.translate(WIDE)):
            assert item in found(index, f"A page says:\n{form}\nand goes on."), (name, item)
    for start in range(0, len(items), A_PAGE):
        part = items[start : start + A_PAGE]
        body = "".join(f"<p>{escape(spaced(text, 0).translate(WIDE))}</p>" for _, text in part)
        missing = {item for item, _ in part} - found(index, page_text(f"<html><body><main>{body}</main></body></html>"))
        assert missing == set(), (name, missing)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_an_item_is_left(shared_data: Path, name: str) -> None:
    index = index_of(shared_data / "benchmarks" / f"{name}.jsonl")
    before, after = "A first line stays on the page as it was.", "So does the last one, whatever stood between."
    for _, text in planted(shared_data / "benchmarks" / f"{name}.jsonl")[::40]:
        result = clean(f"{before}\n{text}\n{after}", index, "segment", 10, "drop")
        assert result.text == f"{before}\n{after}"
        assert clean(f"{before}\n{text}\n{after}", index, "document", 10, "drop").text is None


def restyled(text: str, rng: random.Random, pool: list[str]) -> str:
    """Text in the style of a benchmark that shares no ten grams in a row with it: every seventh one is another."""
    units = tokens(text)
    for place in range(rng.randrange(7), len(units), 7):
        units[place] = rng.choice([word for word in rng.choices(pool, k=20) if word != units[place]])
    return " ".join(units)


@pytest.mark.parametrize("name", NAMES)
def test_the_style_of_a_benchmark_is_kept(shared_data: Path, name: str) -> None:
    """Items with every seventh word (or character) replaced by a word of another item stay whole."""
    file = shared_data / "benchmarks" / f"{name}.jsonl"
    index, rng = index_of(file), random.Random(0)
    items = [text for _, text in planted(file) if len(tokens(text)) >= 20]
    pool = [word for text in items for word in tokens(text)]
    changed = [restyled(text, rng, pool) for text in items]
    assert len(changed) >= 200
    whole = sum(clean(text, index, "segment", 1, "drop").text == text for text in changed)
    assert whole >= 0.99 * len(changed)


def test_other_problems_of_the_same_makers_are_kept(shared_data: Path) -> None:
    """GSM8K's training problems are in the style of its test: nearly all share no ten words in a row with it."""
    index = index_of(shared_data / "benchmarks" / "gsm8k_test.jsonl")
    rows = list(read_items(shared_data / "benchmarks" / "gsm8k_train.jsonl", ["question"]))
    kept = [row for row in rows if clean(row.text, index, "segment", 1, "drop").text == row.text]
    assert len(kept) >= 0.998 * len(rows)


def test_answers_are_found_with_and_without_the_calculators_marks(shared_data: Path) -> None:
    file = shared_data / "benchmarks" / "gsm8k_test.jsonl"
    answers = [row for row in read_items(file, ["answer"]) if len(tokens(row.text)) >= 10][:400]
    for row in answers:
        assert row.item in found(index_of(file), row.text)
    assert forms("48/2 = <<48/2=24>>24 clips\n#### 24") == [
        "48/2 = <<48/2=24>>24 clips\n#### 24",
        "48/2 = 24 clips\n24",
    ]
    assert forms("no marks") == ["no marks"]
