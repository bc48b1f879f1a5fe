"""From sampled outputs to labels: by the verifier (outcome), by completing every step (process, Math-Shepherd).

A step is as good as the chance to reach the expected answer from it: a completer continues N times after each step, and
the verifier judges the continuations. Hard label: any of them is right; soft label: the share of right ones. An output
that has ended is judged as it is; one that was cut at the length limit is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import xxhash
from transformers import PreTrainedTokenizerFast

from mathmill.reward.config import RewardConfig, VerifierConfig
from mathmill.reward.learn import Labelled
from mathmill.reward.steps import scored_ends
from mathmill.reward.verifier import verify
from mathmill.rl.questions import Question
from mathmill.rl.rollout import Rollout, Sampling, generate


@dataclass(frozen=True)
class Judged:
    """A sampled output and what is known of it.

    question: index of its question among those that were given. ends: places of its labels (the last token of the
    output; process: of each step). right[j] of tries[j] trials from there reached the expected answer; at the output's
    end there is one trial, the output itself.
    """

    question: int
    prompt: list[int]
    output: list[int]
    ends: list[int]
    right: list[int]
    tries: list[int]

    @property
    def correct(self) -> bool:
        """Whether the output's own answer is right."""
        return self.right[-1] == 1

    def labelled(self, labels: str = "hard") -> Labelled:
        """The sample to learn from: `hard` labels in {0, 1}, or `soft` ones, shares."""
        shares = [right / tries for right, tries in zip(self.right, self.tries, strict=True)]
        values = [float(share > 0) for share in shares] if labels == "hard" else shares
        return Labelled(self.prompt, self.output, self.ends, values)


@dataclass
class Completer:
    """The model that continues from steps, its tokenizer, and how answers are judged."""

    model: Any
    tokenizer: PreTrainedTokenizerFast
    config: RewardConfig
    verifier: VerifierConfig = field(default_factory=VerifierConfig)

    def right(self, tokens: Sequence[int], question: Question) -> bool:
        """Whether the final answer of an output is right (the paper's rule)."""
        text = str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))
        return verify(text, question.answer, config=self.verifier).correct


def label(
    kind: str,
    questions: Sequence[Question],
    prompts: Sequence[list[int]],
    outputs: Sequence[Sequence[Rollout]],
    completer: Completer,
    seed: int,
) -> list[Judged]:
    """Judge outputs[i], sampled from prompts[i] for questions[i]; in order, repeated outputs left out (reward.unique).

    kind: outcome or process. Random numbers of continuations are a function of (seed, question, prefix) alone, so equal
    prefixes of a question get equal labels, and are completed once.
    """
    chosen: list[tuple[int, Rollout]] = []
    for index, group in enumerate(outputs):
        seen: set[tuple[int, ...]] = set()
        for output in group:
            if not completer.config.unique or tuple(output.tokens) not in seen:
                chosen.append((index, output))
            seen.add(tuple(output.tokens))
    delimiters = completer.config.steps.delimiters
    ends = [scored_ends(kind, output.tokens, completer.tokenizer, delimiters) for _, output in chosen]
    wanted = {
        (index, tuple(output.tokens[: end + 1])): None
        for (index, output), places in zip(chosen, ends, strict=True)
        for end in places[:-1]
    }
    known = _completed(list(wanted), questions, prompts, completer, seed)
    judged = []
    for (index, output), places in zip(chosen, ends, strict=True):
        final = output.finished and completer.right(output.tokens, questions[index])
        right = [known[index, tuple(output.tokens[: end + 1])] for end in places[:-1]]
        tries = [completer.config.completions] * len(right)
        judged.append(Judged(index, prompts[index], output.tokens, places, [*right, int(final)], [*tries, 1]))
    return judged


def sampled(questions: Sequence[Question], prompts: Sequence[list[int]], completer: Completer) -> list[list[Rollout]]:
    """reward.outputs solutions of each question; their random numbers are a function of (seed, question, copy)."""
    count = completer.config.outputs
    rows = [row_id("solution", question.question, copy) for question in questions for copy in range(count)]
    found = _generated(list(prompts), count, rows, completer, completer.config.seed)
    return [found[start : start + count] for start in range(0, len(found), count)]


def row_id(*parts: object) -> int:
    """48 bits that name a row of sampling: unrelated for any two different lists of parts."""
    return xxhash.xxh3_64_intdigest(repr(parts).encode()) >> 16


def _completed(
    wanted: list[tuple[int, tuple[int, ...]]],
    questions: Sequence[Question],
    prompts: Sequence[list[int]],
    completer: Completer,
    seed: int,
) -> dict[tuple[int, tuple[int, ...]], int]:
    """How many continuations of each (question, prefix) reach the expected answer."""
    count = completer.config.completions
    contexts = [[*prompts[index], *prefix] for index, prefix in wanted]
    rows = [
        row_id("completion", questions[index].question, prefix, copy)
        for index, prefix in wanted
        for copy in range(count)
    ]
    found = _generated(contexts, count, rows, completer, seed)
    right: dict[tuple[int, tuple[int, ...]], int] = {}
    for place, (index, prefix) in enumerate(wanted):
        group = found[place * count : (place + 1) * count]
        right[index, prefix] = sum(
            one.finished and completer.right([*prefix, *one.tokens], questions[index]) for one in group
        )
    return right


def _generated(
    contexts: list[list[int]], count: int, rows: list[int], completer: Completer, seed: int
) -> list[Rollout]:
    """`count` continuations of each context, contexts of similar length side by side; in the order of `contexts`."""
    config = completer.config
    settings = Sampling(config.solutions.max_new_tokens, config.solutions.temperature, config.solutions.top_p, seed)
    order = sorted(range(len(contexts)), key=lambda index: (len(contexts[index]), index))
    each = max(1, config.rollout_rows // count)
    found: dict[int, list[Rollout]] = {}
    for start in range(0, len(order), each):
        some = order[start : start + each]
        ids = [row for index in some for row in rows[index * count : (index + 1) * count]]
        eos = completer.tokenizer.eos_token_id
        made = generate(completer.model, [contexts[index] for index in some], count, settings, eos, row_ids=ids)
        for place, index in enumerate(some):
            found[index] = made[place * count : (place + 1) * count]
    return [one for index in range(len(contexts)) for one in found[index]]
