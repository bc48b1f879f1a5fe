"""Words of the classifier and the count of tokens."""

from mathmill.corpus.wording import count_tokens, words


def test_words() -> None:
    text = "Solve $2x = \\frac{10}{4}$, 解方程!"
    assert words(text) == ["solve", "2", "x", "=", r"\frac", "10", "4", "解", "方", "程"]
    assert words("12 and 3", "zero") == ["0", "and", "0"]
    assert words("") == []


def test_words_of_other_scripts() -> None:
    assert words("naïve ÉCOLE straße x² a≤b×c —½… don’t") == [
        *("naïve", "école", "straße", "x²", "a", "≤", "b", "×", "c", "½", "don", "t")
    ]
    assert words("ΛΟΓΟΣ Σ") == ["λογος", "σ"]
    assert words("共１２个，第3٣项") == ["共", "12", "个", "第", "33", "项"]
    assert words("共１２个", "zero") == ["共", "0", "个"]


def test_tokens_are_counted() -> None:
    assert count_tokens("Two words.") == 3
    assert count_tokens("解方程。") == 4
    assert count_tokens("") == 0
