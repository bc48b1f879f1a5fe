import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mathmill.rl.advantage import group_advantages


def test_worked_example_of_four_outputs_one_right() -> None:
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    population = group_advantages(rewards, 0.0, unbiased=False)
    sample = group_advantages(rewards, 0.0, unbiased=True)
    assert population.tolist()[0] == pytest.approx([math.sqrt(3), *[-1 / math.sqrt(3)] * 3])  # +1.73 / -0.58
    assert sample.tolist()[0] == pytest.approx([1.5, -0.5, -0.5, -0.5])


def test_groups_without_variance_give_exactly_zero() -> None:
    # 0.1 has no exact float: the standard deviation of equal rewards must not become a rounding error over epsilon.
    rewards = torch.tensor([[1.0] * 7, [0.0] * 7, [0.1] * 7])
    assert torch.equal(group_advantages(rewards, 0.0, unbiased=True), torch.zeros(3, 7))


def test_groups_do_not_see_each_other() -> None:
    both = torch.tensor([[1.0, 0.0, 0.0], [5.0, 9.0, 1.0]])
    alone = group_advantages(both[:1], 1e-6, unbiased=True)
    assert torch.equal(group_advantages(both, 1e-6, unbiased=True)[:1], alone)


@pytest.mark.parametrize("rewards", [[[1.0, float("nan")]], [[float("inf"), 0.0]], [[1.0]], [1.0, 0.0]])
def test_unusable_rewards_are_refused(rewards: list) -> None:
    with pytest.raises(ValueError, match="reward"):
        group_advantages(torch.tensor(rewards), 1e-6, unbiased=True)


@given(
    st.lists(st.integers(-100, 100), min_size=3, max_size=20).filter(lambda r: len(set(r)) > 1),
    st.integers(1, 50),
    st.integers(-50, 50),
)
def test_standardised_and_invariant_to_affine_rewards(values: list[int], scale: int, shift: int) -> None:
    rewards = torch.tensor([values], dtype=torch.float64)
    advantages = group_advantages(rewards, 0.0, unbiased=False)
    assert advantages.mean().item() == pytest.approx(0, abs=1e-9)
    assert advantages.std(correction=0).item() == pytest.approx(1, rel=1e-9)
    moved = group_advantages(rewards * scale + shift, 0.0, unbiased=False)
    assert torch.allclose(advantages, moved, atol=1e-9)
