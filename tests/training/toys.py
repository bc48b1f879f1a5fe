"""A tokenizer, a model, a stage and a phase of toy size."""

from contextlib import contextmanager
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from mathmill.training.config import ModelShape, OptimConfig
from mathmill.training.losses import shifted, token_losses
from mathmill.training.model import build
from mathmill.training.phase import PhaseModule
from mathmill.training.schedule import constant
from mathmill.workflow.config import RuntimeConfig

SHAPE = ModelShape(hidden=32, layers=2, heads=4, kv_heads=2, ffn=48, context=32)


def toy_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes and three special tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: index for index, token in enumerate(["<bos>", "<eos>", "<pad>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    from tokenizers import decoders

    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


def toy_model(seed: int = 0):
    return build(SHAPE, toy_tokenizer(), seed)


class Records:
    """A tracking run that remembers."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []

    def metrics(self, values: dict[str, float], step: int) -> None:
        self.rows.append((step, dict(values)))

    def flush(self) -> None:
        pass

    def curve(self, name: str) -> dict[int, float]:
        return {step: values[name] for step, values in self.rows if name in values}


class ToyStage:
    """What fit needs of a stage, without a store."""

    name = "toy"

    def __init__(self, scratch: Path, **runtime) -> None:
        self.scratch = Path(scratch)
        self.runtime = RuntimeConfig(**{"log_every": 1, "progress": False, **runtime})
        self.run = Records()

    @contextmanager
    def progress(self, total: int, description: str, unit: str):
        class Bar:
            def update(self, n: int) -> None:
                pass

        yield Bar()


class ToyPhase(PhaseModule):
    """Next-token prediction on random sequences."""

    def __init__(self, model, optim: OptimConfig, schedule=None, targets: int = 4 * 16) -> None:
        super().__init__(model, optim, schedule or constant(3))
        self.targets = targets

    def share(self, part) -> torch.Tensor:
        return token_losses(self.model, part["input_ids"], shifted(part["input_ids"])).sum() / self.targets


def toy_batch(step: int, rank: int, world: int) -> dict[str, torch.Tensor]:
    """Four sequences of 16 tokens in a step, whatever the number of ranks."""
    generator = torch.Generator().manual_seed(step)
    tokens = torch.randint(3, 200, (4, 1), generator=generator) + torch.arange(16) * 2
    return {"input_ids": tokens[rank * 4 // world : (rank + 1) * 4 // world]}
