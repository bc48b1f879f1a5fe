"""One try at one shard: what the engine hands to a back end, and what comes back."""

import errno
import importlib
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mathmill.workflow.engine_guard import PageGuard, PageTimeout, Trail
from mathmill.workflow.engine_manifest import size_of, sync
from mathmill.workflow.engine_plan import Shard, plain
from mathmill.workflow.errors import UserError

ShardFunction = Callable[[Shard, Any, Path, PageGuard], dict[str, Any]]


@dataclass
class Job:
    """One try: the function and its arguments, where it writes, and the urls that killed a worker before."""

    function: ShardFunction
    shard: Shard
    params: Any
    out: Path
    trail: Path
    page_timeout: float
    page_grace: float
    bad_pages: float
    skip: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What became of a try.

    ok: the output lies at `job.out`. Otherwise `cause` says why; `crashed` means that the worker process died, then
    `url` is the page that it was at (empty: none) and `reason` is `crash` or `hang`; `full` means that the disk is;
    `final` means that another try is of no use.
    """

    job: Job
    ok: bool
    stats: dict[str, Any] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    records: list[dict[str, str]] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    pages: int = 0
    cause: str = ""
    trace: str = ""
    crashed: bool = False
    url: str = ""
    reason: str = ""
    full: bool = False
    final: bool = False


class Backend(Protocol):
    """Where jobs run. A cluster (Ray tasks, a Slurm array) needs these four methods and nothing else."""

    capacity: int  # jobs that may be started before the first one has ended

    def start(self, job: Job) -> None:
        """Begin a job; called only while fewer than `capacity` are under way."""

    def next(self, seconds: float) -> Outcome | None:
        """The next job that has ended, in any order; None where none has ended after about `seconds`."""

    def pages(self) -> int:
        """Pages that the jobs under way have begun so far, for the progress bar."""

    def close(self) -> None:
        """End all workers at once, also those under way."""


def run_job(job: Job) -> Outcome:
    """Call the shard function in this process; every exception but a KeyboardInterrupt becomes an Outcome."""
    began = time.monotonic()
    trail = Trail(job.trail)
    guard = PageGuard(job.page_timeout, trail, job.skip, job.page_grace)
    try:
        stats = plain(job.function(job.shard, job.params, job.out, guard))
        guard.check(job.bad_pages)
        if not isinstance(stats, dict):
            raise TypeError(f"a shard function returns a dict of statistics, not {type(stats).__name__}")
        if not job.out.exists():
            raise FileNotFoundError("the shard function returned without writing its output")
        sync(job.out)
    except (Exception, PageTimeout) as error:  # an alarm in the last instruction of a page arrives here
        return Outcome(
            job,
            False,
            cause=_cause(error),
            trace=traceback.format_exc(),
            full=isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT),
            final=isinstance(error, UserError),
            pages=guard.pages,
        )
    finally:
        trail.close()
    return Outcome(
        job,
        True,
        stats=stats,
        quarantined=dict(sorted(guard.quarantined.items())),
        records=guard.records,
        bytes=size_of(job.out),
        seconds=time.monotonic() - began,
        pages=guard.pages,
    )


def lost(job: Job, url: str, reason: str, what: str) -> Outcome:
    """The outcome of a try whose worker process is gone, at a page or (without a url) between two."""
    where = f" at {url}" if url else " between pages"
    return Outcome(job, False, cause=f"its worker process {what}{where}", crashed=True, url=url, reason=reason)


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name_of(function: ShardFunction) -> tuple[str, str]:
    """Module and name under which a worker process finds the function; ValueError where it would not."""
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or getattr(importlib.import_module(module), name, None) is not function:
        raise ValueError(f"{module}.{name}: a shard function stands at the top of an importable module")
    return module, name


def _cause(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(os.path.abspath(__file__))
    outside = [frame for frame in frames if os.path.dirname(os.path.abspath(frame.filename)) != here]
    place = f" ({Path(outside[-1].filename).name}, line {outside[-1].lineno})" if outside else ""
    return f"{type(error).__name__}: {error}{place}"
