"""The back end of a cluster: each job is a Ray task, with the same shard functions and the same care for bad pages.

All nodes must see the stage's inputs and its scratch folder under the same paths (a shared file system), and have
mathmill installed. Ray is an optional package: `pip install 'mathmill[ray]'`.
"""

import os
import pickle
import sys
import time
from contextlib import suppress
from typing import Any

from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine_guard import Trail
from mathmill.workflow.engine_job import Job, Outcome, cores, lost, run_job
from mathmill.workflow.errors import UserError

_OBJECT_STORE = 128 << 20  # bytes, of a Ray that we start: no table passes through it, only paths and statistics
_STARTS = 3
_LOOKS_A_SECOND = 500  # trails read a second: on a shared file system each is a request


def load_ray() -> Any:
    """The package; raises UserError that names the extra where it is missing."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing about a run leaves this machine
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise UserError(
            "engine=ray needs the package ray: pip install 'mathmill[ray]' (in a checkout: pip install -e '.[ray]'), "
            "or choose engine=pool"
        ) from None
    return ray


class Cluster:
    """Ray tasks, at most `engine.workers` at a time (null: the CPUs of the cluster).

    A Ray that this process is connected to already is used; else the one at `engine.ray_address`, else one is started
    on this machine. It serves all further tasks of this process, and Ray itself ends it with the process.
    """

    def __init__(self, engine: EngineConfig, count: int) -> None:
        self._ray = load_ray()
        if not self._ray.is_initialized():
            _connect(self._ray, engine)
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        self.capacity = max(1, min(engine.workers or cpus, count))
        self._hang_timeout = engine.hang_timeout
        # Ray's own retries would run a page that kills its worker again without being told to leave it out.
        self._task = self._ray.remote(num_cpus=1, max_retries=0)(_serve)
        self._running: dict[Any, _Watched] = {}
        self._looked = 0.0

    def start(self, job: Job) -> None:
        """Hand the job to the cluster; it waits there until a CPU is free."""
        job.trail.unlink(missing_ok=True)
        self._running[self._task.remote(sys.path, pickle.dumps(job))] = _Watched(job)

    def next(self, seconds: float) -> Outcome | None:
        """The next outcome: a result, or the death of a worker or node, or the end that we put to one that hangs."""
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        if ready:
            return self._result(ready[0])
        self._look()
        for task, watched in list(self._running.items()):
            if watched.url and time.monotonic() - watched.since > watched.job.page_timeout + self._hang_timeout:
                self._ray.cancel(task, force=True)
                del self._running[task]
                return lost(watched.job, watched.url, "hang", "was killed, for it did not answer")
        return None

    def pages(self) -> int:
        """Pages begun in the jobs under way, as last seen in their trails."""
        return sum(watched.pages for watched in self._running.values())

    def close(self) -> None:
        """Cancel all jobs."""
        for task in self._running:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(task, force=True)
        self._running.clear()

    def _look(self) -> None:
        """Read the trails, not so often that a shared file system would feel it."""
        now = time.monotonic()
        if now - self._looked < max(0.2, len(self._running) / _LOOKS_A_SECOND):
            return
        self._looked = now
        for watched in self._running.values():
            watched.look(now)

    def _result(self, task: Any) -> Outcome:
        job = self._running.pop(task).job
        errors = self._ray.exceptions
        try:
            outcome: Outcome = self._ray.get(task)
        except (errors.RayTaskError, errors.TaskUnschedulableError, errors.RuntimeEnvSetupError) as error:
            # Outside the shard function, which run_job guards: the nodes' mathmill or Python differs from ours.
            return Outcome(job, False, cause=f"Ray could not run the task: {_short(error)}", trace=str(error))
        except errors.RayError as error:
            return lost(job, Trail.read(job.trail)[2], "crash", f"died ({_short(error)})")
        outcome.job = job
        return outcome


def _serve(path: list[str], packed: bytes) -> Outcome:
    """The task: modules are looked for where the stage found them, after the worker's own places."""
    sys.path.extend(place for place in path if place not in sys.path)
    return run_job(pickle.loads(packed))


class _Watched:
    """A job under way, and what its trail said. The clock is ours: those of other nodes may be wrong."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.pages, self.url, self.since = 0, "", time.monotonic()
        self._began = 0.0

    def look(self, now: float) -> None:
        """Read the trail; `since` is when the page that it names was first seen there."""
        pages, began, url = Trail.read(self.job.trail)
        if (pages, began, url) != (self.pages, self._began, self.url):
            self.pages, self._began, self.url, self.since = pages, began, url, now


def _connect(ray: Any, engine: EngineConfig) -> None:
    address = engine.ray_address or os.environ.get("RAY_ADDRESS")
    quiet = {"log_to_driver": False, "logging_level": "warning", "configure_logging": True}
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            start_local(ray, engine.workers or cores(), _OBJECT_STORE, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = f"at {address}" if address else "on this machine"
        raise UserError(f"runtime.engine.ray_address: no Ray {where}: {_short(error)}") from None


def start_local(ray: Any, cpus: int, object_store: int, **options: Any) -> None:
    """A Ray of this machine alone; raises RuntimeError where it does not start.

    Ray gives its own processes 30 seconds; a machine that is busy with other work may need another try.
    """
    for left in reversed(range(_STARTS)):
        try:
            ray.init(
                address="local",
                num_cpus=cpus,
                object_store_memory=object_store,
                include_dashboard=False,
                **options,
            )
            return
        except Exception as error:  # Ray raises just this class when the time is up
            ray.shutdown()
            if left == 0:
                raise RuntimeError(f"{_short(error)} ({_STARTS} tries)") from error


def _short(error: BaseException) -> str:
    """The first sentence of Ray's long messages, without the advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
