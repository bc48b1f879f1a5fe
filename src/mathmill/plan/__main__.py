"""python -m mathmill.plan: what a configuration needs, before it is run. Writes nothing.

  python -m mathmill.plan scale=7b gpus=64                 every stage with a model, with settings that fit
  python -m mathmill.plan scale=1b gpus=8 trainer=ddp      the same with a setting of yours
  make plan scale=7b gpus=64                               the same by make

Words of its own: gpus=1 per_node=8 memory=80 (GB of one GPU) host=1000 (GB of one node) peak=989e12 (operations a
second of one GPU; runtime.trainer.peak_flops where that is set) utilisation=0.4 (of training) sampling=0.05 (the
same of sampling) reserve=0.1 (share of the memory left free) prompt=256 (tokens of a question) problems=6319 (of the
benchmarks) sft_steps=500 (where sft.steps is null) questions=144000 (where reward.train_questions is 0)
solution_steps=6 (of a solution that is labelled). Other words are overrides. What they say about trainer,
runtime.micro_batch and runtime.trainer.activation_checkpointing is kept; the rest is chosen. Ends with exit code 1, and
says what to change, where a stage does not fit.
"""

import sys
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.project import find_root

_BYTES = ("memory", "host")
_MACHINE = ("gpus", "per_node", "memory", "host", "peak", "utilisation", "sampling", "reserve")
_ASSUMED = ("prompt", "problems", "sft_steps", "questions", "solution_steps")
_WHOLE = ("gpus", "per_node", *_ASSUMED)


def main(arguments: list[str], root: Path | None = None) -> int:
    """Print the plan; returns the exit code. Raises UserError."""
    if any(argument in ("--help", "-h") for argument in arguments):
        print((__doc__ or "").strip())
        return 0
    from mathmill.compose.overrides import from_make
    from mathmill.plan.choice import GB, Machine
    from mathmill.plan.plan import fixed_by, plan
    from mathmill.plan.text import render
    from mathmill.plan.work import Assumed
    from mathmill.workflow.composition import compose_conf, merge_overrides, read_overrides

    root = root or find_root()
    given = from_make() if arguments == ["--from-make"] else arguments
    own, overrides = _split(given)
    listed = merge_overrides(read_overrides(root), overrides)
    params = compose_conf(root, listed)
    trainer = params.runtime.trainer
    if trainer.peak_flops is not None:
        own.setdefault("peak", trainer.peak_flops)
    own.setdefault("gpus", trainer.devices * trainer.num_nodes)
    sizes: dict[str, Any] = {key: value * (GB if key in _BYTES else 1) for key, value in own.items() if key in _MACHINE}
    machine = Machine(**sizes)
    assumed = Assumed(**{key: int(value) for key, value in own.items() if key in _ASSUMED})
    plans = plan(params, machine, fixed_by(params, listed), assumed)
    print(render(plans, machine, params.scale), end="")
    return 1 if any(stage.mends for stage in plans) else 0


def _split(words: list[str]) -> tuple[dict[str, float], list[str]]:
    """The planner's own words as numbers, and the overrides."""
    own: dict[str, float] = {}
    overrides = []
    for word in words:
        key, _, text = word.partition("=")
        if key not in (*_MACHINE, *_ASSUMED):
            overrides.append(word)
            continue
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if value <= 0 or (key in _WHOLE and value != int(value)):
            raise UserError(f"{word}: expected a positive {'whole ' if key in _WHOLE else ''}number")
        own[key] = int(value) if key in _WHOLE else value
    return own, overrides


if __name__ == "__main__":
    with exit_plainly():
        sys.exit(main(sys.argv[1:]))
