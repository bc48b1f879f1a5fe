"""A toy base model and labelled samples for the tests of reward models."""

import random
from pathlib import Path

from training.toys import SHAPE, toy_tokenizer

from mathmill.reward.config import RewardConfig
from mathmill.reward.learn import Labelled
from mathmill.training.config import ModelShape, OptimConfig
from mathmill.training.model import build, save

LONG = ModelShape(**{**SHAPE.__dict__, "context": 128})


def config(**changes) -> RewardConfig:
    settings = {
        "optim": OptimConfig(lr=3e-3, schedule="constant", warmup=2, drop_at=[], drop_to=[]),
        "batch": 16,
        "epochs": 1.0,
    }
    return RewardConfig(**{**settings, **changes})


def base(folder: Path) -> Path:
    """A causal language model's folder."""
    save(build(LONG, toy_tokenizer()), toy_tokenizer(), folder)
    return folder


def planted(count: int, seed: int) -> list[Labelled]:
    """Outputs whose steps are right until a `7` occurs: what a process model can learn."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        ends, labels, output, right = [], [], [], 1.0
        for _ in range(rng.randint(1, 3)):
            digits = rng.choices("0123456", k=3)
            if rng.random() < 0.3:
                digits[rng.randrange(3)] = "7"
                right = 0.0
            output += toy_tokenizer_ids("".join(digits) + ".")
            ends.append(len(output) - 1)
            labels.append(right)
        made.append(Labelled(toy_tokenizer_ids("Q" + rng.choice("abc")), output, ends, labels))
    return made


_TOKENIZER = toy_tokenizer()


def toy_tokenizer_ids(text: str) -> list[int]:
    return _TOKENIZER.encode(text, add_special_tokens=False)
