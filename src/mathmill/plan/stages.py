"""The stages of a configuration as work, in running order."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from mathmill.plan.memory import Memory, Setting, cache_bytes, training_memory
from mathmill.plan.reward import headless, reward_works
from mathmill.plan.work import Assumed, Needs, Work
from mathmill.pretrain.config import run_of, steps_of
from mathmill.training.size import Size, size_of_config, size_of_shape
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json
from mathmill.workflow.graph import PRETRAIN, REWARD, RL
from mathmill.workflow.schema import Params


def works(params: Params, assumed: Assumed) -> Iterator[Work]:
    """The stages that compute with a model, in running order."""
    size = base_size(params)
    for name in PRETRAIN:
        if name in params.pretrain.runs and any(params.pretrain.runs[name].mixture.values()):
            steps = steps_of(params.pretrain, run_of(params.pretrain, name))
            yield _supervised(f"pretrain@{name}", params.pretrain, size, steps)
    yield _supervised("sft", params.sft, size, params.sft.steps or assumed.sft_steps)
    for name in REWARD:
        yield from reward_works(params.reward, name, size, assumed)
    for name in RL:
        yield _rl(params, name, size, assumed)
    yield _evaluate(params, size, assumed)


def base_size(params: Params) -> Size:
    """The shape that the chain trains: that of the folder that the main run starts from, else that of the section."""
    from pathlib import Path

    run = params.pretrain.runs.get("base")
    folder = Path(run.init).expanduser() if run and run.init else None
    if folder is None or not (folder / "config.json").is_file():
        return size_of_shape(params.pretrain.model, params.tokens.vocab)
    try:
        return size_of_config(SimpleNamespace(**read_json(folder / "config.json")))
    except AttributeError as error:
        raise UserError(f"{folder}/config.json: not a Llama-like shape ({error})") from None


def _mixed(precision: str) -> bool:
    return precision == "bf16-mixed"


def _sequences(size: Size, context: int) -> Needs:
    """Memory of next-token training on full sequences."""

    def needs(setting: Setting, rows: int, share: int) -> Memory:
        return training_memory(size, setting, rows * context, rows * (context - 1))

    return needs


def _supervised(name: str, config: Any, size: Size, steps: int) -> Work:
    """Next-token training by section `config` (pretrain or sft) on full sequences."""
    tokens = float(steps) * config.batch * config.context
    return Work(
        name=name,
        size=size,
        mixed=_mixed(config.optim.precision),
        steps=steps,
        units=config.batch,
        rows=1,
        tokens=tokens,
        trained=tokens * size.training_flops(config.context),
        sampled=0,
        scored=0,
        needs=_sequences(size, config.context),
        key=f"{name.partition('@')[0]}.batch",
    )


def _rl(params: Params, name: str, size: Size, assumed: Assumed) -> Work:
    """Reinforcement learning: rollouts with a cache of keys and values, frozen reference and reward models, updates.

    PPO trains a critic beside the policy, and asks it for values before the update.
    """
    config = params.rl
    critic = headless(size) if config.method == "ppo" else None  # the one row of rl/paradigm.py with a critic
    new = config.sampling.max_new_tokens
    width = assumed.prompt + new
    outputs = float(config.steps) * config.questions_per_step * config.outputs
    tokens = outputs * width

    def needs(setting: Setting, rows: int, share: int) -> Memory:
        update = training_memory(size, setting, rows * width, rows * new, copies=1)
        if critic is not None:
            update = update.beside(training_memory(critic, setting, rows * width, 0))
        # Held-out questions are sampled one output each, so rollout_rows of them whatever this rank's share is.
        sampled = max(config.outputs, config.rollout_rows)
        element = 2 if setting.mixed else 4
        cache = cache_bytes(size, sampled, width, element) + 12.0 * sampled * size.vocab
        if setting.stage == 3:  # sampled from a whole copy of the weights
            cache += (2.0 if setting.mixed else 4.0) * size.parameters
        reference = (2.0 if setting.mixed and setting.stage else 4.0) * size.parameters if config.beta else 0.0
        frozen = reference + 4.0 * headless(size).parameters * judged
        return replace(update, cache=cache, frozen=frozen)

    judged = config.reward != "rule"
    forward = tokens * size.forward_flops(width)
    return Work(
        name=f"rl@{name}",
        size=size,
        mixed=_mixed(config.optim.precision),
        steps=config.steps,
        units=config.questions_per_step,
        rows=config.outputs,
        tokens=tokens,
        trained=tokens * config.updates * sum(one.training_flops(width) for one in (size, critic) if one),
        sampled=forward,
        scored=forward * (bool(config.beta) + judged + (critic is not None)),
        needs=needs,
        key="rl.questions_per_step",
        smaller=(
            f"a smaller rl.rollout_rows, down to rl.outputs={config.outputs}",
            "a smaller rl.outputs or rl.sampling.max_new_tokens",
        ),
    )


def _evaluate(params: Params, size: Size, assumed: Assumed) -> Work:
    """One model on the benchmarks, every completion at its longest."""
    config = params.evaluate
    width = assumed.prompt + config.max_new_tokens
    tokens = float(assumed.problems) * (1 + config.samples.n) * width
    element = 4 if config.dtype == "float32" else 2

    def needs(setting: Setting, rows: int, share: int) -> Memory:
        cache = cache_bytes(size, config.batch_rows, width, element) + 12.0 * config.batch_rows * size.vocab
        return Memory(element * size.parameters, 0, 0, 0, 0, 0, 0, cache=cache)

    return Work(
        name="evaluate (one model)",
        size=size,
        mixed=config.dtype != "float32",
        steps=-(-assumed.problems * (1 + config.samples.n) // config.batch_rows),
        units=1,
        rows=config.batch_rows,
        tokens=0,
        trained=0,
        sampled=tokens * size.forward_flops(width),
        scored=0,
        needs=needs,
        key="evaluate.batch_rows",
        trains=False,
        one=True,
        smaller=("a smaller evaluate.batch_rows",),
    )
