"""The shard engine: run a function over shards, in any number of processes, so that finished work stays finished.

    def count(shard: Shard, params: CountConfig, out: Path, guard: PageGuard) -> dict[str, Any]:
        rows = []
        for url, html in read(shard.inputs[0]):
            row = guard.call(url, extract, html)      # None: set aside and counted
            if row is not None:
                rows.append(row)
        write_parquet(out, rows, SCHEMA)
        return {"rows": len(rows)}

    run_shards("pages", count, shards, folder, params=section, engine=stage.runtime.engine)

A shard is done only by its line in `manifest.jsonl`. Its key is a hash of the task, the version, the parameters and the
bytes of everything that it reads, so a retrained model or a changed parameter makes exactly the right shards stale;
they, and shards that are no longer asked for, are removed. A killed run goes on where it was. With `engine.part` this
process is one of several that share the shards of a step (see engine_part).
"""

import errno
import logging
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine_guard import PageGuard
from mathmill.workflow.engine_job import Backend, Job, Outcome, ShardFunction, cores, name_of
from mathmill.workflow.engine_manifest import FINAL, Manifest, read_manifest, read_quarantine, shard_paths
from mathmill.workflow.engine_part import Part, PartDone, release
from mathmill.workflow.engine_plan import Planned, Shard, plan
from mathmill.workflow.engine_pool import Pool, Serial
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import remove

__all__ = [
    "EngineConfig",
    "PageGuard",
    "Shard",
    "ShardResult",
    "read_manifest",
    "read_quarantine",
    "run_shards",
    "shard_paths",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardResult:
    """A finished shard: its output, the statistics of its function, and the pages set aside by reason.

    `skipped`: it was finished before this call. `seconds`: of this call's work, so zero where it was skipped.
    """

    shard: Shard
    key: str
    path: Path
    stats: dict[str, Any]
    quarantined: dict[str, int]
    skipped: bool
    seconds: float


@dataclass
class _Work:
    """What is left of one planned shard: tries used, deaths caused (and at which page), urls to leave out."""

    planned: Planned
    failures: int = 0
    crashes: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    skip: dict[str, str] = field(default_factory=dict)


def run_shards(
    task: str,
    function: ShardFunction,
    shards: Sequence[Shard],
    out_dir: Path,
    *,
    params: Any,
    engine: EngineConfig,
    uses: Sequence[Path] = (),
    version: str = "1",
    suffix: str = ".parquet",
    keyed: Any = None,
) -> list[ShardResult]:
    """Run `function(shard, params, out, guard)` for each shard; the results come in the order of `shards`.

    function: stands at the top of a module; writes one file or folder at `out` and returns statistics (JSON types).
    out_dir: holds `<shard.key><suffix>` for each shard, `manifest.jsonl` and `quarantine/`; the engine owns it.
    params: a dataclass or dict of all that changes the output. uses: models and lists that all shards read.
    version: raise it when the function's code changes its output.
    keyed: what enters the key in place of params, where these also hold what changes no output (time limits).

    Raises UserError at the end with every shard that failed (the others are finished and stay so), or at once where the
    disk is full; PartDone where `engine.part` names a part of the work, and that part is done.
    """
    planned = plan(task, shards, params if keyed is None else keyed, uses, version, suffix)
    try:
        lines, seconds = _complete(task, function, planned, out_dir, params, engine)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"{out_dir}: the disk is full ({error.strerror}); make room and run again: finished shards stay"
        raise UserError(message) from None
    return [
        ShardResult(
            item.shard,
            item.key,
            out_dir / item.output,
            lines[item.shard.key]["stats"],
            lines[item.shard.key]["quarantined"],
            skipped=item.shard.key not in seconds,
            seconds=seconds.get(item.shard.key, 0.0),
        )
        for item in planned
    ]


def _complete(
    task: str, function: ShardFunction, planned: list[Planned], out_dir: Path, params: Any, engine: EngineConfig
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Run what is not done yet; returns the manifest's lines by shard, and the seconds of the shards run here."""
    # A step of one shard cannot be shared: whoever comes first does it, and the others wait for the lock (engine_part).
    part = Part.parse(engine.part) if engine.part and len(planned) > 1 else None
    manifest = Manifest(out_dir, part.name if part else "")
    manifest.keep({item.shard.key: item.key for item in planned})
    todo = [item for item in planned if item.shard.key not in manifest.lines]
    if part is not None and todo:
        mine = part.share(planned)
        todo = [item for item in mine if item.shard.key not in manifest.lines]
        manifest.begin()
        release()
        _run(task, function, todo, manifest, params, engine, done=len(mine) - len(todo))
        manifest.leave()
        raise PartDone(f"{task}: part {part} is done ({len(mine)} of {len(planned)} shards)")
    manifest = Manifest(out_dir) if part else manifest
    manifest.keep({item.shard.key: item.key for item in planned})
    seconds: dict[str, float] = {}
    if todo or not (out_dir / FINAL).exists() or manifest.unfinished() or len(planned) != len(read_manifest(out_dir)):
        manifest.begin()
        seconds = _run(task, function, todo, manifest, params, engine, done=len(planned) - len(todo))
        manifest.finish()
    return manifest.lines, seconds


def _run(
    task: str,
    function: ShardFunction,
    todo: list[Planned],
    manifest: Manifest,
    params: Any,
    engine: EngineConfig,
    done: int,
) -> dict[str, float]:
    """Run what is left to do; returns the seconds of each shard, or raises with all failures."""
    if not todo:
        return {}
    work_dir = manifest.work
    remove(work_dir)  # what a killed run has left
    work_dir.mkdir()
    queue = deque(_Work(item) for item in todo)
    running: dict[str, _Work] = {}
    failed: dict[str, str] = {}
    seconds: dict[str, float] = {}
    pages = 0
    backend = _backend(engine, function, len(todo))
    bar = tqdm(total=done + len(todo), initial=done, desc=task, unit="shard", disable=not engine.progress)
    try:
        while queue or running:
            while queue and len(running) < backend.capacity:
                work = queue.popleft()
                running[work.planned.shard.key] = work
                backend.start(_job(function, work, work_dir, params, engine))
            outcome = backend.next(1.0)
            if outcome is not None:
                work = running.pop(outcome.job.shard.key)
                pages += outcome.pages
                if outcome.ok:
                    _commit(manifest, work, outcome)
                    seconds[work.planned.shard.key] = outcome.seconds
                    bar.update()
                elif not _again(work, outcome, engine, queue):
                    failed[work.planned.shard.key] = outcome.cause
                    bar.update()
            _show_pages(bar, pages + backend.pages())
    finally:
        backend.close()
        bar.close()
    if failed:
        raise UserError(_report(task, failed, len(todo)))
    return seconds


def processes(engine: EngineConfig, shards: int) -> int:
    """How many processes of this machine work on so many shards at a time."""
    return 1 if engine.backend == "serial" else max(1, min(engine.workers or cores(), shards))


def _backend(engine: EngineConfig, function: ShardFunction, count: int) -> Backend:
    if engine.backend == "serial":
        return Serial()
    if engine.backend == "pool":
        name_of(function)
        return Pool(processes(engine, count), engine.hang_timeout)
    if engine.backend == "ray":
        from mathmill.workflow.engine_ray import Cluster

        name_of(function)
        return Cluster(engine, count)
    raise UserError(f"runtime.engine.backend={engine.backend}: there are serial, pool and ray")


def _job(function: ShardFunction, work: _Work, work_dir: Path, params: Any, engine: EngineConfig) -> Job:
    out = work_dir / work.planned.output
    remove(out)
    trail = work_dir / f"{work.planned.shard.key}.trail"
    # The worker's own alarm comes before the end that a back end puts to one that does not answer.
    grace = engine.hang_timeout * 2 / 3
    shard = work.planned.shard
    return Job(function, shard, params, out, trail, engine.page_timeout, grace, engine.bad_pages, work.skip)


def _commit(manifest: Manifest, work: _Work, outcome: Outcome) -> None:
    planned = work.planned
    line = {
        "shard": planned.shard.key,
        "key": planned.key,
        "output": planned.output,
        "bytes": outcome.bytes,
        "stats": outcome.stats,
        "quarantined": outcome.quarantined,
    }
    manifest.commit(line, outcome.job.out, outcome.records)


def _again(work: _Work, outcome: Outcome, engine: EngineConfig, queue: deque[_Work]) -> bool:
    """Put the shard back in the queue if another try makes sense.

    A page at which workers died `engine.page_deaths` times is left out: fewer deaths may have come from outside (a
    node that was taken away, the kernel short of memory), and must not cost a page that is sound.
    """
    if outcome.full:
        raise OSError(errno.ENOSPC, outcome.cause)
    log.warning("shard %s: %s\n%s", work.planned.shard.key, outcome.cause, outcome.trace)
    if outcome.final:
        return False
    if outcome.crashed:
        work.crashes += 1
        if outcome.url:
            work.deaths[outcome.url] += 1
            if work.deaths[outcome.url] >= engine.page_deaths:
                work.skip[outcome.url] = outcome.reason
        if work.crashes >= engine.crashes:
            outcome.cause += f"; {work.crashes} deaths are the limit (runtime.engine.crashes)"
            return False
    else:
        work.failures += 1
        if work.failures > engine.retries:
            return False
    queue.append(work)
    return True


def _show_pages(bar: Any, pages: int) -> None:
    if pages and not bar.disable:
        elapsed = bar.format_dict["elapsed"] or 1.0
        bar.set_postfix_str(f"{pages} pages, {pages / elapsed:.0f}/s", refresh=True)


def _report(task: str, failed: dict[str, str], count: int) -> str:
    lines = [f"  {shard}: {failed[shard]}" for shard in sorted(failed)]
    more = [f"  ... and {len(lines) - 20} more"] if len(lines) > 20 else []
    head = f"{task}: {len(failed)} of {count} shards failed; the others are finished and will not run again"
    return "\n".join([head, *lines[:20], *more])
