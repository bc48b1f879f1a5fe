"""Start a stage: compose and validate, prepare the process, lock, track, call the body, clean up.

Every stage's `__main__.py` ends in `launch(name, body)`. Errors that a user can mend are printed without a traceback
and end with exit code 2.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.project import find_root, scratch_root

if TYPE_CHECKING:
    from mathmill.workflow.environment import Signals
    from mathmill.workflow.schema import Params
    from mathmill.workflow.stage import Stage

Body = Callable[["Stage"], float | None]
Check = Callable[["Stage"], None]

_INTERRUPTED = 128
_PATIENCE = 7 * 86_400.0  # seconds that a part waits for another one's serial work: it may train a classifier
SHARDED = ("pages", "corpus", "decontaminate", "tokens", "reward")


def launch(name: str, body: Body, check: Check | None = None) -> None:
    """Run a stage as the command line says; the process ends here.

    check: looks at the user's files before anything heavy is imported and before MLflow hears of the run; raises
    UserError. Sweeps leave it to the body.

    No argument: params.yaml as it is. `key=value`: with another value. A group (scale=smoke), a top-level key (seed=1):
    composed anew from conf/, overrides.yaml and the arguments. -m: a sweep. --help, --cfg: show and stop.
    --shard 3/16: do the third of 16 parts of the next unfinished step's shards and stop (see workflow.engine_part).
    """
    arguments = sys.argv[1:]
    with exit_plainly():
        if "--help" in arguments or "-h" in arguments:
            from mathmill.workflow.help import stage_help

            print(stage_help(name, sys.modules["__main__"].__doc__ or ""), flush=True)
            return
        _start(name, body, check, arguments)


def _start(name: str, body: Body, check: Check | None, arguments: list[str]) -> None:
    root = find_root()
    part, arguments = take_part(name, arguments)
    flags = [argument for argument in arguments if argument.startswith("-")]
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    if unknown := [flag for flag in flags if flag not in ("-m", "--multirun", "--cfg")]:
        raise UserError(
            f"{unknown[0]}: no such option; there are --help, --cfg (show the configuration), -m (a sweep) and "
            "--shard 3/16 (a part of the shards)"
        )
    if "--cfg" in flags:
        from mathmill.workflow.params import render

        print(render(configure(root, overrides)), end="")
        return
    if "-m" in flags or "--multirun" in flags or _picks(overrides, "sweep"):
        from mathmill.workflow.multirun import multirun

        if part is not None:
            raise UserError("--shard and a sweep do not go together")
        multirun(root, name, body, overrides)
        return
    params = configure(root, overrides)
    params.runtime.engine.part = part or params.runtime.engine.part
    execute(name, body, root, params, None, check)


def take_part(name: str, arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of --shard (None: not given) and the other arguments; raises UserError where it makes no sense."""
    from mathmill.workflow.engine_part import Part

    left, part = list(arguments), None
    for at, argument in enumerate(arguments):
        if argument == "--shard" or argument.startswith("--shard="):
            given = left[at : at + 2] if argument == "--shard" else argument.split("=", 1)
            part = str(Part.parse(given[1] if len(given) == 2 else ""))
            del left[at : at + (2 if argument == "--shard" else 1)]
            break
    if part is not None and name not in SHARDED:
        raise UserError(f"--shard: stage {name} has no shards to share; those with some are {', '.join(SHARDED)}")
    return part, left


def configure(root: Path, overrides: Sequence[str]) -> "Params":
    """The typed configuration of a single run; raises ConfigError."""
    from mathmill.workflow.composition import compose_conf, is_group, merge_overrides, override_params, read_overrides
    from mathmill.workflow.params import load_sealed
    from mathmill.workflow.validate import to_params

    # A key without a dot (seed) is what sections refer to, so it too must be composed anew to reach them.
    if any(is_group(root, override) or "." not in override.partition("=")[0] for override in overrides):
        return compose_conf(root, merge_overrides(read_overrides(root), overrides))
    content = load_sealed(root)
    return override_params(root, content, overrides) if overrides else to_params(content)


def execute(
    name: str,
    body: Body,
    root: Path,
    params: "Params",
    job: Path | None,
    check: Check | None = None,
    receipt: Path | None = None,
) -> float | None:
    """Run a stage's body under lock and tracking; returns its value. A failed run keeps its scratch folder.

    job: the folder of a multirun job, where its outputs go; one that has done this very work answers at once.
    check: see launch. receipt: the folder that says that the job is done, where it is not `job` itself (see chain).
    """
    from mathmill.workflow.environment import Signals, prepare, rank
    from mathmill.workflow.fingerprint import fingerprint
    from mathmill.workflow.stage import Stage
    from mathmill.workflow.sweep import finished

    prepare(params.runtime)
    params.runtime.settle()
    signals = Signals()
    signals.install()
    stage = Stage(name, params, root, job)
    inputs = stage.all_inputs()
    if check is not None:
        check(stage)
    work = fingerprint(root, stage.node, params, inputs)
    stage.receipt = receipt or job
    if job is not None and (done := finished(receipt or job, work)) is not None:
        print(f"{stage.node.name}: this job is done already ({job})", file=sys.stderr)
        return done.objective
    stage.scratch = scratch_root(root, params.runtime.scratch) / stage.node.name / work
    try:
        if params.runtime.engine.part is not None:
            _part(stage, body)
            return None
        return _lead(stage, work, body, signals) if rank() == 0 else _follow(stage, work, body)
    except KeyboardInterrupt:
        if signals.received is None:
            raise
        print(f"{stage.node.name}: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(_INTERRUPTED + signals.received)


def _lead(stage: "Stage", fingerprint: str, body: Body, signals: "Signals") -> float | None:
    """The first (or only) process: holds the locks, and tells MLflow."""
    from mathmill.workflow.files import remove
    from mathmill.workflow.scratch import locked, scratch

    patience = stage.runtime.lock_timeout
    with ExitStack() as held:
        if stage.job is None:
            # The outputs are one place, whatever the fingerprint: two processes must not both publish there.
            path = stage.root / ".work" / f"{stage.node.name}.lock"
            held.enter_context(locked(path, stage.node.name, patience))
        held.enter_context(scratch(stage.scratch, stage.node.name, patience))
        value = _tracked(stage, fingerprint, body, signals)
        remove(stage.scratch)
    return value


def _part(stage: "Stage", body: Body) -> None:
    """One process of a job array: does its part of the next unfinished step in the common scratch folder, and ends.

    A plain run, which would move on under the parts' feet, is kept out by the lock that it needs for itself alone.
    """
    from mathmill.workflow.engine_part import Part, PartDone, serially
    from mathmill.workflow.scratch import locked

    part = Part.parse(stage.runtime.engine.part or "")
    name, patience = f"{stage.node.name}, part {part}", stage.runtime.lock_timeout
    beside = stage.scratch.with_name
    with ExitStack() as held:
        held.enter_context(locked(beside(f"{stage.scratch.name}.part-{part.name}.lock"), name, patience))
        held.enter_context(locked(beside(f"{stage.scratch.name}.lock"), name, patience, shared=True))
        stage.scratch.mkdir(parents=True, exist_ok=True)
        alone = held.enter_context(ExitStack())
        alone.enter_context(locked(beside(f"{stage.scratch.name}.serial.lock"), name, _PATIENCE))
        held.enter_context(serially(alone.close))
        try:
            body(stage)
        except PartDone as done:
            print(f"{stage.node.name}: {done}", file=sys.stderr)


def _tracked(stage: "Stage", fingerprint: str, body: Body, signals: "Signals") -> float | None:
    """Call the body within its MLflow run, and check that it wrote what the graph says."""
    from mathmill.workflow.card import write_cards
    from mathmill.workflow.sweep import record
    from mathmill.workflow.tracking import open_run

    outputs = {label: stage.output(label) for label in stage.node.outputs}
    stage.run = open_run(stage, fingerprint)
    status = "FAILED"
    try:
        stage.run.inputs(stage.all_inputs())
        value = body(stage)
        if missing := [label for label, path in outputs.items() if not path.exists()]:
            raise RuntimeError(f"stage {stage.node.name} ended without its outputs: {', '.join(missing)}")
        write_cards(stage)
        stage.run.outputs(outputs)
        status = "FINISHED"
    finally:
        # Lightning turns an interrupt into SystemExit, so the signal tells, not the exception.
        stage.run.finish("KILLED" if signals.received is not None else status)
    if stage.receipt is not None and signals.received is None:  # after the run: what is recorded is not looked at again
        record(stage.receipt, fingerprint, value, stage.run.id)
    return value


def _follow(stage: "Stage", fingerprint: str, body: Body) -> float | None:
    """Another rank of the same stage: works in the leader's folder, tells MLflow nothing."""
    from mathmill.workflow.tracking import open_run

    stage.scratch.mkdir(parents=True, exist_ok=True)
    stage.run = open_run(stage, fingerprint)
    return body(stage)


def _picks(overrides: Sequence[str], group: str) -> bool:
    return any(override.lstrip("+").startswith(f"{group}=") for override in overrides)
