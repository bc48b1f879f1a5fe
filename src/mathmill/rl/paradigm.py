"""The unified paradigm (paper, section 5.2.1): a method = a data source x a reward function x a gradient coefficient.

The six rows of the paper's table. A coefficient is a function of rl/objective.py; what it weighs (a verdict, an
advantage) is computed in rl/advantage.py from the reward of each output. SFT is the row that stage `sft` trains.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mathmill.rl.objective import Objective, Settings, Tokens, clipped, likelihood, preference


class Source(Enum):
    """Where the outputs come from."""

    DATA = "solutions of the instruction set"
    START = "sampled from the model that training starts from (offline)"
    POLICY = "sampled from the policy as it is now (online)"


class Credit(Enum):
    """What the coefficient of an output's tokens is made of."""

    ALL = "1: every output is taken as good"
    RIGHT = "1 where the reward says right, else 0"
    PAIR = "+1 and -1 in pairs of a better and a worse output of one question"
    CRITIC = "advantages by a learned value of each token (GAE), KL in the reward"
    GROUP = "rewards relative to the group of outputs of the same question"


@dataclass(frozen=True)
class Method:
    """One row. paper_reward: what scored the outputs in the paper; here it is the key rl.reward."""

    source: Source
    paper_reward: str
    credit: Credit
    objective: Callable[[Tokens, Settings], Objective]

    @property
    def offline(self) -> bool:
        """Whether the outputs of a question are always the same."""
        return self.source is not Source.POLICY


PARADIGM: dict[str, Method] = {
    "sft": Method(Source.DATA, "human choice", Credit.ALL, likelihood),
    "rft": Method(Source.START, "rule", Credit.RIGHT, likelihood),
    "dpo": Method(Source.START, "rule", Credit.PAIR, preference),
    "online_rft": Method(Source.POLICY, "rule", Credit.RIGHT, likelihood),
    "ppo": Method(Source.POLICY, "model", Credit.CRITIC, clipped),
    "grpo": Method(Source.POLICY, "model", Credit.GROUP, clipped),
}
