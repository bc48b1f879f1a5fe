import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.rl.objective import gradient_coefficient, grpo, k3

CLIP, BETA = 0.2, 0.04


def case(seed: int, outputs: int = 6, tokens: int = 7) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    lengths = torch.randint(1, tokens + 1, (outputs,), generator=generator)
    return {
        "policy": -draw(outputs, tokens).abs(),
        "old": -draw(outputs, tokens).abs(),
        "reference": -draw(outputs, tokens).abs(),
        "advantages": draw(outputs, 1),
        "mask": (torch.arange(tokens)[None] < lengths[:, None]).double(),
    }


def by_hand(policy, old, reference, advantages, mask) -> float:
    """Eq. 3 and 4 with loops: mean over the tokens of an output, then over outputs."""
    total = 0.0
    for i in range(len(policy)):
        inner, length = 0.0, int(mask[i].sum())
        for t in range(length):
            rho = math.exp(policy[i, t] - old[i, t])
            advantage = advantages[i, 0].item()
            surrogate = min(rho * advantage, min(max(rho, 1 - CLIP), 1 + CLIP) * advantage)
            x = math.exp(reference[i, t] - policy[i, t])
            inner += surrogate - BETA * (x - math.log(x) - 1)
        total += inner / length
    return total / len(policy)


@pytest.mark.parametrize("seed", range(5))
def test_value_is_equation_3(seed: int) -> None:
    tensors = case(seed)
    value = grpo(**tensors, clip=CLIP, beta=BETA).value.mean().item()
    assert value == pytest.approx(by_hand(**tensors), abs=1e-12)


def test_every_output_has_the_same_weight_whatever_its_length() -> None:
    zeros = torch.zeros(2, 10, dtype=torch.float64)
    mask = torch.zeros(2, 10, dtype=torch.float64)
    mask[0, :1], mask[1] = 1, 1
    advantages = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    objective = grpo(zeros, zeros, None, advantages, mask, CLIP, 0.0)
    assert objective.value.sum().item() == 0.0  # a mean over all tokens would give -9/11


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_gradient_on_policy_is_the_coefficient_of_equation_21(seed: int) -> None:
    tensors = case(seed)
    policy = tensors["policy"].clone().requires_grad_()
    tensors |= {"policy": policy, "old": policy.detach()}
    grpo(**tensors, clip=CLIP, beta=BETA).value.mean().backward()
    coefficient = gradient_coefficient(policy.detach(), tensors["reference"], tensors["advantages"], BETA)
    mask = tensors["mask"]
    expected = coefficient * mask / mask.sum(1, keepdim=True) / len(policy)
    assert policy.grad is not None
    assert torch.allclose(policy.grad, expected, atol=1e-9, rtol=0)


def test_clip_stops_the_gradient_only_where_the_minimum_takes_it() -> None:
    old = torch.zeros(1, 4, dtype=torch.float64)
    policy = torch.tensor([[0.5, -0.5, 0.5, -0.5]], dtype=torch.float64, requires_grad=True)
    advantages = torch.tensor([[1.0, 1.0, -1.0, -1.0]], dtype=torch.float64)
    objective = grpo(policy, old, None, advantages, torch.ones_like(old), CLIP, 0.0)
    objective.value.sum().backward()
    assert policy.grad is not None
    # Up with a positive advantage and down with a negative one are cut off; the way back never is.
    assert (policy.grad[0] != 0).tolist() == [False, True, True, False]
    assert objective.clipped.item() == 0.5


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_k3_is_never_negative_and_zero_for_equal_models(policy: float, reference: float) -> None:
    left, right = torch.tensor([policy], dtype=torch.float64), torch.tensor([reference], dtype=torch.float64)
    assert k3(left, right).item() >= -1e-15 * max(1.0, abs(reference - policy))  # rounding
    assert k3(left, left).item() == 0


def test_masked_tokens_change_nothing() -> None:
    tensors = case(3)
    changed = {key: value.clone() for key, value in tensors.items()}
    hidden = tensors["mask"] == 0
    for key in ("policy", "old", "reference"):
        changed[key][hidden] = -3.0
    left, right = (grpo(**some, clip=CLIP, beta=BETA).value for some in (tensors, changed))
    assert torch.equal(left, right)
