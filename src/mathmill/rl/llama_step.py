"""A decoding step of models whose blocks are put together as Llama's, as a few operations on joined weights.

At 128 rows of a small model half of a step's time lies outside its large products: calls of modules, conversions
under autocast, a product for each of the projections that read the same states. Here queries, keys and values are one
product, and so are gate and up; weights are brought to the type of the products once for all tokens. Which models this
suits is found out by comparing their numbers; the others take their own forward pass.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mathmill.rl.cache import BufferCache, BufferLayer
from mathmill.rl.group_decoding import Prompts, attend
from mathmill.training.rotary import turn


class _Product:
    """x (R, in) -> (R, sum of outs): linear layers of the same input side by side, in `dtype`."""

    def __init__(self, dtype: torch.dtype, *layers: nn.Linear) -> None:
        if any(type(layer) is not nn.Linear for layer in layers):
            raise TypeError("a projection that is no plain linear layer")
        self.weight = _joined([layer.weight.detach().to(dtype) for layer in layers])
        biases = [layer.bias.detach().to(dtype) for layer in layers if layer.bias is not None]
        if biases and len(biases) < len(layers):
            raise TypeError("projections with and without a bias")
        self.bias = _joined(biases) if biases else None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x.to(self.weight.dtype), self.weight, self.bias)


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat(parts) if len(parts) > 1 else parts[0]


@dataclass
class _Block:
    """One layer: the module and its joined products."""

    layer: Any
    qkv: _Product
    out: _Product
    gate_up: _Product
    down: _Product

    @classmethod
    def of(cls, layer: Any, dtype: torch.dtype) -> "_Block":
        attention, mlp = layer.self_attn, layer.mlp
        return cls(
            layer,
            _Product(dtype, attention.q_proj, attention.k_proj, attention.v_proj),
            _Product(dtype, attention.o_proj),
            _Product(dtype, mlp.gate_proj, mlp.up_proj),
            _Product(dtype, mlp.down_proj),
        )


class LlamaStep:
    """The next logits of rows that share their prompts, with the weights that the model has now.

    Holds a copy of the weights of the joined projections (under autocast, of all): made for one call of `generate`.
    AttributeError or TypeError where the model is put together in another way; what has the same parts and puts them
    to another use has other logits, which the caller compares.
    """

    def __init__(self, model: Any) -> None:
        self.decoder = model.get_decoder()
        head = model.get_output_embeddings()
        autocast = torch.is_autocast_enabled("cpu")
        dtype = torch.get_autocast_dtype("cpu") if autocast else head.weight.dtype
        self.blocks = [_Block.of(layer, dtype) for layer in self.decoder.layers]
        self.head = _Product(dtype, head)

    def __call__(
        self, tokens: torch.Tensor, positions: torch.Tensor, cache: BufferCache, prompts: Prompts
    ) -> torch.Tensor:
        """Logits (R, vocabulary) behind tokens (R) at positions (R); their keys and values go to the cache."""
        with torch.autocast("cpu", enabled=False):
            x = self.decoder.embed_tokens(tokens)
            cos, sin = self.decoder.rotary_emb(x, positions[:, None])
            for block, layer in zip(self.blocks, cache.buffers, strict=True):
                x = x + self._attended(block, x, cos, sin, layer, prompts)
                gate, up = block.gate_up(block.layer.post_attention_layernorm(x)).chunk(2, -1)
                x = x + block.down(block.layer.mlp.act_fn(gate).mul_(up))
            return self.head(self.decoder.norm(x))

    def _attended(
        self, block: _Block, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, layer: BufferLayer, prompts: Prompts
    ) -> torch.Tensor:
        attention = block.layer.self_attn
        states = block.qkv(block.layer.input_layernorm(x)).unflatten(-1, (-1, attention.head_dim))
        kv_heads = attention.k_proj.out_features // attention.head_dim
        heads = states.shape[1] - 2 * kv_heads
        if hasattr(attention, "q_norm"):
            turned = torch.cat([attention.q_norm(states[:, :heads]), attention.k_norm(states[:, heads:-kv_heads])], 1)
        else:
            turned = states[:, :-kv_heads]
        turned = turn(turned, cos, sin)
        key, value = layer.update(turned[:, heads:, None], states[:, -kv_heads:, None])
        mixed = attend(turned[:, :heads], key, value, prompts, attention.layer_idx, attention.scaling)
        return block.out(mixed.flatten(1))
