"""The look-up of short texts and the one in numpy are one function."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.decontaminate import grams
from mathmill.decontaminate.grams import GramIndex

WORDS = st.lists(st.sampled_from("abcde"), min_size=0, max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=5), WORDS)
def test_short_and_long_texts_agree(items: list[list[str]], text: list[str]) -> None:
    index = GramIndex.build((("bench", str(i), words) for i, words in enumerate(items)), gram=6, shortest=3, common=99)
    short = index.find(text)
    limit, grams._SHORT = grams._SHORT, -1
    try:
        assert index.find(text) == short
    finally:
        grams._SHORT = limit
    for hit in short:
        assert tuple(text[hit.start : hit.start + len(hit.gram)]) == hit.gram
