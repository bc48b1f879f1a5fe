"""The caller's side of the sandbox: a pool of workers that run programs, and what came of each.

    with Sandbox(config.reward.sandbox, workers=2) as sandbox:
        results = sandbox.run(["print(6 * 7)", "while True: pass"])

A worker is a process without network, files, environment and rights, which forks a child for each program (see
`server`); starting one takes about a second, a program some milliseconds.
"""

import json
import logging
import os
import selectors
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import mathmill
from mathmill.reward.config import SandboxConfig
from mathmill.workflow.errors import UserError

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from mathmill.reward.sandbox.server import main; "
    "sys.path.pop(0); main()"
)
# All that a worker's environment holds. One thread: a fork of a process with several is not safe.
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
}
_log = logging.getLogger(__name__)


class SandboxError(UserError):
    """The sandbox cannot be had on this machine, or its workers do not stay alive."""


@dataclass(frozen=True)
class Result:
    """What came of a program.

    status: ok; error (an exception or a non-zero exit); memory, cpu, wall, output (the limit that ended it); killed (a
    signal, such as a crash of the interpreter); sandbox (no worker could run it). stdout, stderr: cut at the output
    limit (stderr keeps its end). seconds: processor time, which no artifact may hold.
    """

    status: str
    stdout: str
    stderr: str
    seconds: float

    @property
    def error(self) -> str:
        """The last line of stderr (`ZeroDivisionError: division by zero`), or the limit that ended the program."""
        if self.status == "ok":
            return ""
        lines = self.stderr.strip().splitlines()
        if self.status == "error":
            return lines[-1] if lines else "the program ended with an error"
        return _ENDINGS[self.status]


_ENDINGS = {
    "memory": "MemoryError",
    "cpu": "TimeoutError: the program used all of its processor time",
    "wall": "TimeoutError: the program took too long",
    "output": "the program printed too much",
    "killed": "the interpreter crashed",
    "sandbox": "the program could not be run",
}


class Sandbox:
    """A pool of workers, started with the first programs. Not shared between threads or with forked processes.

    workers: programs that run side by side; results do not depend on it. Raises SandboxError from `run` where the
    kernel lacks a protection and `config.missing` is "refuse".
    """

    def __init__(self, config: SandboxConfig, workers: int | None = None) -> None:
        self.config = config
        self.size = workers or len(os.sched_getaffinity(0))
        self.missing: list[str] = []
        self._workers: list[_Worker] = []

    def run(self, programs: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Result]:
        """Run every program; the results in their order. progress is called with numbers of finished programs."""
        results: list[Result | None] = [None] * len(programs)
        waiting = deque(range(len(programs)))
        failed: set[int] = set()
        self._start(min(self.size, len(programs)))
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.channel, selectors.EVENT_READ, worker)
            for worker in self._workers:
                worker.take(waiting, programs)
            while any(worker.job is not None for worker in self._workers):
                for key, _ in selector.select():
                    worker = key.data
                    job = worker.job
                    assert job is not None
                    reply = worker.reply()
                    if reply is None:  # it died: a new one takes its place, and the program gets one more chance
                        selector.unregister(key.fileobj)
                        worker = self._replace(worker)
                        selector.register(worker.channel, selectors.EVENT_READ, worker)
                        if job not in failed:
                            failed.add(job)
                            waiting.appendleft(job)
                        else:
                            reply = {"status": "sandbox", "stdout": "", "stderr": "", "seconds": 0.0}
                    if reply is not None:
                        results[job] = Result(**reply)
                        if progress:
                            progress(1)
                    worker.take(waiting, programs)
        return [result for result in results if result is not None]

    def close(self) -> None:
        """End the workers and whatever they run."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, count: int) -> None:
        new = [_Worker(self.config) for _ in range(count - len(self._workers))]
        self._workers += new
        for worker in new:
            self._greet(worker)

    def _replace(self, worker: "_Worker") -> "_Worker":
        worker.close()
        fresh = _Worker(self.config)
        self._workers[self._workers.index(worker)] = fresh
        self._greet(fresh)
        return fresh

    def _greet(self, worker: "_Worker") -> None:
        """Wait until a worker has shut itself in, and look at what it could not do."""
        hello = worker.reply()
        if hello is None:
            message = worker.complaint()
            self.close()
            raise SandboxError(f"the sandbox did not start: {message or 'its process ended without a word'}")
        self._judge(hello["missing"])
        if hello["absent"]:
            _log.info("sandbox: not installed, so not for programs: %s", ", ".join(hello["absent"]))

    def _judge(self, missing: list[str]) -> None:
        if not missing:
            return
        text = (
            f"the sandbox for model-written programs lacks: {', '.join(missing)}. The kernel or the container forbids "
            "it (in Docker: --security-opt seccomp=unconfined; elsewhere: sysctl kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0)"
        )
        if "system-call filter" in missing and len(missing) > 1:
            self.close()
            raise SandboxError(f"{text}; with neither a filter nor namespaces nothing holds a program")
        if self.config.missing == "refuse":
            self.close()
            raise SandboxError(f"{text}; or go on without by reward.sandbox.missing=go_on")
        if missing != self.missing:
            self.missing = missing
            _log.warning("%s; going on without, as reward.sandbox.missing says", text)


class _Worker:
    """One server process and the socket to it. job: the index of the program that it runs."""

    def __init__(self, config: SandboxConfig) -> None:
        self.channel, theirs = socket.socketpair()
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self.job: int | None = None
        source = str(Path(mathmill.__file__).parent.parent)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-c", _START, source, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._send(asdict(config))

    def take(self, waiting: deque[int], programs: Sequence[str]) -> None:
        """Give this worker the next program, if there is one."""
        self.job = waiting.popleft() if waiting else None
        if self.job is not None:
            self._send({"program": programs[self.job]})

    def reply(self) -> dict[str, Any] | None:
        """The next message; None where the worker has died."""
        from mathmill.reward.sandbox.server import receive

        try:
            return receive(self.channel)
        except (ConnectionError, json.JSONDecodeError):
            return None

    def _send(self, message: dict[str, Any]) -> None:
        from mathmill.reward.sandbox.server import send

        try:
            send(self.channel, message)
        except (BrokenPipeError, ConnectionResetError):
            _log.debug("a sandbox worker has died; it is seen when its reply is read")

    def complaint(self) -> str:
        """The last line that the process wrote before it died."""
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the process."""
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self.errors.close()
