"""The back ends of one machine: this process, or a pool of worker processes that survives its workers' deaths.

Not `concurrent.futures`: its executor is broken for good when one worker dies, and it kills the other workers, so it
cannot say which page was the culprit. Here each worker has its own pipe and its own trail.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from mathmill.workflow.engine_guard import Trail
from mathmill.workflow.engine_job import Job, Outcome, lost, run_job
from mathmill.workflow.environment import collect_rarely

_KILL_WITH_PARENT = 1  # prctl(PR_SET_PDEATHSIG, ...)


class Serial:
    """Run each job in this process, at once: for debugging, and for work that is over in a moment."""

    capacity = 1

    def __init__(self) -> None:
        self._ended: deque[Outcome] = deque()

    def start(self, job: Job) -> None:
        """Run the job; this returns when it has ended."""
        self._ended.append(run_job(job))

    def next(self, seconds: float) -> Outcome | None:
        """The outcome of the job that ran last."""
        return self._ended.popleft() if self._ended else None

    def pages(self) -> int:
        """Nothing is under way between two calls."""
        return 0

    def close(self) -> None:
        """There is nothing to end."""


class _Worker:
    """One process with a pipe to it; `job` is what it is at."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks held by threads of torch or arrow
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Job | None = None

    def end(self) -> None:
        """Kill the process and wait for it."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Pool:
    """`workers` processes, started when first needed, replaced when they die."""

    def __init__(self, workers: int, hang_timeout: float) -> None:
        self.capacity = workers
        self._hang_timeout = hang_timeout
        self._workers: list[_Worker] = []

    def start(self, job: Job) -> None:
        """Give the job to a worker that is free, or to a new one."""
        job.trail.unlink(missing_ok=True)
        worker = next((w for w in self._workers if w.job is None), None)
        if worker is None:
            worker = _Worker()
            self._workers.append(worker)
        worker.job = job
        # A worker that died while it was idle breaks the pipe; `next` finds it dead and reports that.
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.pipe.send(job)

    def next(self, seconds: float) -> Outcome | None:
        """The next outcome: a result, or the death of a worker, or the end that we put to one that hangs."""
        busy = [worker for worker in self._workers if worker.job is not None]
        ready = set(wait([worker.pipe for worker in busy], timeout=min(seconds, 1.0)))
        for worker in busy:
            if worker.pipe in ready:
                return self._result(worker)
        for worker in busy:
            job = worker.job
            assert job is not None
            _, began, url = Trail.read(job.trail)
            if url and time.time() - began > job.page_timeout + self._hang_timeout:
                return self._lost(worker, url, "hang")
        return None

    def pages(self) -> int:
        """Pages begun in the jobs under way, from the workers' trails."""
        return sum(Trail.read(worker.job.trail)[0] for worker in self._workers if worker.job is not None)

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _result(self, worker: _Worker) -> Outcome:
        job = worker.job
        assert job is not None
        try:
            outcome: Outcome = worker.pipe.recv()
        except (EOFError, ConnectionResetError):  # the pipe closed before an answer came: the process is dead
            return self._lost(worker, Trail.read(job.trail)[2], "crash")
        worker.job = None
        outcome.job = job
        return outcome

    def _lost(self, worker: _Worker, url: str, reason: str) -> Outcome:
        job = worker.job
        assert job is not None
        worker.process.join(timeout=5 if reason == "crash" else 0)
        code = worker.process.exitcode
        worker.end()
        self._workers.remove(worker)
        what = "was killed, for it did not answer" if reason == "hang" else f"died ({_meaning(code)})"
        return lost(job, url, reason, what)


def _meaning(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    hint = ", perhaps out of memory" if -code == signal.SIGKILL else ""
    return f"{signal.Signals(-code).name}{hint}"


def _serve(pipe: Connection, parent: int) -> None:
    """Life of a worker: take jobs until the pipe closes. Models that a shard function caches stay loaded."""
    _die_with(parent)
    collect_rarely()
    # A terminal's Ctrl-C reaches the whole group; the parent alone decides, and it ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            job: Any = pipe.recv()
        except EOFError:
            return
        pipe.send(run_job(job))


def _die_with(parent: int) -> None:
    """A killed parent must not leave workers that go on to write."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
