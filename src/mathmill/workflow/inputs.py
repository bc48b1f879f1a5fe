"""Inputs that a user brings: the key `<stage>.<label>` names another path than the default graph's.

DVC sees the default path as the dependency. What the user's path holds enters params.yaml as a digest (`inputs`), which
the stage lists, so other bytes under the same name are another input. compose computes it; `make reproduce` composes
before it calls DVC, so a file that changed in place is noticed there (a bare `dvc repro` needs `dvc repro -f compose`).
"""

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import digest
from mathmill.workflow.graph import PRETRAIN, STAGES, Node, producer
from mathmill.workflow.graph import node as graph_node
from mathmill.workflow.project import home
from mathmill.workflow.schema import Params

# Beyond this, names, sizes and times stand for the content: hashing a crawl of terabytes takes longer than the stage.
HASHED_BYTES = 2 << 30
# Inputs that a stage reads at addresses as well. What stands there is taken to stay as it is, like a published crawl.
ADDRESSED = ("pages.crawl", "evaluate.task_files")
# What a Hugging Face folder must hold for a label; whether its weights can be read, the stage says.
_MODEL_FILES = {
    "checkpoint": ("config.json", "tokenizer.json"),
    "init": ("tokenizer.json",),
    "base_checkpoint": ("tokenizer.json",),
}


def own_key(node: Node, label: str) -> str:
    """The configuration key that replaces an input: `pages.crawl`, `pretrain.runs.base.init`."""
    return f"pretrain.runs.{node.item}.{label}" if node.stage == "pretrain" else f"{node.stage}.{label}"


def own_value(params: Params, node: Node, label: str) -> list[str] | None:
    """What the user put in place of an input: a list of paths or addresses; None where the default holds."""
    if label not in node.own:
        return None
    value: Any = params
    for part in own_key(node, label).split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    if value in ("", []):
        raise ConfigError(f"{own_key(node, label)}: nothing is named; give a path, or null for the default")
    default = node.inputs.get(label)
    if not value or value in (default, [default]):
        return None
    if isinstance(value, dict):
        return list(value.values())
    return [value] if isinstance(value, str) else list(value)


def is_remote(value: str) -> bool:
    """Whether a value is an address (s3://, https://, hf://, datasets:name) and not a path."""
    return "://" in value or value.startswith(("hf:", "datasets:"))


def resolve(root: Path, node: Node, label: str, values: Iterable[str]) -> list[Path]:
    """The existing paths behind a user's values (patterns are expanded); raises UserError that names the key.

    A relative path counts from the checkout, also inside a temporary copy of an experiment.
    """
    found: list[Path] = []
    for value in values:
        if is_remote(value):
            continue
        path = home(root) / Path(value).expanduser()
        matches = [path] if path.exists() else [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
        if not matches:
            raise UserError(f"{own_key(node, label)} = {value}: no such file or folder (looked at {path})")
        for match in matches:
            if not (match.is_file() or match.is_dir()):
                raise UserError(f"{own_key(node, label)} = {value}: neither a file nor a folder")
            if missing := [name for name in _MODEL_FILES.get(label, ()) if not (match / name).exists()]:
                raise UserError(f"{own_key(node, label)} = {value}: no {' and no '.join(missing)} in {match}")
        found.extend(matches)
    return found


def input_digests(root: Path, params: Params) -> dict[str, Any]:
    """Block `inputs` of params.yaml: stage -> label (pretrain: item -> label) -> digest, or null for the default."""
    block: dict[str, Any] = {}
    for node in _replaceable(params):
        held: dict[str, str | None] = {}
        for label in sorted(node.own):
            values = own_value(params, node, label)
            held[label] = None if values is None else _digest_all(root, node, label, values)
        if node.stage == "pretrain":
            block.setdefault("pretrain", {})[node.item] = held
        else:
            block[node.stage] = held
    return block


def notes(params: Params) -> list[str]:
    """A warning for each own input that another stage makes: dvc.yaml draws no edge from there."""
    found = []
    for node in _replaceable(params):
        for label in sorted(node.own):
            for value in own_value(params, node, label) or []:
                maker = None if is_remote(value) else producer(value)
                if maker is not None:
                    found.append(
                        f"{own_key(node, label)} = {value} is made by stage {maker.name}, but dvc.yaml draws no edge "
                        f"from it: put {value} among the deps of {node.name} there, or run the two by hand in order"
                    )
    return found


def _replaceable(params: Params) -> list[Node]:
    """One node a stage with own inputs; for pretrain one a run, since each has its own keys."""
    runs = {**PRETRAIN, **(getattr(params.pretrain, "runs", None) or {})}
    found = [graph_node("pretrain", item) for item in runs]
    return found + [graph_node(stage) for stage in STAGES[1:] if stage != "pretrain" and graph_node(stage).own]


def _digest_all(root: Path, node: Node, label: str, values: list[str]) -> str:
    hasher = hashlib.md5()
    for value in values:
        if is_remote(value) and own_key(node, label) in ADDRESSED:
            hasher.update(f"{value}\n".encode())
            continue
        if is_remote(value):
            known = " and ".join(ADDRESSED)
            raise UserError(f"{own_key(node, label)} = {value}: only {known} take addresses; give a file or folder")
        if producer(value) is not None:
            hasher.update(f"{value}\n".encode())  # its bytes are not made yet
            continue
        for path in resolve(root, node, label, [value]):
            hasher.update(f"{path.name} {signature(path)}\n".encode())
    return hasher.hexdigest()


def signature(path: Path) -> str:
    """The digest of a file or folder up to HASHED_BYTES; of names, sizes and modification times beyond."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    stats: list[tuple[Any, ...]] = [(str(file.relative_to(path)), file.stat()) for file in files]
    if sum(stat.st_size for _, stat in stats) <= HASHED_BYTES:
        return digest(path)
    listed = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.md5(listed.encode()).hexdigest()
