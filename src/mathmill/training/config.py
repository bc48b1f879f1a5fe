"""Configuration that several training sections hold: the shape of a model, and how it is optimised."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class ModelShape:
    """A Llama-family transformer; read only where a run starts from no weights."""

    hidden: int = option(128, "width of the residual stream", ge=8)
    layers: int = option(6, "transformer blocks", ge=1)
    heads: int = option(4, "attention heads; they divide hidden", ge=1)
    kv_heads: int = option(4, "key and value heads; they divide heads", ge=1)
    ffn: int = option(384, "width of the gated feed-forward layer", ge=8)
    context: int = option(256, "positions that the model is built for, in tokens", ge=8)
    rope_theta: float = option(10000.0, "base of the rotary position encoding", gt=0)
    norm_eps: float = option(1e-6, "epsilon of RMSNorm", gt=0)
    tie_embeddings: bool = option(True, "input and output embeddings are one matrix (the paper's models: no)")
    vocab: int | None = option(None, "rows of the embedding; null: the tokenizer's size", ge=1)
    init_std: float = option(0.02, "standard deviation of fresh weights; the paper is silent", gt=0)

    def faults(self) -> dict[str, str]:
        """Keys that do not fit each other."""
        pairs = (("heads", self.heads, "hidden", self.hidden), ("kv_heads", self.kv_heads, "heads", self.heads))
        return {part: f"{size} does not divide {whole}={of}" for part, size, whole, of in pairs if size and of % size}


@dataclass
class OptimConfig:
    """AdamW and its schedule (paper 2.2): the learning rate is lr x the schedule's factor of the step."""

    lr: float = option(1e-3, "peak learning rate", gt=0)
    beta1: float = option(0.9, "AdamW: decay of the mean of gradients", ge=0, lt=1)
    beta2: float = option(0.95, "AdamW: decay of the mean of squared gradients", ge=0, lt=1)
    eps: float = option(1e-8, "AdamW: epsilon; the paper is silent", gt=0)
    weight_decay: float = option(
        0.1, "decay of matrices; vectors (norms) are not decayed; the paper is silent on that", ge=0
    )
    clip: float = option(1.0, "largest norm of the gradient; 0: no clipping; the paper is silent", ge=0)
    schedule: str = option(
        "multi_step", "multi_step: warm-up, then drops; constant: warm-up only", choices=["multi_step", "constant"]
    )
    warmup: int = option(0, "steps of linear warm-up to the peak", ge=0)
    drop_at: list[float] = option(
        lambda: [0.8, 0.9], "multi_step: shares of the steps where the rate drops", gt=0, le=1
    )
    drop_to: list[float] = option(
        lambda: [0.316, 0.1], "multi_step: the factor of the peak after each drop", gt=0, le=1
    )
    on_spike: str = option(
        "stop",
        "what follows a spike: stop the run, or skip the update; its batch is saved beside the checkpoints either way",
        choices=["stop", "skip"],
    )
    spike: float | None = option(
        None,
        "a loss or a gradient norm that many times its running mean is a spike; null: only one that is not finite; "
        "the paper is silent",
        gt=1,
    )
    precision: str = option(
        "32-true", "32-true: float32; bf16-mixed: bfloat16 products, float32 weights", choices=["32-true", "bf16-mixed"]
    )
