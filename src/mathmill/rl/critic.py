"""The value model of PPO (paper 4.1.1): what a prefix of an output is worth, and its loss."""

from pathlib import Path
from typing import Any

import torch

from mathmill.reward.model import with_head
from mathmill.rl.likelihood import Padded, spread, states_before


def token_values(critic: Any, batch: Padded) -> torch.Tensor:
    """The critic's estimate before each output token: [rows, longest], as token_logprobs orders them.

    critic: a transformers token-classification model with one label (its logit is the value).
    """
    return spread(critic.score(states_before(critic, batch)).squeeze(-1).float(), batch)


def value_losses(values: torch.Tensor, sampled: torch.Tensor, returns: torch.Tensor, clip: float) -> torch.Tensor:
    """Half the squared error to the returns at each token, the larger of the free and the clipped one.

    values: of the critic now; sampled: when the outputs were drawn; all [rows, tokens]. The paper is silent on the
    critic's loss; this is the one of PPO implementations since OpenAI's.
    """
    bound = sampled + (values - sampled).clamp(-clip, clip)
    return torch.maximum((values - returns).square(), (bound - returns).square()) / 2


def critic_from(folder: Path) -> Any:
    """A critic with the weights of a causal language model and a head of zeros: every prefix is worth 0 at first."""
    critic = with_head(folder, "sdpa", {"num_labels": 1, "classifier_dropout": 0.0}, 0)
    with torch.no_grad():
        for parameter in critic.get_submodule("score").parameters():
            parameter.zero_()
    return critic
