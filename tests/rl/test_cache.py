"""Caches hold what was written, whatever rows leave and however they grow."""

import pytest
import torch

from mathmill.rl.cache import BlockLayer, BufferCache, BufferLayer


@pytest.mark.parametrize("pieces", [[1] * 40, [5, 1, 30, 1], [16, 16, 1]])
def test_both_kinds_hold_the_same_tokens_and_blocks_are_dense(pieces: list[int]) -> None:
    draw = torch.Generator().manual_seed(0)
    plain, blocks = BufferLayer(sum(pieces)), BlockLayer()
    cache = BufferCache([plain, blocks])
    rows = 6
    for place, tokens in enumerate(pieces):
        keys, values = torch.randn(2, rows, 2, tokens, 4, generator=draw)
        shown, grown = plain.update(keys, values), blocks.update(keys, values.bfloat16())
        length = plain.length
        assert blocks.get_seq_length() == length == sum(pieces[: place + 1])
        for one, other in zip(shown, grown, strict=True):
            assert one.shape[2] == length
            assert other.shape[2] % 16 == 0
            assert 0 <= other.shape[2] - length < 16
            assert other.is_contiguous()
            assert torch.equal(other[:, :, :length], one.to(other.dtype))
            assert not other[:, :, length:].any()
        assert [x.dtype for x in grown] == [torch.bfloat16] * 2  # the type of the values
        if place == 1:
            keep = torch.tensor([5, 0, 0, 3])
            cache.take(keep)
            rows = len(keep)
