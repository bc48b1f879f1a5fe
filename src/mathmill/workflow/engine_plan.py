"""What a shard is, and the hash that says whether a finished one is still good."""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from mathmill.workflow.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_digests: dict[tuple[str, int, int], str] = {}


@dataclass(frozen=True)
class Shard:
    """One piece of work: `key` names its output file, `inputs` are the files or folders that it reads.

    addresses: files elsewhere (https://, s3://) that it reads; these are known by their address, not by their bytes.
    """

    key: str
    inputs: tuple[Path, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A shard with the hash of everything that its output depends on, and the name of its output."""

    shard: Shard
    key: str
    output: str


def content_digest(path: Path) -> str:
    """Hash of the bytes of a file, or of all files below a folder with their relative names.

    A file is read once a process as long as its size and time of change stay the same.
    """
    if path.is_dir():
        total = xxhash.xxh3_128()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            total.update(f"{file.relative_to(path).as_posix()}\0{_file_digest(file)}\n".encode())
        return total.hexdigest()
    return _file_digest(path)


def _file_digest(path: Path) -> str:
    try:
        stat = path.stat()
        slot = (os.fspath(path.absolute()), stat.st_size, stat.st_mtime_ns)
        if slot not in _digests:
            total = xxhash.xxh3_128()
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    total.update(block)
            _digests[slot] = total.hexdigest()
        return _digests[slot]
    except FileNotFoundError:
        raise UserError(f"{path}: this input of a shard is missing; run the stage that makes it") from None


def plain(value: Any) -> Any:
    """The value as JSON types: dataclasses become dicts, paths become text, sets become sorted lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return value.as_posix()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"the parameters of a shard must be plain data, not {type(value).__name__}")


def plan(
    task: str, shards: Sequence[Shard], params: Any, uses: Sequence[Path], version: str, suffix: str
) -> list[Planned]:
    """One `Planned` a shard, in the order of `shards`.

    The key covers the task, the version of its code, the parameters, and the names and bytes of the shard's inputs and
    of every file in `uses`, never where they lie: a retrained model in `uses` makes every shard stale, a moved folder
    none.
    """
    common = {
        "task": task,
        "version": version,
        "params": plain(params),
        "uses": [[path.name, content_digest(path)] for path in uses],
    }
    planned: list[Planned] = []
    seen: set[str] = set()
    for shard in shards:
        if not _NAME.fullmatch(shard.key):
            raise ValueError(f"shard key {shard.key!r}: letters, digits and ._- only, for it becomes a file name")
        if shard.key in seen:
            raise ValueError(f"shard key {shard.key!r} occurs twice in {task}")
        seen.add(shard.key)
        inputs = [[path.name, content_digest(path)] for path in shard.inputs]
        remote = {"addresses": shard.addresses} if shard.addresses else {}
        text = json.dumps({**common, "shard": shard.key, "inputs": inputs, **remote}, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:24]
        planned.append(Planned(shard, key, f"{shard.key}{suffix}"))
    return planned
