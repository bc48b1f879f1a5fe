"""What outputs are worth: the verifier's verdict, and where a reward model scores them, its opinion beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import verify
from mathmill.rl.config import RlConfig
from mathmill.rl.questions import Question
from mathmill.rl.rollout import Rollout


class Scored(Protocol):
    """Scores of one output: the index of each step's last token (of an outcome: the last), and a number in [0, 1]."""

    @property
    def ends(self) -> list[int]:
        """Places of the scores."""

    @property
    def values(self) -> list[float]:
        """The scores."""


class Scorer(Protocol):
    """What a reward model does for RL (mathmill.reward.model.Scorer is one)."""

    def score(self, prompts: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> Sequence[Scored]:
        """The scores of each output, given its prompt; both as token ids."""


@dataclass
class Judged:
    """right, reward: [questions, outputs]; ends, steps: for each output its steps' last tokens and their rewards.

    right is the verifier's verdict (the paper's rule), reward what is maximised; equal under rl.reward=rule.
    """

    right: torch.Tensor
    reward: torch.Tensor
    ends: list[list[int]]
    steps: list[list[float]]

    def take(self, places: list[int], other: "Judged") -> None:
        """Put the questions of `other`, in order, at `places`."""
        size = self.right.shape[1]
        for theirs, place in enumerate(places):
            self.right[place], self.reward[place] = other.right[theirs], other.reward[theirs]
            here, there = slice(place * size, (place + 1) * size), slice(theirs * size, (theirs + 1) * size)
            self.ends[here], self.steps[here] = other.ends[there], other.steps[there]


class Judge:
    """Scores outputs by rl.reward: the rule, an outcome model, or a process model (the least of its steps' scores)."""

    def __init__(self, config: RlConfig, verifier: VerifierConfig, tokenizer: Any, scorer: Scorer | None) -> None:
        if (scorer is None) != (config.reward == "rule"):
            raise ValueError("a reward model is given exactly where rl.reward names one")
        self.config, self.verifier, self.tokenizer, self.scorer = config, verifier, tokenizer, scorer

    def text(self, rollout: Rollout) -> str:
        """The output as text."""
        return str(self.tokenizer.decode(rollout.tokens, skip_special_tokens=True))

    def right(self, text: str, question: Question) -> bool:
        """Whether the text gives the expected answer; where it is looked for is rl.answer_mode."""
        return verify(text, question.answer, mode=self.config.answer_mode, config=self.verifier).correct

    def judge(self, questions: list[Question], prompts: list[list[int]], rollouts: list[Rollout]) -> Judged:
        """Score the outputs of `questions` (all of the first question, then all of the second ...).

        An output that was cut at the length limit is wrong, and its last step earns nothing, unless
        rl.reward_truncated says otherwise.
        """
        size = len(rollouts) // len(questions)
        counted = [rollout.finished or self.config.reward_truncated for rollout in rollouts]
        right = torch.tensor(
            [
                float(counts and self.right(self.text(rollout), questions[row // size]))
                for row, (rollout, counts) in enumerate(zip(rollouts, counted, strict=True))
            ]
        ).view(len(questions), size)
        if self.scorer is None:
            last = [[len(rollout.tokens) - 1] for rollout in rollouts]
            return Judged(right, right.clone(), last, [[value] for value in right.flatten().tolist()])
        scored = self.scorer.score(
            [prompts[row // size] for row in range(len(rollouts))], [rollout.tokens for rollout in rollouts]
        )
        steps = [[*one.values[:-1], one.values[-1] * counts] for one, counts in zip(scored, counted, strict=True)]
        reward = torch.tensor([min(values) for values in steps]).view(len(questions), size)
        return Judged(right, reward, [list(one.ends) for one in scored], steps)
