"""The manifest of a folder of shards: a shard is done only by its line here.

While a run goes on, lines are added to `manifest.partial.jsonl`, each forced to disk. When all shards are done, the
lines become `manifest.jsonl`, sorted by shard and free of times, so that equal work gives equal bytes. Each process of
a job array adds lines to a file of its own, `manifest.part-3-of-16.jsonl`; the process that merges reads them all.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl, remove, write_jsonl

FINAL = "manifest.jsonl"
PARTIAL = "manifest.partial.jsonl"
PART = "manifest.part-"
QUARANTINE = "quarantine"
WORK = ".work"


def read_manifest(out_dir: Path) -> list[dict[str, Any]]:
    """The lines of a finished run, by shard: `shard`, `key`, `output`, `bytes`, `stats`, `quarantined`.

    Raises UserError where the folder holds none, or an unfinished one.
    """
    path = out_dir / FINAL
    if not path.is_file():
        begun = (out_dir / PARTIAL).exists() or any(out_dir.glob(f"{PART}*"))
        state = "its run has not finished" if begun else "it holds no manifest.jsonl"
        raise UserError(f"{out_dir}: {state}; run the stage that makes this folder")
    return read_jsonl(path)


def shard_paths(out_dir: Path) -> list[Path]:
    """The outputs that the manifest of `out_dir` lists, by shard; never a glob, which would find strays."""
    return [out_dir / row["output"] for row in read_manifest(out_dir)]


def read_quarantine(out_dir: Path) -> list[dict[str, str]]:
    """Every page that was set aside, by shard: `shard`, `url`, `reason`."""
    rows: list[dict[str, str]] = []
    for line in read_manifest(out_dir):
        if line["quarantined"]:
            listed = read_jsonl(out_dir / QUARANTINE / f"{line['shard']}.jsonl")
            rows.extend({"shard": line["shard"], "url": row["url"], "reason": row["reason"]} for row in listed)
    return rows


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def sync(path: Path) -> None:
    """Force a file, or all files below a folder, to disk."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Manifest:
    """The manifest of `out_dir` while a run writes it. part: the name of this process's part of the work, or empty."""

    def __init__(self, out_dir: Path, part: str = "") -> None:
        self.out_dir = out_dir
        self.work = out_dir / (f"{WORK}-{part}" if part else WORK)
        self._partial = out_dir / (f"{PART}{part}.jsonl" if part else PARTIAL)
        self._whole = not part
        out_dir.mkdir(parents=True, exist_ok=True)
        self.lines: dict[str, dict[str, Any]] = {}
        for path in (out_dir / FINAL, out_dir / PARTIAL, *self._parts()):
            for line in _good_lines(path):
                self.lines[line["shard"]] = line

    def keep(self, good: dict[str, str]) -> None:
        """Drop every line, output and quarantine file whose shard or key is not in `good`, or whose output is gone.

        A part of the work drops lines only: the files may be another part's.
        """
        for shard, line in list(self.lines.items()):
            output = self.out_dir / line["output"]
            fresh = good.get(shard) == line["key"] and output.exists() and size_of(output) == line["bytes"]
            if not fresh:
                if self._whole:
                    remove(output)
                    (self.out_dir / QUARANTINE / f"{shard}.jsonl").unlink(missing_ok=True)
                del self.lines[shard]

    def begin(self) -> None:
        """Turn a finished manifest back into a partial one, so that nobody reads a folder in the making."""
        if not self._whole:
            write_jsonl(self._partial, _good_lines(self._partial))  # without a line that a kill has torn
            return
        write_jsonl(self._partial, self.lines.values())
        for path in (self.out_dir / FINAL, *self._parts()):
            path.unlink(missing_ok=True)

    def unfinished(self) -> bool:
        """Whether a run that was killed in its last moments has left something beside the finished manifest."""
        return any(path.exists() for path in (self._partial, self.work)) or bool(self._parts())

    def commit(self, line: dict[str, Any], made: Path, records: list[dict[str, str]]) -> None:
        """Move the output `made` to its place and write its line; after that the shard is done."""
        quarantine = self.out_dir / QUARANTINE / f"{line['shard']}.jsonl"
        quarantine.unlink(missing_ok=True)
        if records:
            write_jsonl(quarantine, records)
        target = self.out_dir / line["output"]
        remove(target)
        os.replace(made, target)
        _sync_folder(self.out_dir)
        with self._partial.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.lines[line["shard"]] = line

    def finish(self) -> None:
        """All shards are done: write the manifest that readers wait for."""
        write_jsonl(self.out_dir / FINAL, (self.lines[shard] for shard in sorted(self.lines)))
        _sync_folder(self.out_dir)
        self._partial.unlink(missing_ok=True)
        # What killed runs and parts have left: half-written files, and folders that a part may be removing itself.
        for stray in (*self.out_dir.glob(".*.tmp"), *self.out_dir.glob(f"{QUARANTINE}/.*.tmp")):
            stray.unlink(missing_ok=True)
        for folder in self.out_dir.glob(f"{WORK}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def leave(self) -> None:
        """End a part of the work: its lines stay for the process that merges, its work folder goes."""
        shutil.rmtree(self.work, ignore_errors=True)

    def _parts(self) -> list[Path]:
        """The files of lines that the parts of a job array have written."""
        return sorted(self.out_dir.glob(f"{PART}*.jsonl"))


def forget(out_dir: Path, shards: set[str]) -> None:
    """Let finished shards be run again by the next run, although nothing that they depend on has changed."""
    lines = [line for line in read_manifest(out_dir) if line["shard"] not in shards]
    write_jsonl(out_dir / PARTIAL, lines)
    (out_dir / FINAL).unlink()


def _good_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a manifest, without a last one that a kill has torn."""
    if not path.is_file():
        return []
    lines: list[dict[str, Any]] = []
    for text in path.read_bytes().split(b"\n")[:-1]:
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
