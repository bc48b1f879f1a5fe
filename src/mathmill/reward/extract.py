r"""Take the final answer out of a text.

The order (the first that finds something wins):

1. `boxed`: the content of the last balanced `\boxed{...}` or `\fbox{...}`, of several where nothing, a comma or "and"
   stands between them (`\boxed{1} and \boxed{2}` is the list 1, 2); strict mode stops here;
2. `hash`: the rest of the last line that starts with `####` (the form of GSM8K);
3. `phrase`: what follows the last "the answer is", "answer:", "答案是", "答案为" and their kin, to its end;
4. `formula`: the last formula of the text, where the last number of the text stands in it or it has none;
5. `number`: the last number of the text.
"""

import re

TAIL = 20_000  # only the end of a text is looked at, so that a megabyte of output costs what a page costs
NUMBER = re.compile(
    r"-?\\[dt]?frac\{-?\d+\}\{\d+\}|-?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?(?:/\d+(?!\d|\.\d))?%?|-?\.\d+%?"
)

_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\[^a-zA-Z]|[{}]")
_HASH = re.compile(r"^[ \t]*####[ \t]*(\S.*)$", re.MULTILINE)
_PHRASE = re.compile(
    r"(?:\b(?:answer|result)\s*(?:is|was|:|=|equals)\s*:?|答案\s*(?:是|为|為|：|:|=|】)|答\s*[:：]|结果\s*(?:是|为)|答案就是)\s*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|。|；|;|\.(?=\s|$)|，(?!\d)|,(?=\s)")
_MATHS = re.compile(
    r"\$\$([^$]{1,300})\$\$|\$([^$\n]{1,300})\$|\\\(((?:(?!\\\)).){1,300})\\\)|\\\[((?:(?!\\\]).){1,300})\\\]",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]?[a-z]{3,}(?![A-Za-z])")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|operatorname|begin|end)\s*\{[^{}]*\}|^\s*[A-Za-z]+\s*$")
_BETWEEN = re.compile(r"(?:,|\band\b|\bor\b|，|、|和|或|与|及)|^[\s$]*$")
_FAR = 40  # characters between two boxes that still belong to one list


def last_boxed(text: str) -> str | None:
    r"""The content of the last balanced `\boxed{...}`, or None. Linear in the length of the text."""
    if "boxed" not in text and "\\fbox" not in text:
        return None
    boxes = _boxes(text)
    if not boxes:
        return None
    _, start, end = boxes[-1]
    contents = [text[start:end].strip()]
    for (_, _, before), (opening, _, _) in zip(reversed(boxes[:-1]), reversed(boxes[1:]), strict=True):
        between = text[before + 1 : opening]
        if len(between) > _FAR or "\n\n" in between or not _BETWEEN.search(between):
            break
        contents.append("")
    first = len(boxes) - len(contents)
    return ", ".join(text[start:end].strip() for _, start, end in boxes[first:])


def _boxes(text: str) -> list[tuple[int, int, int]]:
    """(start of the command, start and end of the content) of all balanced boxes that hold no other box, in order."""
    open_braces: list[tuple[int, int, bool]] = []
    boxes: list[tuple[int, int, int]] = []
    for match in _BRACES.finditer(text):
        token = match.group()
        if token == "}":
            if not open_braces:
                continue
            opening, start, is_box = open_braces.pop()
            # A box around another one closes later but starts earlier: the inner one is what it holds.
            if is_box and not (boxes and boxes[-1][0] > opening):
                boxes.append((opening, start, match.start()))
        elif token.endswith("{") and (token == "{" or token[1] in "bf"):
            open_braces.append((match.start(), match.end(), token != "{"))
    return boxes


def last_number(text: str) -> str | None:
    """The last number of a text as it is written (sign, thousands separators, fraction, percent), or None."""
    found = _last_number(text)
    if found is None:
        return None
    word = found.group()
    # "16-3": the sign belongs to a subtraction, not to the number
    if word[0] == "-" and found.start() and (text[found.start() - 1].isalnum() or text[found.start() - 1] in ")]}"):
        word = word[1:]
    return word


def _last_number(text: str) -> re.Match[str] | None:
    found = None
    for match in NUMBER.finditer(text):
        # Digits inside a word ("AZ2K") are no number.
        if text[match.start() - 1 : match.start()].isalpha() and text[match.end() : match.end() + 1].isalpha():
            continue
        found = match
    return found


def last_formula(text: str) -> str | None:
    """The last formula of a text, unless a number follows it or it is a stretch of prose between two dollar signs."""
    found = None
    for match in _MATHS.finditer(text):
        found = match
    if found is None:
        return None
    number = _last_number(text)
    formula = _inside(found)
    if (number is not None and number.start() >= found.end()) or _WORD.search(_TEXT.sub("", formula)):
        return None
    return formula or None


def _inside(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None).strip()


def _sentence(text: str) -> str:
    """The text up to the end of its first sentence; brackets and formulas are not cut."""
    for match in _SENTENCE_END.finditer(text):
        before = text[: match.start()]
        balanced = before.count("(") <= before.count(")") and before.count("[") <= before.count("]")
        if before.count("$") % 2 == 0 and balanced:
            return before
    return text


def _from_sentence(sentence: str) -> str | None:
    """The answer in the rest of a line: its formula, else its last number, else its words."""
    sentence = sentence.strip().strip("*_").strip()
    maths = [formula for match in _MATHS.finditer(sentence) if (formula := _inside(match))]
    number = _last_number(sentence)
    # "The largest $n$ is 34": a formula without a digit only names what the number is.
    if maths and (number is None or any(character.isdigit() for character in maths[-1])):
        return maths[-1]
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
    return _from_sentence(_sentence(rest))


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
    formula = last_formula(text)
    if formula is not None:
        return formula, "formula"
    number = last_number(text)
    return (number, "number") if number is not None else (None, "none")
