import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mathmill.rl.objective import Objective, Settings, Tokens, clipped, kl_term, likelihood, preference
from mathmill.rl.paradigm import PARADIGM

CLIP, BETA = 0.2, 0.04
PAPER = Settings(clip=CLIP, beta=BETA)


def case(seed: int, outputs: int = 6, tokens: int = 7) -> Tokens:
    """Random log-probabilities, far enough apart that some ratios are cut; outputs 2i and 2i + 1 are partners."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    lengths = torch.randint(1, tokens + 1, (outputs,), generator=generator)
    old = -draw(outputs, tokens).abs()
    return Tokens(
        policy=old + 0.3 * draw(outputs, tokens),
        old=old,
        reference=old + 0.3 * draw(outputs, tokens),
        credit=draw(outputs, 1),
        mask=(torch.arange(tokens)[None] < lengths[:, None]).double(),
        partner=torch.arange(outputs) ^ 1,
        weight=draw(outputs, tokens).exp(),
    )


def mean_of_outputs(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return ((values * mask).sum(1) / mask.sum(1)).mean()


def gradients(function, tokens: Tokens, settings: Settings) -> tuple[torch.Tensor, torch.Tensor]:
    """(of the written objective, by autograd; that which the coefficient makes): by the policy's log-probabilities."""
    policy = tokens.policy.clone().requires_grad_()
    live: Objective = function(replace(tokens, policy=policy), settings)
    mean_of_outputs(live.value, tokens.mask).backward()
    fixed: Objective = function(tokens, settings)
    mask = tokens.mask
    assert policy.grad is not None
    return policy.grad, fixed.coefficient * mask / mask.sum(1, keepdim=True) / len(mask)


SETTINGS = {
    "grpo": (clipped, PAPER),
    "one bound": (clipped, replace(PAPER, beta=0.0)),
    "clip-higher": (clipped, replace(PAPER, clip_high=0.28)),
    "gspo": (clipped, replace(PAPER, ratio="sequence", clip=0.05)),
    "k1": (clipped, replace(PAPER, kl="k1", beta=0.7)),
    "k2": (clipped, replace(PAPER, kl="k2", beta=0.7)),
    "likelihood": (likelihood, PAPER),
    "dpo": (preference, Settings(dpo_beta=0.7)),
    "dpo, sums": (preference, Settings(dpo_beta=0.1, dpo_margin="sum")),
}


@pytest.mark.parametrize("name", SETTINGS)
@hypothesis_settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_coefficients_are_the_gradients_of_the_written_objectives(name: str, seed: int) -> None:
    function, settings = SETTINGS[name]
    tokens = case(seed)
    if function is preference:
        tokens = replace(tokens, credit=torch.tensor([[1.0], [-1.0], [-1.0], [1.0], [0.0], [0.0]]).double())
    autograd, ours = gradients(function, tokens, settings)
    torch.testing.assert_close(autograd, ours, atol=1e-9, rtol=0)


def test_every_row_of_the_table_has_a_tested_coefficient() -> None:
    assert list(PARADIGM) == ["sft", "rft", "dpo", "online_rft", "ppo", "grpo"]
    assert {row.objective for row in PARADIGM.values()} == {function for function, _ in SETTINGS.values()}


def by_hand(tokens: Tokens) -> float:
    """Eq. 3 and 4 with loops: mean over the tokens of an output, then over outputs."""
    total = 0.0
    assert tokens.reference is not None
    for i in range(len(tokens.policy)):
        inner, length = 0.0, int(tokens.mask[i].sum())
        for t in range(length):
            rho = math.exp(tokens.policy[i, t] - tokens.old[i, t])
            advantage = tokens.credit[i, 0].item()
            surrogate = min(rho * advantage, min(max(rho, 1 - CLIP), 1 + CLIP) * advantage)
            x = math.exp(tokens.reference[i, t] - tokens.policy[i, t])
            inner += surrogate - BETA * (x - math.log(x) - 1)
        total += inner / length
    return total / len(tokens.policy)


@pytest.mark.parametrize("seed", range(5))
def test_value_is_equation_3(seed: int) -> None:
    tokens = replace(case(seed), weight=None)
    assert mean_of_outputs(clipped(tokens, PAPER).value, tokens.mask).item() == pytest.approx(
        by_hand(tokens), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_on_policy_the_coefficient_is_equation_21(seed: int) -> None:
    tokens = case(seed)
    tokens = replace(tokens, old=tokens.policy, weight=None)
    expected = tokens.credit + BETA * ((tokens.reference - tokens.policy).exp() - 1)
    torch.testing.assert_close(clipped(tokens, PAPER).coefficient, expected, atol=1e-12, rtol=0)


def test_rejection_sampling_is_the_verdict() -> None:
    """Eq. 10: the coefficient is I(the answer is right), whatever the policy thinks of the output."""
    tokens = replace(case(0), credit=torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0], [0.0]]).double())
    assert torch.equal(likelihood(tokens, PAPER).coefficient, tokens.credit.expand(6, 7))


def test_dpo_is_equation_12() -> None:
    tokens = replace(case(1), credit=torch.tensor([[1.0], [-1.0]] * 3).double())
    assert tokens.reference is not None
    expected = []
    for better in range(0, 6, 2):
        ratios = []
        for row in (better, better + 1):
            length = int(tokens.mask[row].sum())
            ratios.append(float((tokens.policy - tokens.reference)[row, :length].sum()) / length)
        margin = 0.7 * ratios[0] - 0.7 * ratios[1]
        expected.append(-math.log(1 + math.exp(-margin)))
    objective = preference(tokens, Settings(dpo_beta=0.7))
    assert mean_of_outputs(objective.value, tokens.mask).item() * 2 == pytest.approx(sum(expected) / 3, abs=1e-12)


def test_every_output_has_the_same_weight_whatever_its_length() -> None:
    zeros = torch.zeros(2, 10, dtype=torch.float64)
    mask = torch.zeros(2, 10, dtype=torch.float64)
    mask[0, :1], mask[1] = 1, 1
    credit = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    objective = clipped(Tokens(zeros, zeros, None, credit, mask), Settings())
    assert mean_of_outputs(objective.value, mask).item() == 0.0  # a mean over all tokens would give -9/11


def test_clip_stops_the_gradient_only_where_the_minimum_takes_it() -> None:
    old = torch.zeros(1, 4, dtype=torch.float64)
    policy = torch.tensor([[0.5, -0.5, 0.5, -0.5]], dtype=torch.float64)
    credit = torch.tensor([[1.0, 1.0, -1.0, -1.0]], dtype=torch.float64)
    objective = clipped(Tokens(policy, old, None, credit, torch.ones_like(old)), Settings(clip=CLIP))
    # Up with a positive advantage and down with a negative one are cut off; the way back never is.
    assert (objective.coefficient[0] != 0).tolist() == [False, True, True, False]
    assert objective.clipped[0].tolist() == [1, 0, 0, 1]


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_k3_is_never_negative_and_zero_for_equal_models(policy: float, reference: float) -> None:
    left, right = torch.tensor([policy], dtype=torch.float64), torch.tensor([reference], dtype=torch.float64)
    assert kl_term(left, right)[0].item() >= -1e-15 * max(1.0, abs(reference - policy))  # rounding
    assert kl_term(left, left)[0].item() == 0


def test_estimators_agree_in_the_mean() -> None:
    """k1 and k3 are unbiased: over samples of the policy both come to the divergence itself."""
    generator = torch.Generator().manual_seed(0)
    policy, reference = (torch.randn(8, generator=generator).double().log_softmax(0) for _ in range(2))
    exact = (policy.exp() * (policy - reference)).sum()
    drawn = torch.multinomial(policy.exp(), 200_000, replacement=True, generator=generator)
    for name in ("k1", "k3"):
        mean = kl_term(policy[drawn], reference[drawn], name)[0].mean()
        assert mean.item() == pytest.approx(exact.item(), rel=0.02), name


def test_masked_tokens_change_nothing() -> None:
    for function, settings in SETTINGS.values():
        tokens = case(3)
        hidden = tokens.mask == 0
        changed = {key: getattr(tokens, key).clone() for key in ("policy", "old", "reference")}
        for value in changed.values():
            value[hidden] = -3.0
        left, right = (
            function(some, settings).coefficient * tokens.mask for some in (tokens, replace(tokens, **changed))
        )
        assert torch.equal(left, right)


@pytest.mark.parametrize("offline", [False, True])
def test_the_watched_divergence_is_that_of_the_sampler(offline: bool) -> None:
    """Every token of a vocabulary weighed by its probability of being drawn: the estimate is the divergence itself."""
    generator = torch.Generator().manual_seed(0)
    both = torch.randn(2, 1, 50, generator=generator, dtype=torch.float64).log_softmax(-1)
    policy, reference = both
    sampler, other = (reference, policy) if offline else (policy, reference)
    ones = torch.ones(1, 50, dtype=torch.float64)
    watched = likelihood(Tokens(policy, policy, reference, ones, ones), Settings(offline=offline)).kl
    divergence = (sampler.exp() * (sampler - other)).sum()
    assert (sampler.exp() * watched).sum() == pytest.approx(divergence, abs=1e-12)
