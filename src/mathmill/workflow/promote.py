"""python -m mathmill.workflow.promote RUN [NAME]: the configuration of a run as a file, conf/experiment/NAME.yaml.

RUN is the id of a finished run in MLflow, or of a sweep's run, whose best job is then taken. The file holds what set
that run apart from the defaults of conf/: options of groups (scale, paradigm ...), and values. `make exp
experiment=NAME` makes it the project's configuration. Not in the file: `runtime` and the groups of the machine, which
change no result, and which item of a stage the run was (pretrain.run, evaluate.model), for the graph runs them all.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.workflow.engine_plan import plain
from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.graph import ITEM_KEYS
from mathmill.workflow.params import differences, is_absent
from mathmill.workflow.tracking_store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

BEST = "best"  # the tag of a sweep's run that names its best job
_MACHINE = ("runtime", "engine", "trainer", "local")
_FLATTENED = ("experiment", "sweep")  # their values go into the file: an experiment cannot pick another one
_NOT_VALUES = ("choices", "inputs", "runtime", "scale")
_NAME = re.compile(r"[a-z0-9_]+")


def promote(root: Path, store: Store, run_id: str, name: str | None = None) -> tuple[Path, list[str]]:
    """Write the experiment of a run; returns its path, and notes on what would compose otherwise than the run did.

    Raises UserError for a run that cannot be promoted, and for a name that is taken.
    """
    run = winner(store, run_id)
    name = name or f"{run.data.tags['stage']}_{run.info.run_id[:8]}"
    if not _NAME.fullmatch(name):
        raise UserError(f"{name}: a name of small letters, digits and _")
    wanted = _configuration(store, run)
    groups, values = difference(root, wanted)
    path = root / "conf" / "experiment" / f"{name}.yaml"
    text = _text(run, name, groups, values)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise UserError(f"{path.relative_to(root)} is there already and says something else; give another name")
    path.write_text(text, encoding="utf-8")
    return path, _disagreements(root, name, wanted)


def winner(store: Store, run_id: str) -> "Run":
    """The run of that id, or the best job of that sweep."""
    from mlflow.exceptions import MlflowException

    try:
        run = store.client.get_run(run_id)
        if run.data.tags.get("kind") == "sweep":
            if BEST not in run.data.tags:
                raise UserError(f"run {run_id} is a sweep of which no job has a value; name a job's run")
            run = store.client.get_run(run.data.tags[BEST])
    except MlflowException as error:
        raise UserError(f"{run_id}: no such run in {store.uri} ({str(error).splitlines()[0]})") from None
    if run.info.status != "FINISHED" or "stage" not in run.data.tags:
        raise UserError(f"run {run.info.run_id} is {run.info.status}: only a finished run of a stage is promoted")
    return run


def difference(root: Path, wanted: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """(options of groups, values by dotted key) that make of the defaults of conf/ what a run had."""
    default = _composed(root, [])
    groups = {
        group: option
        for group, option in sorted(wanted["choices"].items())
        if group not in (*_MACHINE, *_FLATTENED) and default["choices"].get(group) != option
    }
    chosen = _composed(root, [f"{group}={option}" for group, option in groups.items()])
    return groups, {key: value for key, value in _differing(chosen, wanted) if not is_absent(value)}


def _configuration(store: Store, run: "Run") -> dict[str, Any]:
    import yaml
    from mlflow.exceptions import MlflowException

    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"  # of one small file
    try:
        path = store.client.download_artifacts(run.info.run_id, "params.yaml")
    except (MlflowException, OSError) as error:
        raise UserError(f"run {run.info.run_id}: its params.yaml cannot be read ({error})") from None
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def _composed(root: Path, overrides: list[str]) -> dict[str, Any]:
    from mathmill.workflow.composition import compose_conf

    return plain(asdict(compose_conf(root, overrides)))


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The keys on which the composition and the run differ, with the run's value."""
    items = {f"{stage}.{key}" for stage, key in ITEM_KEYS.items() if stage != "rl"}  # rl.method is a choice of method
    for key, here, there in differences(ours, theirs):
        if key.split(".")[0] not in _NOT_VALUES and key not in items:
            if is_absent(here) and "." not in key:
                raise UserError(f"{key}: a section that this version does not have; promote with the run's own commit")
            yield key, there


def _text(run: "Run", name: str, groups: dict[str, str], values: dict[str, Any]) -> str:
    import yaml

    tree: dict[str, Any] = {}
    for key, value in values.items():
        *above, last = key.split(".")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    commit = run.data.tags.get("mlflow.source.git.commit", "")[:12] or "unknown"
    parts = [
        "# @package _global_",
        f"# Promoted from run {run.info.run_id} ({run.info.run_name}; commit {commit}).",
        f"#   make exp experiment={name}",
    ]
    if groups:
        parts.append("defaults:")
        parts += [f"  - override /{group}: {option}" for group, option in groups.items()]
    body = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110) if tree else ""
    return "\n".join(parts) + "\n" + body


def _disagreements(root: Path, name: str, wanted: dict[str, Any]) -> list[str]:
    """What `make exp experiment=NAME` would compose otherwise than the run, and why."""
    from mathmill.workflow.composition import merge_overrides, read_overrides

    composed = _composed(root, merge_overrides(read_overrides(root), [f"experiment={name}"]))
    return [
        f"{key}: the run does not have it; today's value stands"
        if is_absent(value)
        else f"{key} stands in overrides.yaml, which comes before an experiment: make exp {key}= drops it"
        for key, value in _differing(composed, wanted)
    ]


def main(words: list[str]) -> None:
    """Promote as the command line says; the process ends with exit code 2 where the user can mend it."""
    from mathmill.workflow.launch import configure
    from mathmill.workflow.project import find_root
    from mathmill.workflow.tracking_store import open_store

    if not words or words[0].startswith("-"):
        print((__doc__ or "").strip())
        sys.exit(0 if words else 2)
    with exit_plainly():
        root = find_root()
        store = open_store(root, configure(root, []).runtime.tracking_uri)
        path, otherwise = promote(root, store, *words[:2])
    print(f"{path.relative_to(root)}: written; make exp experiment={path.stem}")
    for note in otherwise:
        print(f"note: {note}")


if __name__ == "__main__":
    main(sys.argv[1:])
