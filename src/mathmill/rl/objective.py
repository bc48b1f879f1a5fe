"""The GRPO objective (paper, section 4.1.1, Eq. 3 and 4) and its gradient coefficient (appendix A.1.6, Eq. 21)."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Objective:
    """Per-output objective and what is worth watching; all are [outputs], means over the tokens of each output."""

    value: torch.Tensor
    kl: torch.Tensor
    clipped: torch.Tensor


def k3(policy: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Unbiased, non-negative estimate of KL[policy || reference] at each token: x - log x - 1, x = pi_ref / pi (Eq. 4).

    policy, reference: log-probabilities of the sampled tokens, same shape.
    """
    log_ratio = reference - policy
    return torch.expm1(log_ratio) - log_ratio  # exp() - 1 would lose the small differences that KL begins with


def grpo(
    policy: torch.Tensor,
    old: torch.Tensor,
    reference: torch.Tensor | None,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    clip: float,
    beta: float,
) -> Objective:
    """Eq. 3 for each output: the mean over its tokens of min(rho A, clip(rho) A) - beta KL. To be maximised.

    policy, old, reference: [outputs, tokens] log-probabilities of the sampled tokens (reference may be None if beta is
    0); advantages: [outputs, tokens] or [outputs, 1]; mask: [outputs, tokens], 1 on the tokens of the output. The mean
    over outputs (and questions) is left to the caller, who may hold only a part of the batch: every output has the
    same weight, whatever its length.
    """
    ratio = (policy - old).exp()
    clipped_ratio = ratio.clamp(1 - clip, 1 + clip)
    surrogate = torch.minimum(ratio * advantages, clipped_ratio * advantages)
    acts = (clipped_ratio * advantages < ratio * advantages).to(policy.dtype)
    divergence = k3(policy, reference) if reference is not None else torch.zeros_like(policy)
    count = mask.sum(dim=1).clamp(min=1)

    def mean(values: torch.Tensor) -> torch.Tensor:
        return (values * mask).sum(dim=1) / count

    return Objective(mean(surrogate - beta * divergence), mean(divergence.detach()), mean(acts))


def gradient_coefficient(
    policy: torch.Tensor, reference: torch.Tensor, advantages: torch.Tensor, beta: float
) -> torch.Tensor:
    """GC of Eq. 21: A + beta (pi_ref / pi - 1), the factor of each token's score function when pi_old = pi."""
    return advantages + beta * ((reference - policy).exp() - 1)
