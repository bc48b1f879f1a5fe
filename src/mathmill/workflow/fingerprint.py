"""The fingerprint of a stage's work: parameters, inputs and code; equal fingerprints mean the same work."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mathmill
from mathmill.workflow.files import digest
from mathmill.workflow.graph import Node
from mathmill.workflow.inputs import signature
from mathmill.workflow.project import short
from mathmill.workflow.schema import Params

_LENGTH = 16


def fingerprint(root: Path, node: Node, params: Params, inputs: Mapping[str, list[Path]]) -> str:
    """16 hexadecimal digits over what the stage listens to in `params`, the bytes of `inputs`, and the stage's code."""
    recorded = locked_digests(root)
    work = {
        "stage": node.name,
        "params": {key: lookup(params, key) for key in node.params if not key.startswith("inputs.")},
        "inputs": {label: [input_digest(root, path, recorded) for path in paths] for label, paths in inputs.items()},
        "code": {path: code_digest(path) for path in node.code},
    }
    return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()[:_LENGTH]


def lookup(params: Params, key: str) -> Any:
    """The value of a dotted key as plain data; None where an item has no entry of its own in a dict."""
    value: Any = asdict(params)
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def input_digest(root: Path, path: Path, recorded: Mapping[str, str]) -> str:
    """DVC's md5 of an input where dvc.lock records it, else the digest of its content."""
    return recorded.get(short(path, root)) or signature(path)


def locked_digests(root: Path) -> dict[str, str]:
    """Path -> md5 of every output in dvc.lock; empty outside `dvc repro`, where it may lag behind."""
    lock = root / "dvc.lock"
    if not os.environ.get("DVC_STAGE") or not lock.exists():
        return {}
    return recorded_outputs(lock)


def recorded_outputs(lock: Path) -> dict[str, str]:
    """Path -> md5 of every output that a dvc.lock records."""
    import yaml

    stages = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages") or {}
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs") or [] if out.get("md5")}


def code_digest(path: str) -> str:
    """The digest of a code folder as it runs (the installed package, not a copy of the project)."""
    package = Path(mathmill.__file__).parent
    return digest(package.parent / Path(path).relative_to("src"))
