"""Examples as token ids, and which are learned: the model's own words, not the question, not a tool's output."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy
from transformers import PreTrainedTokenizerFast

from mathmill.sft.readers import Example
from mathmill.training import template

# What a program printed, as it stands in a tool-integrated solution. The model writes the opening mark and then stops;
# the output and the closing mark come from the tool.
_OUTPUT = re.compile(r"(?<=```output)\n.*?\n```", re.DOTALL)


@dataclass(frozen=True)
class Encoded:
    """ids (n,) of prompt, answer and eos; learned (n,), bool: the tokens that a loss is computed on."""

    ids: numpy.ndarray
    learned: numpy.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def encode(
    example: Example, tokenizer: PreTrainedTokenizerFast, suffixes: Mapping[str, str], tool_output: bool = False
) -> Encoded:
    """bos, `User: {question}{suffix}`, `Assistant:`, the solution, eos (paper 3); learned is what follows `Assistant:`.

    tool_output: learn the output of programs too.
    """
    prompt = template.prompt(example.question, example.lang, example.format, suffixes)
    before = tokenizer.encode(prompt, add_special_tokens=False)
    if tokenizer.bos_token_id is not None:
        before = [tokenizer.bos_token_id, *before]
    text = template.answer(example.solution, "")
    answer = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = [*before, *answer["input_ids"], tokenizer.eos_token_id]
    learned = numpy.zeros(len(ids), dtype=bool)
    learned[len(before) :] = True
    if not tool_output and example.format == "tir":
        spans = [match.span() for match in _OUTPUT.finditer(text)]
        for place, (start, end) in enumerate(answer["offset_mapping"], start=len(before)):
            if any(start < last and end > first for first, last in spans):
                learned[place] = False
    return Encoded(numpy.asarray(ids, dtype=numpy.int64), learned)
