import pytest
import torch
from training.toys import toy_model

from mathmill.training.losses import IGNORE, _cross_entropy, picked_logprobs, shifted, token_losses


def test_targets_are_the_next_tokens() -> None:
    ids = torch.tensor([[5, 6, 7, 8]])
    assert shifted(ids).tolist() == [[6, 7, 8, IGNORE]]


def test_losses_are_those_of_transformers() -> None:
    model = toy_model()
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    ours = token_losses(model, ids, shifted(ids))
    assert ours.shape == (45,)
    torch.testing.assert_close(ours.mean(), model(input_ids=ids, labels=ids).loss)


def test_slices_change_nothing() -> None:
    model = toy_model()
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    whole, sliced = token_losses(model, ids, shifted(ids)), token_losses(model, ids, shifted(ids), slice_size=7)
    torch.testing.assert_close(whole, sliced)


def test_the_head_is_called_as_often_whatever_the_number_of_targets() -> None:
    """Under ZeRO-3 each call gathers weights from all ranks, whose batches differ in targets and not in shape."""
    calls = []
    for counted in (0, 5, 47):
        model = toy_model()
        made: list[int] = []
        model.lm_head.register_forward_hook(lambda module, inputs, output, made=made: made.append(len(output)))
        ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
        targets = ids.clone()
        targets.view(-1)[counted:] = IGNORE
        token_losses(model, ids, targets, slice_size=7).sum().backward()
        assert max(made) <= 7
        calls.append(len(made))
    assert calls == [14, 14, 14]  # 7 slices, each computed again in the backward pass


def test_positions_that_fall_back_to_zero_separate_documents() -> None:
    model = toy_model()
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randint(3, 200, (1, length), generator=generator) for length in (6, 10))
    packed = torch.cat([first, second], dim=1)
    positions = torch.cat([torch.arange(6), torch.arange(10)])[None]
    targets = torch.cat([shifted(first), shifted(second)], dim=1)
    together = token_losses(model, packed, targets, positions)
    alone = torch.cat([token_losses(model, ids, shifted(ids)) for ids in (first, second)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_and_gradients_are_those_of_cross_entropy(dtype: torch.dtype) -> None:
    """Also where the softmax is saturated and where logits are far from zero."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([[0.1], [1.0], [30.0], [1.0]])
    values = torch.randn(4, 50, generator=generator) * scale + torch.tensor([[0.0], [1e4], [0.0], [-1e4]])
    wanted, weight = torch.randint(0, 50, (4,), generator=generator), torch.tensor([1.0, -2.0, 0.5, 3.0])
    found = []
    for losses_of in (
        lambda x, y: _cross_entropy(torch.nn.Identity(), x, y),
        lambda x, y: -picked_logprobs(x, y)[0],
        lambda x, y: torch.nn.functional.cross_entropy(x.float(), y, reduction="none"),
    ):
        logits = values.to(dtype).requires_grad_()
        kept = logits.detach().clone()
        losses = losses_of(logits, wanted)
        (losses * weight).sum().backward()
        assert torch.equal(logits, kept)
        found.append((losses.detach(), logits.grad))
    for ours in found[:2]:
        torch.testing.assert_close(ours, found[2], atol=2e-6, rtol=1e-5 if dtype == torch.float32 else 8e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_entropies(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 50, generator=generator) * torch.tensor([[0.0], [1.0], [30.0], [1.0]])
    logits = (logits + torch.tensor([[0.0], [1e4], [0.0], [0.0]])).to(dtype).requires_grad_()
    _, entropies = picked_logprobs(logits, torch.tensor([0, 1, 2, 3]))
    expected = torch.distributions.Categorical(logits=logits.detach().double()).entropy()
    assert not entropies.requires_grad
    torch.testing.assert_close(entropies.double(), expected, atol=2e-6, rtol=1e-5)


def test_a_loss_that_breaks_down_is_not_finite() -> None:
    logits = torch.tensor([[0.0, float("nan"), 1.0], [0.0, float("inf"), 1.0]])
    assert not torch.cat(picked_logprobs(logits, torch.tensor([0, 0]))).isfinite().any()


def test_no_target_no_loss() -> None:
    ids = torch.tensor([[5, 6]])
    assert token_losses(toy_model(), ids, torch.full_like(ids, IGNORE)).shape == (0,)


def kept_bytes(slice_size: int | None) -> int:
    """Bytes that the forward pass of the loss keeps for its backward pass, each storage counted once."""
    model = toy_model()
    ids = torch.randint(3, 200, (8, 32), generator=torch.Generator().manual_seed(0))
    held: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        losses = token_losses(model, ids, shifted(ids), slice_size=slice_size)
    assert losses.requires_grad
    return sum(storage.nbytes() for storage in held.values())


def test_slices_keep_no_logits_and_give_the_same_gradients() -> None:
    logits = 8 * 31 * toy_model().config.vocab_size * 4
    assert kept_bytes(None) - kept_bytes(16) > 0.9 * logits
    ids = torch.randint(3, 200, (3, 16), generator=torch.Generator().manual_seed(0))
    gradients = []
    for size in (None, 7):
        model = toy_model()
        token_losses(model, ids, shifted(ids), slice_size=size).sum().backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for whole, sliced in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, sliced, atol=1e-5, rtol=1e-5)
