"""Rows that are added come out again, and only where oneDNN would make a kernel for each number of them."""

import pytest
import torch

from mathmill.training.shapes import apply, spare

CPU = torch.device("cpu")


def test_rows_are_added_under_autocast_on_a_cpu_alone() -> None:
    assert spare(65, CPU) == 0
    with torch.autocast("cpu", torch.bfloat16):
        assert [spare(rows, CPU) for rows in (0, 1, 64, 65)] == [0, 63, 0, 63]
        assert spare(65, torch.device("cuda")) == 0


@pytest.mark.parametrize("rows", [1, 64, 70])
def test_they_change_neither_states_nor_gradients(rows: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(8, 5)
    weight = torch.randn(rows, 5)
    found = []
    for call in (layer, lambda x: apply(layer, x)):
        layer.zero_grad()
        states = torch.linspace(-1, 1, rows * 8).view(rows, 8).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            made = call(states)
        (made.float() * weight).sum().backward()
        found.append((made.detach().float(), states.grad, layer.weight.grad, layer.bias.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-2)
