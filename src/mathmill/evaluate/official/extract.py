r"""Where the official evaluation finds an answer in a text (paper 8.2).

The order: between "final answer is $" and "$. I hope"; every balanced `boxed{...}` where the word "boxed" stands at all
(so `\boxed 5` finds nothing, and nothing else is tried); behind the last "he answer is"; the last ```output block; the
last number once commas are gone. Of each find the first line counts.
"""

import re
from collections.abc import Callable

from mathmill.evaluate.official.strip import strip_string

INVALID = "[invalid]"
NUMBER = re.compile(r"-?\d+\.?\d*")
_LAST_NUMBER = re.compile(r"-?\d*\.?\d+")
_AND = re.compile(r"\\text\{\s*and\s*\}")
_CHOICE = re.compile(r"the final answer is \(?([abcd])\)?")
_OCW = re.compile(r"final answer is (.*)\. I hope it is correct.")


def boxed(text: str) -> list[str]:
    """The contents of all balanced boxes in order; an inner box counts beside the one that holds it."""
    found = []
    for piece in text.split("boxed{")[1:]:
        depth = 0
        for place, character in enumerate(piece):
            depth += (character == "{") - (character == "}")
            if depth < 0:
                # A percent sign behind a box counts, the closing brace stays with it.
                found.append(piece[: place + (piece[place + 1 : place + 2] == "%")])
                break
    return found


def program_output(text: str) -> str:
    """The content of the last ```output block, empty without one."""
    _, marker, rest = text.rpartition("```output")
    return rest.partition("```")[0].strip() if marker else ""


def answers(text: str) -> list[str]:
    """All answers that the first rule with a match finds, spelled by `strip_string`."""
    if "final answer is $" in text and "$. I hope" in text:
        found = [text.split("final answer is $", 1)[1].split("$. I hope", 1)[0]]
    elif "boxed" in text:
        found = boxed(text)
    elif "he answer is" in text:
        found = [text.rpartition("he answer is")[2]]
    elif output := program_output(text):
        found = [output]
    else:
        found = _LAST_NUMBER.findall(text.replace(",", ""))[-1:]
    return [strip_string(one.strip().split("\n")[0].lstrip(":").rstrip(".").rstrip("/")) for one in found]


def single(text: str) -> str:
    """The last of `answers`; empty without one."""
    return (answers(text) or [""])[-1]


def listed(question: str, text: str) -> list[str]:
    r"""MATH: all of `answers`; at commas where the question asks for a list, at `\text{ and }`, one is several."""
    found: list[str] = []
    for one in answers(text):
        if "separated by commas" in question and not set("()[]") & set(one):
            found += [part.strip() for part in one.split(",")]
        else:
            found += [part.strip() for part in _AND.split(one)]
    return found


def until(marker: str, text: str) -> str:
    """What stands before a marker: a base model goes on with a problem of its own."""
    return text.partition(marker)[0]


def gsm8k_few_shot(text: str) -> str:
    """The last number before "Q: ", commas left in: "1,200" is read as 200."""
    return (NUMBER.findall(until("Q: ", text)) or [INVALID])[-1]


def cmath_few_shot(text: str) -> str:
    """The last number of the line behind the first "答案是"; without those words what `single` finds."""
    text = until("问题：", text)
    if "答案是" not in text:
        return single(text)
    line = text.split("答案是", 1)[1].strip().split("\n")[0]
    return (NUMBER.findall(line) or [INVALID])[-1]


def choice_few_shot(text: str) -> str:
    """SAT and MMLU-STEM: the letter behind the first "the final answer is", in any case; "placeholder" without one."""
    found = _CHOICE.search(until("Problem:", text).lower())
    return found[1].upper() if found else "placeholder"


def ocw_few_shot(text: str) -> str:
    """OCW: what stands between "final answer is" and "I hope it is correct." on one line."""
    found = _OCW.search(until("Problem:", text))
    return found[1] if found else INVALID


def gaokao_few_shot(text: str) -> str:
    """Gaokao: the first line behind the first "答案是"; "placeholder" without those words."""
    text = until("问题 ", text)
    if "答案是" not in text:
        return "placeholder"
    return text.split("答案是", 1)[1].strip().split("\n")[0].strip()


def boxed_or(few_shot: Callable[[str], str]) -> Callable[[str], str]:
    """For tuned models on the sets that the paper asks base models only: the last box, else the few-shot rule."""
    return lambda text: (boxed(text) or [few_shot(text)])[-1]
