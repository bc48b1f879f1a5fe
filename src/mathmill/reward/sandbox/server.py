"""The process of a pool's worker: it loads the library, shuts itself in, and forks one child for each program.

`python -m` is not used to start it, because it must find this package without the caller's environment: `pool` runs
`main` by `python -c`. It speaks with the pool over one socket: a length of four bytes, then JSON.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

from mathmill.reward.sandbox import filter as calls
from mathmill.reward.sandbox import isolate, library, program

_STEP = 65536
# A program that gets this share of a processor computes on a busy machine; one that gets less waits for something.
_BUSY = 0.01
_FALSE_START = 120  # exit status of a child whose limits could not be set


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(message).encode()
    channel.sendall(len(data).to_bytes(4, "big") + data)


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """Read one message; None where the other side has gone."""
    head = _exactly(channel, 4)
    body = None if head is None else _exactly(channel, int.from_bytes(head, "big"))
    return None if body is None else json.loads(body)


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Server:
    """Runs programs one after the other. settings: the fields of SandboxConfig."""

    def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
        self.channel = channel
        self.settings = settings
        self.null = os.open(os.devnull, os.O_RDONLY)
        self.missing: list[str] = []
        self.filter = b""
        self.mounted = False
        self.address_space = 0

    def shut_in(self) -> list[str]:
        """Leave the machine; returns the packages that are not installed. Forks: only the inner process comes back."""
        importer, absent = library.prepare(self.settings["preload"], self.settings["packages"])
        if not absent:
            exec(compile(self.settings["warm_up"], "<warm_up>", "exec"), {})
        self.address_space = isolate.address_space()
        isolate.prefer_as_victim()
        isolate.give_up_root()
        self.missing = isolate.enter_namespaces()
        child = os.fork()
        if child:
            self.channel.close()
            os._exit(_wait(child))
        isolate.die_with_parent()
        if "mount namespace" not in self.missing:
            isolate.empty_root()
        else:
            self.missing.append("scratch folder (programs cannot open files)")
        if not calls.supported():
            self.missing.append("system-call filter")
        else:
            files = "mount namespace" not in self.missing
            self.filter = calls.assemble(calls.instructions(os.uname().machine, files))
        library.shut(importer)
        # What is alive now is alive in every child: the collector need not touch it, so its pages stay shared.
        gc.collect()
        gc.freeze()
        return absent

    def serve(self) -> None:
        """Answer requests until the pool goes away."""
        while (request := receive(self.channel)) is not None:
            send(self.channel, self.run(request["program"]))

    def run(self, source: str) -> dict[str, Any]:
        """One program in one child: what it printed and how it ended."""
        if "mount namespace" not in self.missing:
            isolate.fresh_scratch(self.settings["scratch_mb"], replace=self.mounted)
            self.mounted = True
        out_read, out_write = os.pipe()
        error_read, error_write = os.pipe()
        child = os.fork()
        if child == 0:
            self._child(source, out_write, error_write)
        os.close(out_write)
        os.close(error_write)
        watch = _Watch(child, out_read, error_read, self.channel, self.settings)
        try:
            verdict = watch.until_the_end()
        finally:
            os.close(out_read)
            os.close(error_read)
        if os.getpid() == 1:
            self._sweep()
        return verdict

    def _child(self, source: str, out: int, error: int) -> None:
        """Never returns."""
        status = _FALSE_START
        try:
            os.dup2(self.null, 0)
            os.dup2(out, 1)
            os.dup2(error, 2)
            os.closerange(3, 256)
            isolate.die_with_parent()
            settings, mega = self.settings, 1 << 20
            if self.mounted:
                os.chdir(isolate.SCRATCH)
            isolate.drop_capabilities()
            isolate.limit(
                settings["cpu_seconds"],
                self.address_space + settings["memory_mb"] * mega,
                settings["scratch_mb"] * mega,
                settings["open_files"],
            )
            if self.filter:
                calls.install(self.filter)
            status = program.execute(source, settings["seed"], settings["clock"])
        finally:
            os._exit(status)

    def _sweep(self) -> None:
        """End whatever else lives in this process namespace. Without forks there is nothing, but it costs nothing."""
        try:
            os.kill(-1, signal.SIGKILL)
            while os.waitpid(-1, 0)[0]:
                pass
        except (ProcessLookupError, ChildProcessError):
            return


class _Watch:
    """Reads a child's output, holds it to the wall clock and the output limit, and says how it ended."""

    def __init__(self, child: int, out: int, error: int, channel: socket.socket, settings: dict[str, Any]) -> None:
        self.child, self.channel, self.settings = child, channel, settings
        self.texts = {out: bytearray(), error: bytearray()}
        self.out, self.error = out, error
        self.broken: str | None = None

    def until_the_end(self) -> dict[str, Any]:
        """The reply to the pool."""
        process = os.pidfd_open(self.child)
        try:
            self._watch(process)
        finally:
            os.close(process)
        _, status, usage = os.wait4(self.child, 0)
        seconds = usage.ru_utime + usage.ru_stime
        limit = self.settings["output_bytes"]
        return {
            "status": self.broken or _ending(status, seconds, self.settings["cpu_seconds"]),
            "stdout": bytes(self.texts[self.out][:limit]).decode("utf-8", "replace"),
            "stderr": bytes(self.texts[self.error][-limit:]).decode("utf-8", "replace"),
            "seconds": seconds,
        }

    def _watch(self, process: int) -> None:
        poll = select.poll()
        for descriptor in (self.out, self.error, process, self.channel.fileno()):
            poll.register(descriptor, select.POLLIN if descriptor != self.channel.fileno() else select.POLLRDHUP)
        for descriptor in self.texts:
            os.set_blocking(descriptor, False)
        patience = self.settings["wall_seconds"]
        deadline, used = time.monotonic() + patience, 0.0
        while self.broken is None:
            left = deadline - time.monotonic()
            events = poll.poll(max(0, left) * 1000)
            if left <= 0:
                now = self._computed()
                if now - used < _BUSY * patience:
                    self._end("wall")
                deadline, used = time.monotonic() + patience, now
            ready = {descriptor for descriptor, _ in events}
            if self.channel.fileno() in ready:
                self._end("wall")  # the pool has gone: nobody waits for the result
            for descriptor in ready & self.texts.keys():
                if not self._read(descriptor):
                    poll.unregister(descriptor)
            if process in ready:
                break
        for descriptor in self.texts:  # what was written just before the end
            while self.broken != "output" and self._read(descriptor):
                pass

    def _read(self, descriptor: int) -> bool:
        """Take what there is; False at the end of the stream or where there is nothing now."""
        try:
            data = os.read(descriptor, _STEP)
        except BlockingIOError:
            return False
        text, limit = self.texts[descriptor], self.settings["output_bytes"]
        text += data
        if descriptor == self.out and len(text) > limit:
            self._end("output")
        elif len(text) > 2 * limit:
            del text[:-limit]  # of the errors the end is what counts
        return bool(data)

    def _computed(self) -> float:
        """Processor seconds of the child so far: the kernel has a clock for every process."""
        return time.clock_gettime((~self.child << 3) | 2)

    def _end(self, why: str) -> None:
        self.broken = self.broken or why
        os.kill(self.child, signal.SIGKILL)


def _ending(status: int, seconds: float, cpu_seconds: float) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        late = number in (signal.SIGPROF, signal.SIGXCPU) or (number == signal.SIGKILL and seconds >= cpu_seconds)
        return "cpu" if late else "killed"
    code = os.WEXITSTATUS(status)
    if code == _FALSE_START:
        return "sandbox"
    return {0: "ok", program.OUT_OF_MEMORY: "memory"}.get(code, "error")


def _wait(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def main() -> None:
    """Entry of the worker process: the socket's number is the last argument; the first message holds the settings."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a keyboard interrupt is the caller's; the socket's end is ours
    channel = socket.socket(fileno=int(sys.argv[-1]))
    settings = receive(channel)
    if settings is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    server = Server(channel, settings)
    absent = server.shut_in()
    send(channel, {"missing": server.missing, "absent": absent})
    server.serve()
    os._exit(0)
