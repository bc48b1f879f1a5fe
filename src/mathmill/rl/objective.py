"""Objectives of the unified paradigm and their gradient coefficients (paper, section 5.2.1 and appendix A.1).

Every method maximises sum_t value_t, and its gradient is sum_t coefficient_t * grad log pi(o_t) (Eq. 5): the functions
here return both for each token. The update uses the coefficient, the curves show the value, and the tests compare the
coefficient with what autograd makes of the value.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid


@dataclass(frozen=True)
class Settings:
    """Numbers of the objectives, as keys of RlConfig. offline: whether the reference drew the outputs."""

    clip: float = 0.2
    clip_high: float | None = None
    beta: float = 0.0
    kl: str = "k3"
    ratio: str = "token"
    dpo_beta: float = 2.0
    dpo_margin: str = "mean"
    offline: bool = False


@dataclass(frozen=True)
class Tokens:
    """What an objective sees of some outputs; [outputs, tokens] where nothing else is said.

    policy, old, reference: log-probabilities of the sampled tokens (reference: None where no term needs it). credit:
    advantage or verdict, [outputs, tokens] or [outputs, 1]. mask: 1 on the tokens of the output. partner [outputs]:
    the other output of the pair (DPO). weight: of each token's surrogate (importance sampling), None for 1.
    """

    policy: torch.Tensor
    old: torch.Tensor
    reference: torch.Tensor | None
    credit: torch.Tensor
    mask: torch.Tensor
    partner: torch.Tensor | None = None
    weight: torch.Tensor | None = None


@dataclass(frozen=True)
class Objective:
    """Value and gradient coefficient of each token, and what is worth watching; all [outputs, tokens]."""

    value: torch.Tensor
    coefficient: torch.Tensor
    kl: torch.Tensor
    clipped: torch.Tensor


def kl_term(policy: torch.Tensor, reference: torch.Tensor, estimator: str = "k3") -> tuple[torch.Tensor, torch.Tensor]:
    """(estimate of KL[policy || reference] at each token, its derivative by log pi).

    k3 is the paper's (Eq. 4): x - log x - 1 with x = pi_ref / pi, unbiased and never negative. k1: log(pi / pi_ref),
    whose derivative in a loss has mean zero; k2: half its square. Raises KeyError for another name.
    """
    log_ratio = reference - policy
    excess = torch.expm1(log_ratio)  # exp() - 1 would lose the small differences that KL begins with
    return {
        "k1": (-log_ratio, torch.ones_like(log_ratio)),
        "k2": (log_ratio.square() / 2, -log_ratio),
        "k3": (excess - log_ratio, -excess),
    }[estimator]


def likelihood(tokens: Tokens, settings: Settings) -> Objective:
    """Credit times log-likelihood: SFT (credit 1) and rejection sampling, offline and online (Eq. 6 to 11).

    The coefficient is the credit: I(answer right) in RFT and online RFT.
    """
    nothing = torch.zeros_like(tokens.policy)
    credit = tokens.credit.expand_as(tokens.policy)
    return Objective(credit * tokens.policy, credit, _watched_kl(tokens, settings), nothing)


def preference(tokens: Tokens, settings: Settings) -> Objective:
    """DPO (Eq. 12): log sigma(margin) for each pair; credit [outputs, 1] is +1 (preferred), -1 (rejected) or 0.

    The margin is dpo_beta times the difference of the outputs' log-ratios to the reference, each a mean over its
    tokens as Eq. 12 writes it (or a sum, as in DPO). Eq. 14 writes the coefficient token by token and without beta;
    what follows from Eq. 12 is beta sigma(-margin) on the preferred output, the same with a minus on the rejected one.
    """
    assert tokens.reference is not None
    assert tokens.partner is not None
    count = tokens.mask.sum(1, keepdim=True).clamp(min=1)
    total = ((tokens.policy - tokens.reference) * tokens.mask).sum(1, keepdim=True)
    own = total / count if settings.dpo_margin == "mean" else total
    margin = settings.dpo_beta * tokens.credit * (own - own[tokens.partner])
    value = torch.where(tokens.credit > 0, logsigmoid(margin), torch.zeros_like(margin))
    slope = tokens.credit * settings.dpo_beta * torch.sigmoid(-margin)
    if settings.dpo_margin == "sum":
        slope = slope * count  # the mean over tokens, which the caller takes, must not divide it
    shape = tokens.policy.shape
    return Objective(
        value.expand(shape), slope.expand(shape), _watched_kl(tokens, settings), torch.zeros_like(tokens.policy)
    )


def clipped(tokens: Tokens, settings: Settings) -> Objective:
    """min(rho A, clip(rho) A) - beta KL: PPO (Eq. 1; beta is 0, its KL stands in the reward) and GRPO (Eq. 3).

    The coefficient is rho A where the minimum takes the first branch and 0 where it is cut off, plus the derivative of
    the KL term; with one update for each batch rho is 1 and it is A + beta (pi_ref / pi - 1) (Eq. 21).
    """
    ratio = _ratio(tokens, settings)
    high = settings.clip if settings.clip_high is None else settings.clip_high
    free, bound = ratio * tokens.credit, ratio.clamp(1 - settings.clip, 1 + high) * tokens.credit
    cut = bound < free
    value, coefficient = torch.minimum(free, bound), torch.where(cut, torch.zeros_like(free), free)
    if tokens.weight is not None:
        value, coefficient = value * tokens.weight, coefficient * tokens.weight
    divergence = torch.zeros_like(tokens.policy)
    if tokens.reference is not None and settings.beta:
        divergence, slope = kl_term(tokens.policy, tokens.reference, settings.kl)
        value, coefficient = value - settings.beta * divergence, coefficient - settings.beta * slope
    watched = divergence if settings.kl == "k3" and settings.beta else _watched_kl(tokens, settings)
    return Objective(value, coefficient, watched.detach(), cut.to(tokens.policy.dtype))


def _ratio(tokens: Tokens, settings: Settings) -> torch.Tensor:
    """[outputs, tokens] of pi / pi_old; of a whole output in GSPO, with the gradient of its own token (GSPO-token)."""
    log_ratio = tokens.policy - tokens.old
    if settings.ratio == "sequence":
        count = tokens.mask.sum(1, keepdim=True).clamp(min=1)
        mean = (log_ratio * tokens.mask).sum(1, keepdim=True) / count
        log_ratio = mean.detach() + tokens.policy - tokens.policy.detach()
    return log_ratio.exp()


def _watched_kl(tokens: Tokens, settings: Settings) -> torch.Tensor:
    """How far the policy has gone from the reference, by k3, whatever the objective makes of it.

    k3 wants samples of the first of its two distributions: of outputs that the reference drew it is the divergence from
    the reference to the policy (the other one would grow without bound on outputs that the policy gives up).
    """
    if tokens.reference is None:
        return torch.zeros_like(tokens.policy)
    policy = tokens.policy.detach()
    return kl_term(*((tokens.reference, policy) if settings.offline else (policy, tokens.reference)))[0]
