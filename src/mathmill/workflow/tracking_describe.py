"""What a run says about itself: its name, its parameters, its tags."""

import getpass
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mathmill.workflow.engine_plan import plain
from mathmill.workflow.graph import node_name

LIMIT = 6000  # characters of a parameter that MLflow takes


def parameters(stage: Any) -> dict[str, str]:
    """The stage's own section, flat (`rl.optim.lr`), and the project's seed.

    A section that configures several items in `runs` shows only the one at work, under the same names for every item,
    so that two ablations compare line by line.
    """
    section = plain(stage.section)
    runs = section.pop("runs", None)
    if isinstance(runs, dict) and stage.item in runs:
        section = {**section, **(runs[stage.item] or {})}
    elif runs is not None:
        section["runs"] = runs
    flat = {f"{stage.name}.{key}": value for key, value in flatten(section)}
    seed = getattr(stage.params, "seed", None)
    if seed is not None:
        flat["seed"] = str(seed)
    return {key: cut(value) for key, value in flat.items()}


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested dicts as (dotted name, text); lists become JSON."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + str(key), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cut(text: str) -> str:
    """The text, within MLflow's limit; what is cut is said."""
    if len(text) <= LIMIT:
        return text
    note = f" ... [cut: {len(text)} characters, all in params.yaml]"
    return text[: LIMIT - len(note)] + note


def tags(stage: Any, fingerprint: str, overrides: Sequence[str]) -> dict[str, str]:
    """Tags to find and group runs by: stage, item, seed, ablation, choices, and where code and data came from."""
    section = plain(stage.section)
    run = (section.get("runs") or {}).get(stage.item) or {}
    found = {
        "stage": stage.name,
        "item": stage.item,
        "fingerprint": fingerprint,
        "seed": _first(section.get("seed"), getattr(stage.params, "seed", None)),
        "ablation": run.get("ablation"),
        "scale": getattr(stage.params, "scale", None),
        "overrides": " ".join(overrides)[:LIMIT] or None,
        "dvc.stage": os.environ.get("DVC_STAGE"),
        "dvc.exp_name": os.environ.get("DVC_EXP_NAME"),
        "mlflow.source.name": f"python -m mathmill.{stage.name}",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": getpass.getuser(),
        **revision(stage.root),
        **{f"choices.{key}": value for key, value in flatten(plain(getattr(stage.params, "choices", None) or {}))},
    }
    return {key: str(value) for key, value in found.items() if value not in (None, "")}


def run_name(stage: Any, overrides: Sequence[str]) -> str:
    """`rl@grpo lr=3e-05 seed=1`: the stage, and what was set for this job of a sweep, or learning rate and seed."""
    name = node_name(stage.name, stage.item)
    if overrides:
        pairs = [text.lstrip("+~").split("=", 1) for text in overrides]
    else:
        logged = parameters(stage)
        own = [f"{stage.name}.{end}" for end in ("lr", "optim.lr", "seed")]
        pairs = [[key, logged[key]] for key in own if logged.get(key, "null") != "null"]
        if len(pairs) > 1 and pairs[0][0].endswith(".lr") and pairs[1][0].endswith(".lr"):
            del pairs[1]  # an item's own rate stands in place of the section's
    pairs.sort(key=lambda pair: pair[0].endswith("seed"))  # the seed last
    ends = [key.split(".")[-1] for key, *_ in pairs]
    parts = [
        "=".join([end if ends.count(end) == 1 else key.removeprefix(f"{stage.name}."), *value])
        for end, (key, *value) in zip(ends, pairs, strict=True)
    ]
    return " ".join([name, *parts])[:250]


def revision(root: Path) -> dict[str, str]:
    """The git revision of the code, and whether tracked files differ from it; empty outside git."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git(
        root, "status", "--porcelain", "--untracked-files=no", "--", "src", "conf", "dvc.yaml", "params.yaml"
    )
    return {"mlflow.source.git.commit": commit, "git.dirty": str(bool(changed)).lower()}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
