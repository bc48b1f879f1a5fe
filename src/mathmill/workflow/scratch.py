"""Folders of unfinished work, each held by one process at a time.

A lock belongs to a process (fcntl record lock), not to its children: worker processes that outlive a killed stage do
not keep its successor out, while an orphaned stage of a killed `dvc repro` does, until it ends.
"""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mathmill.workflow.errors import UserError

_POLL_SECONDS = 0.2


@contextmanager
def locked(path: Path, what: str, timeout: float, shared: bool = False) -> Iterator[None]:
    """Hold the lock file `path` for the block; waits up to `timeout` seconds, with a message, for another process.

    what: the work, as named in messages. shared: others may hold it as well if they ask for the same.
    Raises UserError with the other's process id when the time is up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(path, what, timeout, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    try:
        yield
    finally:
        # Unlinked while held: whoever waits on this file sees that it is gone and opens a new one. Not by one of
        # several holders: the next one would find no file, and no lock.
        if not shared:
            path.unlink(missing_ok=True)
        handle.close()


def _acquire(path: Path, what: str, timeout: float, kind: int) -> IO[str]:
    deadline = time.monotonic() + timeout
    told = False
    while True:
        handle = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (it stays open as long as the lock is held)
        try:
            fcntl.lockf(handle, kind | fcntl.LOCK_NB)
        except OSError:
            owner = _owner(handle)
            handle.close()
            if time.monotonic() >= deadline:
                raise UserError(
                    f"{what}: process {owner} still works on it; wait for it to end, or end it with `kill {owner}`"
                ) from None
            if not told:
                print(f"{what}: waiting for process {owner} (up to {timeout:.0f} s)", file=sys.stderr, flush=True)
                told = True
            time.sleep(_POLL_SECONDS)
            continue
        if _is_current(handle, path):
            handle.seek(0)
            handle.truncate()
            handle.write(f"{os.getpid()}\n")
            handle.flush()
            return handle
        handle.close()


def _owner(handle: IO[str]) -> str:
    handle.seek(0)
    return handle.read().strip() or "unknown"


def _is_current(handle: IO[str], path: Path) -> bool:
    """Whether the open file is still the one at `path` (its last holder may have unlinked it)."""
    try:
        return os.fstat(handle.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


@contextmanager
def scratch(folder: Path, what: str, timeout: float) -> Iterator[Path]:
    """The folder of one fingerprint's unfinished work, locked for the block and kept when it fails.

    The caller deletes it when its outputs are in place.
    """
    with locked(folder.with_name(folder.name + ".lock"), what, timeout):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
