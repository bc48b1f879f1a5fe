"""Group-relative advantages with outcome supervision (paper, section 4.1.2)."""

import torch


def group_advantages(rewards: torch.Tensor, epsilon: float, unbiased: bool) -> torch.Tensor:
    """(r_i - mean(r)) / (std(r) + epsilon) over the outputs of each question.

    rewards: [questions, outputs]. Returns the same shape. A group whose rewards are all equal carries no signal and
    gets exactly zero: the paper is silent on it, on epsilon, and on which standard deviation is meant (unbiased:
    divide by G-1). Raises ValueError for a reward that is not finite, or for a group of one.
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards must be [questions, outputs] with at least two outputs, not {list(rewards.shape)}")
    if not torch.isfinite(rewards).all():
        raise ValueError("a reward is not finite: the reward function must return numbers")
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    std = rewards.std(dim=1, keepdim=True, correction=1 if unbiased else 0)
    varied = rewards.amax(dim=1, keepdim=True) > rewards.amin(dim=1, keepdim=True)
    return torch.where(varied, centred / (std + epsilon), torch.zeros_like(rewards))
