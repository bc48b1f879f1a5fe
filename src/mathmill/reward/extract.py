r"""Take the final answer out of a text.

The order (the first that finds something wins):

1. `boxed`: the content of the last balanced `\boxed{...}` or `\fbox{...}`; strict mode stops here;
2. `hash`: the rest of the last line that starts with `####` (the form of GSM8K);
3. `phrase`: what follows the last "the answer is", "answer:", "答案是", "答案为" and their kin, to its end;
4. `number`: the last number of the text.
"""

import re

TAIL = 20_000  # only the end of a text is looked at, so that a megabyte of output costs what a page costs
NUMBER = re.compile(
    r"-?\\[dt]?frac\{-?\d+\}\{\d+\}|-?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?(?:/\d+(?![\d.]))?%?|-?\.\d+%?"
)

_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\[^a-zA-Z]|[{}]")
_HASH = re.compile(r"^[ \t]*####[ \t]*(\S.*)$", re.MULTILINE)
_PHRASE = re.compile(
    r"(?:\b(?:answer|result)\s*(?:is|was|:|=|equals)\s*:?|答案\s*(?:是|为|為|：|:|=|】)|答\s*[:：]|结果\s*(?:是|为)|答案就是)\s*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|。|；|;|\.(?=\s|$)|，(?!\d)|,(?=\s)")
_MATHS = re.compile(r"\$\$?([^$]{1,300})\$\$?|\\\(((?:(?!\\\)).){1,300})\\\)", re.DOTALL)


def last_boxed(text: str) -> str | None:
    r"""The content of the last balanced `\boxed{...}`, or None. Linear in the length of the text."""
    if "boxed" not in text and "\\fbox" not in text:
        return None
    open_braces: list[tuple[int, bool]] = []
    best: tuple[int, int] | None = None
    for match in _BRACES.finditer(text):
        token = match.group()
        if token == "}":
            if not open_braces:
                continue
            start, is_box = open_braces.pop()
            if is_box and (best is None or start > best[0]):
                best = (start, match.start())
        elif token.endswith("{") and (token == "{" or token[1] in "bf"):
            open_braces.append((match.end(), token != "{"))
    return None if best is None else text[best[0] : best[1]].strip()


def last_number(text: str) -> str | None:
    """The last number of a text as it is written (sign, thousands separators, fraction, percent), or None."""
    found = None
    for match in NUMBER.finditer(text):
        found = match
    if found is None:
        return None
    word = found.group()
    # "16-3": the sign belongs to a subtraction, not to the number
    if word[0] == "-" and found.start() and (text[found.start() - 1].isalnum() or text[found.start() - 1] in ")]}"):
        word = word[1:]
    return word


def _from_sentence(sentence: str) -> str | None:
    """The answer in the rest of a line: its formula, else its last number, else its words."""
    sentence = sentence.strip().strip("*_").strip()
    maths = list(_MATHS.finditer(sentence))
    if maths:
        return (maths[-1].group(1) or maths[-1].group(2)).strip()
    if "\\" in sentence:
        return sentence
    return last_number(sentence) or (sentence.strip(" .。:：") or None)


def _after_phrase(text: str) -> str | None:
    last = None
    for match in _PHRASE.finditer(text):
        last = match
    if last is None:
        return None
    rest = text[last.end() : last.end() + 400]
    end = _SENTENCE_END.search(rest)
    return _from_sentence(rest[: end.start()] if end else rest)


def extract(text: str, mode: str = "strict") -> tuple[str | None, str]:
    """(answer, where): the final answer as written and the rule that found it; (None, "none") without one.

    mode: "strict" reads only rule 1 of the module's list, "lenient" all of them in their order.
    """
    text = text[-TAIL:]
    boxed = last_boxed(text)
    if boxed is not None:
        return boxed, "boxed"
    if mode == "strict":
        return None, "none"
    hashes = _HASH.findall(text)
    if hashes:
        return _from_sentence(hashes[-1]), "hash"
    answer = _after_phrase(text)
    if answer is not None:
        return answer, "phrase"
    number = last_number(text)
    return (number, "number") if number is not None else (None, "none")
