"""From rewards to the credit of each token: group-relative (paper 4.1.2, 4.1.3), by a critic (4.1.1), by pairs."""

from collections.abc import Sequence

import torch

from mathmill.rl.config import AdvantageConfig


def group_advantages(rewards: torch.Tensor, config: AdvantageConfig) -> torch.Tensor:
    """(r_i - mean(r)) / (std(r) + epsilon) over the outputs of each question: outcome supervision (4.1.2).

    rewards: [questions, outputs]. Returns the same shape. A group whose rewards are all equal carries no signal and
    gets exactly zero: the paper is silent on it, on epsilon, and on which standard deviation is meant (unbiased:
    divide by G-1). Raises ValueError for a reward that is not finite, or for a group of one.
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards must be [questions, outputs] with at least two outputs, not {list(rewards.shape)}")
    return torch.stack([_standardised(group, config) for group in rewards])


def process_advantages(
    ends: Sequence[Sequence[int]],
    rewards: Sequence[Sequence[float]],
    lengths: Sequence[int],
    outputs: int,
    config: AdvantageConfig,
) -> list[torch.Tensor]:
    """Process supervision (4.1.3): the sum of the standardised rewards of the steps that end at or after each token.

    ends, rewards: for each output, the index of each step's last token and that step's reward; lengths: tokens of each
    output; outputs: how many in a row belong to one question. Mean and deviation are over all steps of all outputs of a
    question. Returns a tensor [length] for each output. A token behind the last step is credited with nothing (the
    paper is silent).
    """
    found = []
    for first in range(0, len(lengths), outputs):
        group = range(first, first + outputs)
        flat = torch.tensor([value for row in group for value in rewards[row]], dtype=torch.float32)
        standard = iter(_standardised(flat, config).tolist())
        for row in group:
            credit = torch.zeros(lengths[row])
            for end, _ in zip(ends[row], rewards[row], strict=True):
                credit[: end + 1] += next(standard)
            found.append(credit)
    return found


def _standardised(rewards: torch.Tensor, config: AdvantageConfig) -> torch.Tensor:
    """Rewards [n] with mean 0 (and deviation 1 with config.scale); zeros where all are equal."""
    if not torch.isfinite(rewards).all():
        raise ValueError("a reward is not finite: the reward function must return numbers")
    if len(rewards) < 2 or rewards.amax() == rewards.amin():
        return torch.zeros_like(rewards)
    centred = rewards - rewards.mean()
    if not config.scale:
        return centred
    return centred / (rewards.std(correction=1 if config.unbiased else 0) + config.epsilon)


def generalised_advantages(
    rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, discount: float, trace: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """(advantages, returns) of PPO by generalised advantage estimation (arXiv:1506.02438); all [outputs, tokens].

    rewards: of each token; values: the critic's estimate before each token; mask: 1 on the tokens of the output, which
    start at the first column. Behind the last token the value is 0: an output ends there.
    """
    advantages = torch.zeros_like(rewards)
    following = running = torch.zeros(len(rewards), dtype=rewards.dtype, device=rewards.device)
    for t in reversed(range(rewards.shape[1])):
        inside = mask[:, t]
        surprise = rewards[:, t] + discount * following - values[:, t]
        running = (surprise + discount * trace * running) * inside
        following = values[:, t] * inside
        advantages[:, t] = running
    return advantages, (advantages + values) * mask


def preference_pairs(rewards: torch.Tensor, most: int) -> list[tuple[int, int, bool]]:
    """(better, worse, whether their rewards differ) as rows of the flattened rewards [questions, outputs].

    The best with the worst, the second with the second last, and so on; `most` pairs of each question (G // 2 where
    that is less), no output twice. A pair of equal rewards says nothing, and is listed so that every question has as
    many pairs.
    """
    pairs = []
    for question, group in enumerate(rewards.tolist()):
        order = sorted(range(len(group)), key=lambda place: (-group[place], place))
        first = question * len(group)
        for better, worse in list(zip(order, reversed(order), strict=True))[: min(most, len(group) // 2)]:
            pairs.append((first + better, first + worse, group[better] > group[worse]))
    return pairs
