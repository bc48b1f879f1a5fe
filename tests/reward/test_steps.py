import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from training.toys import toy_tokenizer
from transformers import PreTrainedTokenizerFast

from mathmill.reward.config import StepsConfig
from mathmill.reward.steps import step_ends

TOKENIZER = toy_tokenizer()
DELIMITERS = StepsConfig().delimiters
EOS = TOKENIZER.eos_token_id


def encoded(text: str) -> list[int]:
    return TOKENIZER.encode(text, add_special_tokens=False)


def steps(tokens: list[int], delimiters: list[str] = DELIMITERS) -> list[str]:
    """The text of each step."""
    ends = step_ends(tokens, TOKENIZER, delimiters)
    firsts = [0, *(end + 1 for end in ends[:-1])]
    return [TOKENIZER.decode(tokens[first : end + 1]) for first, end in zip(firsts, ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", " Two."]),
        ("Half is 3.5 here. So 7.", ["Half is 3.5 here.", " So 7."]),
        ("相乘得$4$。再算$5$。", ["相乘得$4$。", "再算$5$。"]),
        ("a\nb\n\nc\n", ["a\n", "b\n", "\nc\n"]),
        ("\n\na. b", ["\n\na.", " b"]),
        ("no end", ["no end"]),
        ("done. ", ["done. "]),
        ("\n \n", ["\n \n"]),
    ],
)
def test_steps_of_a_text(text: str, expected: list[str]) -> None:
    assert steps(encoded(text)) == expected


def test_the_end_of_text_belongs_to_the_last_step() -> None:
    for text in ("One. Two.", "One。Two。", "One\nTwo\n"):
        tokens = [*encoded(text), EOS]
        ends = step_ends(tokens, TOKENIZER, DELIMITERS)
        assert len(ends) == 2
        assert ends[-1] == len(tokens) - 1


def test_delimiters_are_a_choice() -> None:
    tokens = encoded("One. Two;three\nfour")
    assert steps(tokens, ["\n"]) == ["One. Two;three\n", "four"]
    assert steps(tokens, [";"]) == ["One. Two;", "three\nfour"]
    assert steps(tokens, []) == ["One. Two;three\nfour"]


def test_nothing_has_no_steps() -> None:
    assert step_ends([], TOKENIZER, DELIMITERS) == []
    assert step_ends([EOS], TOKENIZER, DELIMITERS) == [0]


def test_a_token_that_holds_end_and_beginning_ends_the_step() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a.": 0, " b\nc": 1, "d": 2})))
    tokenizer.backend_tokenizer.decoder = None
    # A decoder-less tokenizer joins tokens by a space: "a.  b\nc d".
    assert step_ends([0, 1, 2], tokenizer, ["\n", ". "]) == [0, 1, 2]


@given(st.lists(st.integers(0, len(TOKENIZER) - 1), min_size=1, max_size=40))
def test_any_tokens(tokens: list[int]) -> None:
    """Ends ascend up to the last token, and each is the first place at which its step's text is there."""
    ends = step_ends(tokens, TOKENIZER, DELIMITERS)
    assert ends == sorted(set(ends))
    assert ends[-1] == len(tokens) - 1
    whole = TOKENIZER.decode(tokens, skip_special_tokens=True)
    for end in ends[:-1]:
        text = TOKENIZER.decode(tokens[: end + 1], skip_special_tokens=True)
        assert whole.startswith(text)
        assert text.endswith((".", "\n", "。"))


@given(st.lists(st.text("ab.。\n ", max_size=6), max_size=8))
def test_steps_hold_words_and_lose_none(pieces: list[str]) -> None:
    text = "".join(pieces)
    if not text:
        return
    found = steps(encoded(text))
    assert "".join(found) == text
    assert all(step.strip() for step in found) or len(found) == 1
    # A step has one delimiter at most, at its end.
    for step in found[:-1]:
        assert not any(mark in step.strip("\n ").rstrip(".。") for mark in ("。", "\n", ". ") if step.strip())
