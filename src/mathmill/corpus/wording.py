"""Text as the classifier reads it, and the count of tokens that budgets are measured in."""

import codecs
import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_ALONE = re.compile(f"[{_CJK}×÷±−≤≥≠≈∑∫√∞]")
# Dollar signs are left out: extraction wrote them around the formulas it knew, and pages whose formulas are plain text
# must not look different for that.
OPERATORS = "=+*/^<>%-"
_LETTERS = r"[a-z\x80-\U0010ffff]++"
_WORD = re.compile(rf"{_LETTERS}|\\{_LETTERS}|[0-9]++|[{OPERATORS}]")
_NUMBER = re.compile(rb"[0-9]+")
_TOKEN = re.compile(rf"[A-Za-z0-9]++(?![^\x00-\x7f])|[{_CJK}]|[^\W_{_CJK}]+|[^\w\s]")


class _Plain(dict[int, str]):
    """What stands for a character that is no ASCII, for str.translate."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isdecimal():
            found = str(unicodedata.decimal(character))
        elif _ALONE.fullmatch(character):
            found = f" {character} "
        else:
            found = character if character.isalnum() else " "
        self[code] = found
        return found


_PLAIN = _Plain()
_HANDLER = "mathmill-plain"


def _plain(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].lower().translate(_PLAIN).encode(), error.end


# The encoder finds what is no ASCII twenty times as fast as a search does.
codecs.register_error(_HANDLER, _plain)


def plain(text: str, numbers: str = "keep") -> bytes:
    """The text in lower case, as UTF-8, and as simple to read as ASCII.

    A character that is no ASCII is either a letter, or a word of its own between two spaces (CJK, so that n-grams mean
    something, and operators); all else is a space, and the digits of every script are ASCII's.
    numbers: `keep`, or `zero` to write each as 0.
    """
    if "Σ" in text:  # at the end of a word its small letter is another one
        text = text.lower()
    found = text.encode("ascii", _HANDLER).lower()
    return _NUMBER.sub(b"0", found) if numbers == "zero" else found


def words(text: str, numbers: str = "keep") -> list[str]:
    """Lower-case words, TeX commands, numbers and operators of a text. numbers: see `plain`."""
    return _WORD.findall(plain(text, numbers).decode())


def count_tokens(text: str) -> int:
    """Words, CJK characters and marks of punctuation: an estimate of tokens that needs no tokenizer.

    The paper counts with a tokenizer of 100,000 entries; a budget in this unit is about that budget.
    """
    return sum(1 for _ in _TOKEN.finditer(text))
