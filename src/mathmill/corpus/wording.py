"""Text as the classifier reads it, and the count of tokens that budgets are measured in."""

import re

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
# Dollar signs are left out: extraction wrote them around the formulas it knew, and pages whose formulas are plain text
# must not look different for that.
# Words of plain letters come first: a class of plain letters is read several times as fast as one of all letters.
_WORD = re.compile(rf"[a-z]++(?![^\x00-\x7f])|\\[a-z]+|[{_CJK}]|\d+|[^\W\d_{_CJK}]+|[=+*/^<>%×÷±−≤≥≠≈∑∫√∞-]")
# For text as UTF-8: ASCII in lower case, and a space for each of its characters that is no part of any word.
_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789\\=+*/^<>%-") | set(range(128, 256))
BREAKS = bytes(byte if byte in _KEPT else 32 for byte in bytes(range(256)).lower())
_TOKEN = re.compile(rf"[A-Za-z0-9]++(?![^\x00-\x7f])|[{_CJK}]|[^\W_{_CJK}]+|[^\w\s]")
_DIGITS = re.compile(r"\d+")


def words(text: str, numbers: str = "keep") -> list[str]:
    """Lower-case words, TeX commands, numbers and operators of a text.

    Each CJK character is a word, so that n-grams mean something. numbers: `keep`, or `zero` to write each as 0.
    """
    text = text.lower()
    if numbers == "zero":
        text = _DIGITS.sub("0", text)
    return _WORD.findall(text)


def count_tokens(text: str) -> int:
    """Words, CJK characters and marks of punctuation: an estimate of tokens that needs no tokenizer.

    The paper counts with a tokenizer of 100,000 entries; a budget in this unit is about that budget.
    """
    return sum(1 for _ in _TOKEN.finditer(text))
