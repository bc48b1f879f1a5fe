"""Where the steps of an output end: the places at which process supervision puts a reward (paper 4.1.3).

The paper is silent on what separates steps; here a step ends with a delimiter (`reward.steps.delimiters`).
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast


def scored_ends(
    kind: str, tokens: Sequence[int], tokenizer: PreTrainedTokenizerFast, delimiters: Sequence[str]
) -> list[int]:
    """Where an output is scored: index of its last token (kind outcome), of the last token of each step (process)."""
    return [len(tokens) - 1] if kind == "outcome" else step_ends(tokens, tokenizer, delimiters)


def step_ends(tokens: Sequence[int], tokenizer: PreTrainedTokenizerFast, delimiters: Sequence[str]) -> list[int]:
    """Index of the last token of each step of an output, ascending; the last one is always the output's last token.

    tokens: ids of the output alone, its eos included where it has one. A step ends in the token that completes the
    delimiter, less its white space behind: `. ` in `7. Then` ends at the token with the dot. What holds nothing but
    white space and special tokens is no step: it belongs to the step before it. Two steps that end inside one token are
    one. Empty for no tokens.
    """
    if not tokens:
        return []
    last = len(tokens) - 1
    text = _text(tokens, tokenizer)
    if not any(delimiter in text for delimiter in delimiters):
        return [last]
    ends: list[int] = []
    begun = 0
    for place, after in _cuts(text, delimiters):
        if not text[begun:after].strip():
            continue
        if not text[after:].strip():
            break
        # The first prefix of the tokens that holds the character; prefixes only grow.
        at = bisect_left(range(last), True, key=lambda index: _covers(tokens[: index + 1], tokenizer, text, place))
        if at < last and (not ends or at > ends[-1]):
            ends.append(at)
        begun = after
    return [*ends, last]


def _cuts(text: str, delimiters: Sequence[str]) -> list[tuple[int, int]]:
    """(the character that completes the delimiter, the first character behind it) of each delimiter in `text`."""
    pattern = "|".join(re.escape(delimiter) for delimiter in sorted(delimiters, key=len, reverse=True))
    found = []
    for match in re.finditer(pattern, text):
        words = match.group().rstrip() or match.group()
        found.append((match.start() + len(words) - 1, match.end()))
    return found


def _covers(tokens: Sequence[int], tokenizer: PreTrainedTokenizerFast, text: str, place: int) -> bool:
    """Whether the text of `tokens`, the beginning of `text`, holds the character at `place` (whole, not its bytes)."""
    part = _text(tokens, tokenizer)
    return len(part) > place and part[place] == text[place]


def _text(tokens: Sequence[int], tokenizer: PreTrainedTokenizerFast) -> str:
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))
