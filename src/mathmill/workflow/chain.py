"""python -m mathmill.workflow.chain STAGE,STAGE@ITEM,... -m key=value,value: a sweep whose jobs run several stages.

Each job runs the steps one after the other in its own folder: what one of them writes there, the next one reads;
everything else comes from the project as usual. So a sweep can change an early stage and measure a late one, as the
paper picked the size of its corpus by pre-training on several cuts (2.1):

  python -m mathmill.workflow.chain corpus,decontaminate,tokens,pretrain,evaluate sweep=corpus_budget

A stage may come several times, with its items; `pretrain@general+code` is short for pretrain@general,pretrain@code.
A step that a job of any such sweep has done already, with equal parameters, inputs and code, is taken from there.
The value of a job is that of its last step. Each step is a run in MLflow under the sweep's run. A killed sweep goes
on, by the same command, in the step and the job where it was.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.graph import ITEM_KEYS, STAGES, node_name

STEPS = "steps"  # in a job's folder: what each step but the last has left as its receipt


@dataclass(frozen=True)
class Step:
    """One stage of the chain, with its item where the command names one."""

    stage: str
    item: str | None = None

    @property
    def name(self) -> str:
        """As DVC writes it."""
        return node_name(self.stage, self.item)


class Chain:
    """What one job of the sweep runs; a class, so that a launcher can send it to another process."""

    def __init__(self, root: Path, steps: Sequence[Step]) -> None:
        self.root, self.steps = root, tuple(steps)
        self.__name__ = "chain"  # hydra.main asks for it

    def __call__(self, config: Any) -> float | None:
        """Run the steps with this job's configuration; returns the value of the last."""
        from mathmill.workflow.launch import execute
        from mathmill.workflow.multirun import job_params

        params, folder = job_params(self.root, config)
        value = None
        for step in self.steps:
            own = deepcopy(params)
            if step.item is not None:
                setattr(getattr(own, step.stage), ITEM_KEYS[step.stage], step.item)
            module = importlib.import_module(f"mathmill.{step.stage}.__main__")
            # The last step's record is the job's; the others keep theirs apart, so that each is skipped when done.
            last = step == self.steps[-1]
            receipt = folder if last else folder / STEPS / step.name
            if not last:
                take_over(step, self.root, own, folder)
            value = execute(step.stage, module.body, self.root, own, folder, getattr(module, "check", None), receipt)
        return value


def take_over(step: Step, root: Path, params: Any, folder: Path) -> None:
    """Where a job of this or another sweep has done this very step, link its outputs into `folder`, and its receipt."""
    from mathmill.workflow.fingerprint import fingerprint
    from mathmill.workflow.stage import Stage
    from mathmill.workflow.sweep import FOLDER, finished, record

    beside = sorted((root / FOLDER).glob(f"*/*/*/{STEPS}/{step.name}"))
    if not beside:
        return
    stage = Stage(step.stage, params, root, folder)
    work = fingerprint(root, stage.node, params, stage.all_inputs())
    if finished(folder / STEPS / step.name, work) is not None:
        return
    for receipt in beside:
        done, other = finished(receipt, work), receipt.parents[1]
        if done is not None and other != folder:
            for label, path in stage.node.outputs.items():
                link(other / path, stage.output(label))
            record(folder / STEPS / step.name, work, done.objective, done.run)
            return


def link(source: Path, destination: Path) -> None:
    """Make `destination` the same file or folder as `source` by hard links: no bytes are copied, no stage edits any."""
    import shutil

    from mathmill.workflow.files import remove

    remove(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination, copy_function=os.link)
    else:
        os.link(source, destination)


def parse(words: Sequence[str]) -> tuple[list[Step], list[str]]:
    """(steps, overrides) of a command line; UserError where it names no stages or they stand in another order."""
    flags = [word for word in words if word.startswith("-")]
    rest = [word for word in words if not word.startswith("-")]
    if unknown := [flag for flag in flags if flag not in ("-m", "--multirun")]:
        raise UserError(f"{unknown[0]}: no such option; see --help")
    if not rest or "=" in rest[0]:
        raise UserError("name the stages first, as in: chain corpus,decontaminate,tokens,pretrain sweep=corpus_budget")
    steps = []
    for word in rest[0].split(","):
        stage, at, items = word.partition("@")
        if stage not in STAGES[1:]:
            raise UserError(f"{stage}: no such stage; there are {', '.join(STAGES[1:])}")
        if at and stage not in ITEM_KEYS:
            raise UserError(f"{word}: stage {stage} has no items; those with some are {', '.join(ITEM_KEYS)}")
        steps += [Step(stage, item or None) for item in items.split("+")]
    stages = [step.stage for step in steps]
    if stages != sorted(stages, key=STAGES.index) or len(set(steps)) < len(steps):
        raise UserError(f"{rest[0]}: steps run once each and in the order {', '.join(STAGES[1:])}")
    return steps, rest[1:]


def _name(steps: Sequence[Step]) -> tuple[str, list[str]]:
    """What names a sweep beside its overrides: its stages; and their items, for other items are another sweep."""
    return "-".join(dict.fromkeys(step.stage for step in steps)), [step.name for step in steps if step.item]


def folder_of(root: Path, words: Sequence[str]) -> Path:
    """The folder of the sweep that a command line runs."""
    from mathmill.workflow.composition import merge_overrides, read_overrides
    from mathmill.workflow.sweep import sweep_folder

    steps, overrides = parse(words)
    name, items = _name(steps)
    return root / sweep_folder(name, [*merge_overrides(read_overrides(root), overrides), *items])


def run(root: Path, words: Sequence[str]) -> None:
    """Run the sweep of a command line. Raises what `multirun.sweep` and `parse` raise."""
    from mathmill.workflow.multirun import sweep

    steps, overrides = parse(words)
    name, items = _name(steps)
    sweep(root, name, Chain(root, steps), overrides, items)


def main(words: Sequence[str]) -> None:
    """Run the sweep; the process ends with exit code 2 where the user can mend it."""
    from mathmill.workflow.project import find_root

    if "--help" in words or "-h" in words:
        print((__doc__ or "").strip())
        return
    with exit_plainly():
        run(find_root(), words)


if __name__ == "__main__":
    # Under the module's own name: a launcher pickles the job, and a class of __main__ would not be found again.
    importlib.import_module("mathmill.workflow.chain").main(sys.argv[1:])
