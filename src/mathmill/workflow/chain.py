"""python -m mathmill.workflow.chain STAGE,STAGE,... -m key=value,value: a sweep in which every job runs several stages.

Each job runs the stages one after the other in its own folder: what one of them writes there, the next one reads;
everything else comes from the project as usual. So a sweep can change an early stage and measure a late one, as the
paper picked the size of its corpus by pre-training on several cuts (2.1):

  python -m mathmill.workflow.chain corpus,decontaminate,tokens,pretrain,evaluate sweep=corpus_budget

The value of a job is that of its last stage. Each stage is a run in MLflow under the sweep's run. A killed sweep goes
on, by the same command, in the stage and the job where it was.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError
from mathmill.workflow.graph import STAGES


class Chain:
    """What one job of the sweep runs; a class, so that a launcher can send it to another process."""

    def __init__(self, root: Path, stages: Sequence[str]) -> None:
        self.root, self.stages = root, tuple(stages)
        self.__name__ = "chain"  # hydra.main asks for it

    def __call__(self, config: Any) -> float | None:
        """Run the stages with this job's configuration; returns the value of the last."""
        from mathmill.workflow.launch import execute
        from mathmill.workflow.multirun import job_params

        params, folder = job_params(self.root, config)
        value = None
        for name in self.stages:
            module = importlib.import_module(f"mathmill.{name}.__main__")
            # The last stage's record is the job's; the others keep theirs apart, so that each is skipped when done.
            receipt = folder if name == self.stages[-1] else folder / "stages" / name
            check = getattr(module, "check", None)
            value = execute(name, module.body, self.root, params, folder, check, receipt)
        return value


def parse(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """(stages, overrides) of a command line; UserError where it names no stages or they stand in another order."""
    flags = [word for word in words if word.startswith("-")]
    rest = [word for word in words if not word.startswith("-")]
    if unknown := [flag for flag in flags if flag not in ("-m", "--multirun")]:
        raise UserError(f"{unknown[0]}: no such option; see --help")
    if not rest or "=" in rest[0]:
        raise UserError("name the stages first, as in: chain corpus,decontaminate,tokens,pretrain sweep=corpus_budget")
    stages = rest[0].split(",")
    if bad := [name for name in stages if name not in STAGES[1:]]:
        raise UserError(f"{bad[0]}: no such stage; there are {', '.join(STAGES[1:])}")
    if stages != sorted(set(stages), key=STAGES.index):
        raise UserError(f"{rest[0]}: stages run once each and in the order {', '.join(STAGES[1:])}")
    return stages, rest[1:]


def main(words: Sequence[str]) -> None:
    """Run the sweep; the process ends with exit code 2 where the user can mend it."""
    from mathmill.workflow.multirun import sweep
    from mathmill.workflow.project import find_root

    if "--help" in words or "-h" in words:
        print((__doc__ or "").strip())
        return
    try:
        stages, overrides = parse(words)
        root = find_root()
        sweep(root, "-".join(stages), Chain(root, stages), overrides)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    # Under the module's own name: a launcher pickles the job, and a class of __main__ would not be found again.
    importlib.import_module("mathmill.workflow.chain").main(sys.argv[1:])
