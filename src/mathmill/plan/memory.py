"""Memory of one rank of a training phase, by part, from the shape and the strategy.

It counts what this project's own training code allocates: weights in float32 with bfloat16 products under `auto` and
`ddp` (autocast), bfloat16 weights with a float32 master copy under DeepSpeed. tests/plan measures the same phases.
"""

from dataclasses import asdict, dataclass, replace

from mathmill.training import size as sizes
from mathmill.training.size import Size, head_slice

STRATEGIES = (
    "auto",
    "ddp",
    "deepspeed_stage_1",
    "deepspeed_stage_2",
    "deepspeed_stage_3",
    "deepspeed_stage_3_offload",
)
LIVE = 1_000_000_000  # ZeRO-3 holds at most so many gathered elements, and lets none of them go before it must
PREFETCH = 50_000_000  # elements that ZeRO-3 gathers ahead; while they are put in place they are there twice


@dataclass(frozen=True)
class Setting:
    """How a phase is spread. mixed: bf16-mixed, else float32. parts: forward passes that one update is made of."""

    strategy: str
    ranks: int
    mixed: bool
    checkpointing: bool = False
    parts: int = 1

    @property
    def stage(self) -> int:
        """The ZeRO stage; 0 without DeepSpeed."""
        return int(self.strategy.split("_")[2]) if self.strategy.startswith("deepspeed") else 0

    @property
    def offload(self) -> bool:
        """Whether states lie in the memory of the host."""
        return self.strategy.endswith("_offload")


@dataclass(frozen=True)
class Memory:
    """Bytes on one rank. block: what one block keeps for its backward pass. host: bytes in the host's memory."""

    weights: float
    gradients: float
    optimizer: float
    buffers: float
    activations: float
    logits: float
    block: float
    early: float = 0.0  # gradients that are there before the last backward pass begins
    frozen: float = 0.0
    cache: float = 0.0
    host: float = 0.0

    @property
    def held(self) -> float:
        """What is there all the time."""
        return self.weights + self.optimizer + self.buffers + self.frozen

    @property
    def peak(self) -> float:
        """The most at one time: while sampling, when the backward pass begins, or when it ends."""
        begins = self.early + self.activations + self.logits
        ends = self.gradients + self.block
        return self.held + max(self.cache, begins, ends)

    def beside(self, other: "Memory") -> "Memory":
        """Of two models that are trained in one step."""
        mine, theirs = asdict(self), asdict(other)
        return Memory(**{name: mine[name] + theirs[name] for name in mine})


def training_memory(size: Size, setting: Setting, tokens: int, targets: int, copies: int = 0) -> Memory:
    """Memory of a phase whose forward pass takes `tokens` tokens, `targets` of which are predicted.

    copies: float32 copies of the logits beyond those of token_losses, all targets at once: 1 where entropies are taken.
    """
    block = tokens * _block_bytes(size, setting)
    ends = tokens * size.hidden * (12 if setting.mixed and not setting.stage else 16)
    kept = size.layers * (tokens * size.hidden * _stream(setting) if setting.checkpointing else block)
    logits = _logits(size, setting, tokens, targets, copies)
    working = block if setting.checkpointing else 0.0
    return replace(_states(size, setting), activations=kept + ends, logits=logits, block=working)


def cache_bytes(size: Size, rows: int, context: int, width: int) -> float:
    """Keys and values of `rows` sequences of `context` tokens in elements of `width` bytes."""
    return 2.0 * rows * context * size.layers * size.kv * width


def _stream(setting: Setting) -> int:
    """Bytes of an element of the residual stream: autocast leaves it in float32."""
    return 2 if setting.mixed and setting.stage else 4


def _block_bytes(size: Size, setting: Setting) -> float:
    """Bytes that a block keeps of each token for the backward pass.

    float32: input, normalised input and its scaled copy of both norms (6 hidden), queries, keys, values, their result,
    and three tensors of the feed-forward layer. Autocast: norms in float32, and a bfloat16 copy of their result for
    each of the five products. DeepSpeed in bfloat16: norms keep a float32 copy of their input.
    """
    hidden, query, kv, ffn = size.hidden, size.query, size.kv, size.ffn
    attention = 4 * size.heads  # log-sum-exp of each query
    if not setting.mixed:
        return 4 * (6 * hidden + 2 * query + 2 * kv + 3 * ffn) + attention
    products = 2 * (2 * query + 2 * kv + 3 * ffn)
    return products + attention + (16 if setting.stage else 26) * hidden


def _logits(size: Size, setting: Setting, tokens: int, targets: int, copies: int) -> float:
    """Peak of the loss: logits, and in float32 their exponentials, which become the gradient."""
    at_once = targets if copies else min(targets, head_slice(tokens, size.vocab))
    return at_once * size.vocab * ((6 if setting.mixed else 8) + 4 * copies)


def _states(size: Size, setting: Setting) -> Memory:
    """Weights, gradients, optimiser and exchange buffers."""
    count, ranks = size.parameters, setting.ranks
    if setting.stage == 0:
        buffers = 4 * count if setting.strategy == "ddp" and ranks > 1 else 0
        if setting.mixed:  # autocast's copies of the matrices
            buffers += 2 * size.products
        gradients = 4.0 * count
        early = gradients if setting.parts > 1 else 0.0
        return Memory(4.0 * count, gradients, 8.0 * count, buffers, 0, 0, 0, early)
    return _zero(size, setting)


def _zero(size: Size, setting: Setting) -> Memory:
    """The same under DeepSpeed: a float32 master copy beside the weights, and what each stage spreads."""
    count, ranks, width = size.parameters, setting.ranks, 2 if setting.mixed else 4
    bucket = min(sizes.EXCHANGE, count) * width
    own = 4 * count / ranks  # this rank's gradients in float32
    optimizer = 12 * count / ranks
    if setting.stage == 1:
        whole = count * (width + (4 if setting.mixed else 0))
        return Memory(width * count, whole + own, optimizer, bucket, 0, 0, 0, whole if setting.parts > 1 else 0.0)
    if setting.stage == 2:
        return Memory(width * count, own, optimizer, 2 * bucket, 0, 0, 0, own if setting.parts > 1 else 0.0)
    small = size.hidden * (2 * size.layers + 1)
    gathered = width * (min(LIVE, count) + min(PREFETCH, count))
    weights = width * (count / ranks + small)
    if setting.offload:
        host = optimizer + own + width * count / ranks
        return Memory(width * small, own, 0.0, bucket + gathered, 0, 0, 0, own, host=host)
    return Memory(weights, own, optimizer, bucket + gathered, 0, 0, 0, own)
