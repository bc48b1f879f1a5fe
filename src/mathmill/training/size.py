"""What follows from a Llama-family shape by arithmetic: parameters, and floating-point operations a token."""

from dataclasses import dataclass
from typing import Any

from mathmill.training.config import ModelShape

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
KEPT_LOGITS = 1 << 30
SLICE_LOGITS = 1 << 28
EXCHANGE = 200_000_000  # elements that ZeRO exchanges at a time, Lightning's choice


@dataclass(frozen=True)
class Size:
    """A shape. query, kv: widths of all query heads, and of all key (or value) heads."""

    hidden: int
    layers: int
    heads: int
    query: int
    kv: int
    ffn: int
    vocab: int
    tied: bool

    @property
    def block(self) -> int:
        """Parameters of one block: attention, gated feed-forward layer, two norms."""
        attention = 2 * self.hidden * (self.query + self.kv)
        return attention + 3 * self.hidden * self.ffn + 2 * self.hidden

    @property
    def embedding(self) -> int:
        """Parameters of one embedding matrix."""
        return self.vocab * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters, a tied matrix counted once."""
        return self.layers * self.block + self.hidden + self.embedding * (1 if self.tied else 2)

    @property
    def products(self) -> int:
        """Parameters that a token is multiplied with: the blocks' matrices and the output embedding."""
        return self.layers * (self.block - 2 * self.hidden) + self.embedding

    def forward_flops(self, context: int) -> float:
        """Operations of one token's forward pass in sequences of `context`; attention as the causal half that it is."""
        return 2 * self.products + 2 * self.layers * self.query * context

    def training_flops(self, context: int) -> float:
        """Operations of forward and backward pass (twice the forward's) for one token; recomputation is not counted."""
        return 3 * self.forward_flops(context)


def size_of_shape(shape: ModelShape, vocab: int) -> Size:
    """The size of a shape from the configuration; `vocab` is that of the tokenizer, used where the shape names none."""
    return Size(
        hidden=shape.hidden,
        layers=shape.layers,
        heads=shape.heads,
        query=shape.hidden,
        kv=shape.hidden // shape.heads * shape.kv_heads,
        ffn=shape.ffn,
        vocab=shape.vocab or vocab,
        tied=shape.tie_embeddings,
    )


def size_of_config(config: Any) -> Size:
    """The size of a transformers configuration, or of what its config.json holds read into attributes.

    Biases and norms of keys and queries, which some families have, are left out: less than a thousandth.
    """
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    return Size(
        hidden=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=heads,
        query=heads * width,
        kv=(getattr(config, "num_key_value_heads", None) or heads) * width,
        ffn=config.intermediate_size,
        vocab=config.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", False)),
    )


def flops_per_token(config: Any, context: int) -> float | None:
    """Operations of a training pass for one token of a transformers configuration; None for an unknown family."""
    return size_of_config(config).training_flops(context) if config.model_type in FAMILIES else None


def head_slice(positions: int, vocab: int) -> int:
    """Positions whose logits are computed at a time: all where they are small enough to be kept for the backward pass.

    Beyond KEPT_LOGITS bytes in float32, slices of SLICE_LOGITS bytes are computed, and again in the backward pass.
    """
    return max(1, positions if 4 * positions * vocab <= KEPT_LOGITS else SLICE_LOGITS // (4 * vocab))
