"""Checkpoints of an unfinished phase: written beside and renamed, sealed with their hashes, the last two kept.

A checkpoint is a folder step-00000123/ with `state` (a file, or a folder under DeepSpeed) and seal.json, which names
each file with its size and xxh3 hash. One whose seal is absent or does not fit is passed over with a message.
"""

import os
import sys
from pathlib import Path
from typing import Any

import xxhash

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, remove, write_json

KEPT = 2
_CHUNK = 1 << 22


def _files(folder: Path) -> dict[str, Path]:
    """Every file under `folder` but the seal, by relative path."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    found.pop("seal.json", None)
    return found


def _mark(path: Path) -> dict[str, Any]:
    hasher = xxhash.xxh3_128()
    with open(path, "rb") as handle:
        while chunk := handle.read(_CHUNK):
            hasher.update(chunk)
    return {"size": path.stat().st_size, "xxh3": hasher.hexdigest()}


class Checkpoints:
    """The checkpoints in one folder of a stage's scratch."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def path(self, step: int) -> Path:
        """The finished checkpoint after `step` steps."""
        return self.folder / f"step-{step:08d}"

    def begin(self, step: int) -> Path:
        """Where the state after `step` steps is to be written, the same path on every rank."""
        return self.folder / f".writing-{step:08d}" / "state"

    def clear(self, step: int) -> None:
        """Make room for `begin(step)`; one rank calls it, before any writes."""
        remove(self.begin(step).parent)
        self.begin(step).parent.mkdir(parents=True)

    def seal(self, step: int) -> Path:
        """Seal what was written, give it its name, drop all but the last two; one rank calls it, after all wrote."""
        beside = self.begin(step).parent
        write_json(beside / "seal.json", {name: _mark(path) for name, path in _files(beside).items()})
        _flush(beside)
        final = self.path(step)
        remove(final)
        os.replace(beside, final)
        for old in self._all()[KEPT:]:
            remove(old)
        for converted in self.folder.glob("universal-*"):
            remove(converted)
        return final / "state"

    def latest(self) -> Path | None:
        """The state of the newest whole checkpoint, or None; damaged ones are named on stderr and passed over."""
        for folder in self._all():
            fault = self._fault(folder)
            if fault is None:
                return folder / "state"
            print(f"{folder}: {fault}; going back to the checkpoint before it", file=sys.stderr)
        return None

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"), reverse=True) if self.folder.is_dir() else []

    def _fault(self, folder: Path) -> str | None:
        """What is wrong with a checkpoint, None where nothing is."""
        try:
            seal = read_json(folder / "seal.json")
        except UserError as error:
            return f"no readable seal ({error})"
        present = _files(folder)
        if missing := sorted(set(seal) - set(present)):
            return f"{missing[0]} is missing"
        for name, mark in seal.items():
            size = present[name].stat().st_size
            if size != mark["size"]:
                return f"{name} has {size} bytes and should have {mark['size']}"
            if _mark(present[name]) != mark:
                return f"{name} does not fit its hash"
        return None


def _flush(folder: Path) -> None:
    """Force files to the disk, so that a power cut after the rename does not leave empty ones."""
    for path in _files(folder).values():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
