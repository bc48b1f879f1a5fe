"""Stage `reward` as work: solutions sampled and labelled, a job of shards; then a reward model trained."""

from collections.abc import Iterator
from dataclasses import replace

from mathmill.plan.memory import Memory, Setting, cache_bytes, training_memory
from mathmill.plan.work import Assumed, Work
from mathmill.reward.config import RewardConfig
from mathmill.training.size import Size


def headless(size: Size) -> Size:
    """The shape of a reward model: one matrix of the vocabulary, that of the input."""
    return replace(size, tied=True)


def reward_works(config: RewardConfig, kind: str, size: Size, assumed: Assumed) -> Iterator[Work]:
    """Labels and training of one reward model; kind: outcome or process."""
    train = config.train_questions or assumed.questions
    held_out = config.held_out_questions or assumed.problems
    yield _labels(config, kind, size, assumed, train + held_out)
    yield _training(config, kind, size, assumed, train)


def _labels(config: RewardConfig, kind: str, size: Size, assumed: Assumed, questions: int) -> Work:
    """Solutions of every question; process: and continuations from each of their steps but the last."""
    new = config.solutions.max_new_tokens
    # A continuation starts from a prefix that may itself be as long as a solution.
    width = assumed.prompt + new * (2 if kind == "process" else 1)
    solutions = float(questions) * config.outputs
    continued = solutions * (assumed.solution_steps - 1) * config.completions if kind == "process" else 0.0
    element = 4 if config.sampler_dtype == "float32" else 2
    rows = config.rollout_rows

    def needs(setting: Setting, _rows: int, _share: int) -> Memory:
        cache = cache_bytes(size, rows, width, element) + 12.0 * rows * size.vocab
        return Memory(element * size.parameters, 0, 0, 0, 0, 0, 0, cache=cache)

    shards = -(-questions // config.shard_questions)
    return Work(
        name=f"reward@{kind} labels",
        size=size,
        mixed=element == 2,
        steps=shards,
        units=shards,
        rows=rows,
        tokens=0,
        trained=0,
        # A continuation is half as long as a solution in the mean, and its prefix is read first.
        sampled=(solutions + continued) * (assumed.prompt + new) * size.forward_flops(assumed.prompt + new),
        scored=0,
        needs=needs,
        key="reward.shard_questions",
        trains=False,
        shared=True,
        smaller=("a smaller reward.rollout_rows",),
    )


def _training(config: RewardConfig, kind: str, size: Size, assumed: Assumed, questions: int) -> Work:
    width = assumed.prompt + config.solutions.max_new_tokens
    shape = headless(size)
    steps = max(1, round(questions * config.outputs * config.epochs / config.batch))
    tokens = float(steps) * config.batch * width

    def needs(setting: Setting, rows: int, _share: int) -> Memory:
        return training_memory(shape, setting, rows * width, 0)

    return Work(
        name=f"reward@{kind}",
        size=shape,
        mixed=config.optim.precision == "bf16-mixed",
        steps=steps,
        units=config.batch,
        rows=1,
        tokens=tokens,
        trained=tokens * (shape.training_flops(width) - 6.0 * shape.embedding),  # no product with the vocabulary
        sampled=0,
        scored=0,
        needs=needs,
        key="reward.batch",
    )
