"""Grams are found wherever they stand and in whatever form; nothing else is."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.decontaminate.grams import GramIndex, line_tokens, tokens

QUESTION = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
ZH = "小明买了12支铅笔，每支3元，又买了5本练习本，每本4元，一共花了多少钱？"


def index(*texts: str, common: int = 10, gram: int = 10, shortest: int = 3) -> GramIndex:
    return GramIndex.build((("bench", str(n), tokens(text)) for n, text in enumerate(texts)), gram, shortest, common)


def found(benchmark: GramIndex, text: str) -> set[str]:
    return {owner.item for hit in benchmark.find(tokens(text)) for owner in hit.owners}


@pytest.mark.parametrize(
    "page",
    [
        f"Here is a riddle. {QUESTION} Who knows?",
        QUESTION.upper(),
        "   ".join(QUESTION.split(" ")),
        "\n".join(QUESTION.split(" ")),
        QUESTION.replace("48", "４８").replace("sold", "ｓｏｌｄ"),
        QUESTION.replace(" ", "\u3000"),
        QUESTION.replace("clips", "cl\u00adips"),
        QUESTION.replace("48", "$48$").replace(",", ""),
        QUESTION[:60],
    ],
)
def test_disguises(page: str) -> None:
    assert found(index(QUESTION), page) == {"0"}


@pytest.mark.parametrize("page", [ZH, ZH.replace("12", "１２"), " ".join(ZH), f"请看：{ZH}谢谢", ZH[:15]])
def test_chinese_characters_are_grams(page: str) -> None:
    assert found(index(ZH), page) == {"0"}


@pytest.mark.parametrize(
    "page",
    [
        QUESTION.replace("48", "52"),  # in the middle of every window of the first half
        "Natalia sold clips to many of her friends in May",
        "A text about something else, of more than ten words, which is no question at all.",
        "",
    ],
)
def test_lookalikes(page: str) -> None:
    benchmark = index("Natalia sold clips to 48 of her friends in April 2021")
    assert found(benchmark, page) == set()


def test_numbers_count() -> None:
    benchmark = index("What is 12 plus 13 minus 4 times 5 in all")
    assert found(benchmark, "What is 12 plus 13 minus 4 times 6 in all") == set()


def test_formulas_are_equal_in_every_markup() -> None:
    benchmark = index(r"Compute $31\times 2 + \frac{7}{8}$ and give the answer as a decimal number")
    assert found(benchmark, "Compute 31 × 2 + 7/8 and give the answer as a decimal number") == {"0"}
    assert tokens(r"\frac{1}{2}", "keep") == ["frac", "1", "2"]


def test_short_texts_are_matched_as_a_whole() -> None:
    benchmark = index("Compute 17 times 23", "42", "x 7")
    assert found(benchmark, "please compute 17 times 23 now") == {"0"}
    assert found(benchmark, "compute 17 times 24") == set()
    assert found(benchmark, "the answer is 42, so x 7") == set()  # under 3 grams: no rule


def test_rules_are_named() -> None:
    hits = index(QUESTION, "Compute 17 times 23").find(tokens(QUESTION + " Compute 17 times 23"))
    assert {owner.rule for hit in hits for owner in hit.owners} == {"A", "B"}
    assert all(
        hit.gram == tuple(tokens(QUESTION + " Compute 17 times 23")[hit.start :][: len(hit.gram)]) for hit in hits
    )


def test_phrases_of_many_items_do_not_count() -> None:
    template = "give your answer as a fraction in lowest terms please now"
    texts = [f"{template} for problem {n} with number {n * 7}" for n in range(5)]
    benchmark = index(*texts, common=3)
    assert found(benchmark, f"students must {template}") == set()
    assert found(benchmark, texts[2]) == {"2"}
    assert all(items == 5 for items in benchmark.common.values())
    assert benchmark.common


def test_ignored_phrases_take_their_grams_with_them() -> None:
    triples = [("b", "0", tokens("Which statement is TRUE?")), ("b", "1", tokens(QUESTION))]
    benchmark = GramIndex.build(triples, 10, 3, 10, {"which statement is true, then?": "stock"})
    assert found(benchmark, "which statement is true") == set()
    assert found(benchmark, QUESTION) == {"1"}
    assert benchmark.ignored == {("which", "statement", "is", "true"): (1, "stock")}


def test_line_tokens() -> None:
    assert line_tokens("one two\n\nthree ４") == [["one", "two"], [], ["three", "4"]]


WORDS = st.lists(st.sampled_from("abc"), max_size=30)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=5), WORDS, st.integers(2, 6), st.integers(1, 4))
def test_it_finds_what_a_search_word_by_word_finds(
    texts: list[list[str]], page: list[str], gram: int, shortest: int
) -> None:
    benchmark = GramIndex.build((("b", str(n), text) for n, text in enumerate(texts)), gram, shortest, 100)
    expected = set()
    for number, text in enumerate(texts):
        grams = [text[i : i + gram] for i in range(len(text) - gram + 1)] or ([text] if len(text) >= shortest else [])
        for wanted in grams:
            for start in range(len(page) - len(wanted) + 1):
                if wanted and page[start : start + len(wanted)] == wanted:
                    expected.add((start, tuple(wanted), str(number)))
    hits = benchmark.find(page)
    assert {(hit.start, hit.gram, owner.item) for hit in hits for owner in hit.owners} == expected


@settings(deadline=None)
@given(st.text(max_size=80))
def test_tokens_do_not_depend_on_case_width_or_line_ends(text: str) -> None:
    assert list(chain.from_iterable(line_tokens(text))) == tokens(text)
    assert line_tokens(text, "keep") == [tokens(line, "keep") for line in text.split("\n")]
