import pytest
import torch
from training.toys import SHAPE, toy_model, toy_tokenizer

from mathmill.training.config import ModelShape
from mathmill.training.losses import shifted, token_losses
from mathmill.training.model import build, parameter_count
from mathmill.training.size import KEPT_LOGITS, SLICE_LOGITS, head_slice, size_of_config, size_of_shape


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [2, 4])
def test_parameters_are_those_of_the_built_model(tied: bool, kv_heads: int) -> None:
    shape = ModelShape(**{**SHAPE.__dict__, "tie_embeddings": tied, "kv_heads": kv_heads})
    model = build(shape, toy_tokenizer())
    size = size_of_shape(shape, len(toy_tokenizer()))
    assert size.parameters == parameter_count(model)
    assert size_of_config(model.config) == size
    matrices = sum(p.numel() for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name)
    assert size.products == matrices + (size.embedding if tied else 0)


def test_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    model, ids = toy_model(), torch.randint(3, 200, (2, 16))
    with FlopCounterMode(display=False) as counted:
        token_losses(model, ids, shifted(ids)).sum().backward()
    size = size_of_config(model.config)
    attention = 2 * size.layers * size.query * 16  # torch counts all of the square, and does not see CPU attention
    assert counted.get_total_flops() == pytest.approx(2 * 16 * 3 * (size.forward_flops(16) - attention), rel=0.05)


def test_logits_are_kept_until_they_are_large() -> None:
    assert head_slice(32 * 255, 1536) == 32 * 255
    most = KEPT_LOGITS // (4 * 102400)
    assert head_slice(most, 102400) == most
    assert head_slice(most + 1, 102400) == SLICE_LOGITS // (4 * 102400)
    assert head_slice(0, 100) == 1
