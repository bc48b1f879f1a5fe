import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mathmill.rl.advantage import (
    generalised_advantages,
    group_advantages,
    preference_pairs,
    process_advantages,
)
from mathmill.rl.config import AdvantageConfig

SAMPLE, POPULATION = AdvantageConfig(epsilon=0.0), AdvantageConfig(epsilon=0.0, unbiased=False)


def test_worked_example_of_four_outputs_one_right() -> None:
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    population = group_advantages(rewards, POPULATION)
    sample = group_advantages(rewards, SAMPLE)
    assert population.tolist()[0] == pytest.approx([math.sqrt(3), *[-1 / math.sqrt(3)] * 3])  # +1.73 / -0.58
    assert sample.tolist()[0] == pytest.approx([1.5, -0.5, -0.5, -0.5])


def test_groups_without_variance_give_exactly_zero() -> None:
    # 0.1 has no exact float: the standard deviation of equal rewards must not become a rounding error over epsilon.
    rewards = torch.tensor([[1.0] * 7, [0.0] * 7, [0.1] * 7])
    assert torch.equal(group_advantages(rewards, SAMPLE), torch.zeros(3, 7))


def test_groups_do_not_see_each_other() -> None:
    both = torch.tensor([[1.0, 0.0, 0.0], [5.0, 9.0, 1.0]])
    alone = group_advantages(both[:1], AdvantageConfig())
    assert torch.equal(group_advantages(both, AdvantageConfig())[:1], alone)


@pytest.mark.parametrize("rewards", [[[1.0, float("nan")]], [[float("inf"), 0.0]], [[1.0]], [1.0, 0.0]])
def test_unusable_rewards_are_refused(rewards: list) -> None:
    with pytest.raises(ValueError, match="reward"):
        group_advantages(torch.tensor(rewards), AdvantageConfig())


@given(
    st.lists(st.integers(-100, 100), min_size=3, max_size=20).filter(lambda r: len(set(r)) > 1),
    st.integers(1, 50),
    st.integers(-50, 50),
)
def test_standardised_and_invariant_to_affine_rewards(values: list[int], scale: int, shift: int) -> None:
    rewards = torch.tensor([values], dtype=torch.float64)
    advantages = group_advantages(rewards, POPULATION)
    assert advantages.mean().item() == pytest.approx(0, abs=1e-9)
    assert advantages.std(correction=0).item() == pytest.approx(1, rel=1e-9)
    moved = group_advantages(rewards * scale + shift, POPULATION)
    assert torch.allclose(advantages, moved, atol=1e-9)


def test_without_scale_the_mean_alone_is_taken_off() -> None:
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    found = group_advantages(rewards, AdvantageConfig(scale=False))
    assert found.tolist() == [[0.75, -0.25, -0.25, -0.25], [0.0, 0.0, 0.0, 0.0]]


def test_process_supervision_sums_the_steps_to_come() -> None:
    """Paper 4.1.3 by hand: two outputs of one question, with two steps and one."""
    ends, rewards = [[1, 4], [2]], [[1.0, 0.0], [0.5]]
    first, second = process_advantages(ends, rewards, [5, 3], 2, POPULATION)
    deviation = math.sqrt((0.25 + 0.25 + 0.0) / 3)
    # The first step is worth +0.5, the second -0.5 (over the deviation); tokens up to the first end are credited both.
    assert first.tolist() == pytest.approx([0.0, 0.0, *[-0.5 / deviation] * 3], abs=1e-6)
    assert second.tolist() == [0.0, 0.0, 0.0]


def test_process_supervision_with_one_step_is_outcome_supervision() -> None:
    rewards = torch.tensor([[0.1, 0.7, 0.4], [0.9, 0.9, 0.9]])
    lengths = [3, 1, 2, 2, 2, 4]
    found = process_advantages(
        [[length - 1] for length in lengths], [[value] for value in rewards.flatten().tolist()], lengths, 3, SAMPLE
    )
    expected = group_advantages(rewards, SAMPLE).flatten()
    for row, credit in enumerate(found):
        torch.testing.assert_close(credit, expected[row].expand(lengths[row]))


def test_tokens_behind_the_last_step_are_credited_with_nothing() -> None:
    first, _ = process_advantages([[1], [0]], [[1.0], [0.0]], [4, 1], 2, POPULATION)
    assert first.tolist() == pytest.approx([1.0, 1.0, 0.0, 0.0])


@given(st.integers(0, 1000), st.floats(0.1, 1), st.floats(0, 1))
def test_generalised_advantages_are_the_discounted_sum_of_surprises(seed: int, discount: float, trace: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    rewards, values = (torch.randn(3, 5, generator=generator).double() for _ in range(2))
    lengths = [5, 2, 1]
    mask = (torch.arange(5)[None] < torch.tensor(lengths)[:, None]).double()
    advantages, returns = generalised_advantages(rewards * mask, values, mask, discount, trace)
    for row, length in enumerate(lengths):
        after = [*values[row, 1:length].tolist(), 0.0]
        surprise = [float(rewards[row, t]) + discount * after[t] - float(values[row, t]) for t in range(length)]
        for t in range(length):
            expected = sum((discount * trace) ** (k - t) * surprise[k] for k in range(t, length))
            assert float(advantages[row, t]) == pytest.approx(expected, abs=1e-9)
            assert float(returns[row, t]) == pytest.approx(expected + float(values[row, t]), abs=1e-9)
    assert not advantages[mask == 0].any()


def test_pairs_are_best_with_worst_and_no_output_is_in_two() -> None:
    rewards = torch.tensor([[0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    pairs = preference_pairs(rewards, 2)
    assert [pair[:2] for pair in pairs if pair[2]] == [(1, 2), (3, 0), (4, 7)]
    assert len(pairs) == 6  # as many of every question, so that ranks make as many passes
    rows = [row for better, worse, _ in pairs for row in (better, worse)]
    assert len(set(rows)) == len(rows)
