"""Contenders that share one machine: a child process for each, which take turns over stdin and stdout.

The parent has `Contender`, the child `Turns`. A child says "ready" where a turn may begin, waits for a line, works,
prints one JSON object of figures, and says "ready" again once what lies between two turns is over; so never two work at
a time, and each has a peak of memory of its own. All else that a child prints goes to stderr.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def beside(variable: str, package: str, advice: str) -> None:
    """Put the folder that the variable names on the path of modules; end with the advice where the package is not."""
    if place := os.environ.get(variable):
        sys.path.append(place)
    if importlib.util.find_spec(package) is None:
        sys.exit(advice)


def environment(threads: int) -> dict[str, str]:
    """Of a child: so many threads and no network.

    How threads wait is left to OpenMP: a little while on the processor, then asleep. Where they sleep at once, waking
    them costs as much as most operations of these sizes take.
    """
    quiet = {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **quiet}


def answer(command: list[str], environment: dict[str, str]) -> Any:
    """The JSON that a child takes no turns for and prints on its last line."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr[-4000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def close(result: dict[str, Any], out: Path | None) -> None:
    """The last line of a benchmark, and the same in a file where one is named."""
    print(json.dumps(result))
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n")


class Contender:
    """The parent's side of a child; it comes back from each call when the child waits."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        # A file: a pipe that nobody reads would fill and stop the child.
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self._expect("ready")

    def _expect(self, start: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        self.process.wait()
        self.errors.seek(0)
        sys.exit(self.errors.read()[-4000:])

    def turn(self) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        figures = json.loads(self._expect("{"))
        self._expect("ready")
        return figures

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def say(words: str) -> None:
    """To the parent, also after `child`."""
    print(words, file=sys.__stdout__, flush=True)


def child(threads: int) -> None:
    """Make this process a child: its threads, and what libraries print away from the parent's pipe."""
    import torch

    torch.set_num_threads(threads)
    sys.stdout = sys.stderr


class Turns:
    """The child's side: `begin` and `end` of a turn; or `begin` once, and `step` after each step of `steps` in a turn.

    steps: 0 where no turns are taken: then nothing is waited for or said. device: "cuda" is waited for at the end.
    extra: names of figures that the child counts in `self.extra`, 0 when a turn begins. megabyte: in bytes.
    """

    def __init__(
        self, steps: int = 1, device: str = "cpu", extra: tuple[str, ...] = (), megabyte: int = 1_000_000
    ) -> None:
        self.steps, self.device, self.megabyte, self.count = steps, device, megabyte, 0
        self.extra = dict.fromkeys(extra, 0.0)

    def begin(self) -> None:
        if not self.steps:
            return
        say("ready")
        if sys.stdin.readline().strip() != "turn":
            os._exit(0)
        self.extra = dict.fromkeys(self.extra, 0.0)
        self.began = time.perf_counter(), time.process_time()

    def end(self) -> None:
        if self.device == "cuda":
            import torch

            torch.cuda.synchronize()
        wall, cpu = time.perf_counter() - self.began[0], time.process_time() - self.began[1]
        from mathmill.training.devices import most_memory

        peak = most_memory() / self.megabyte
        say(json.dumps({"wall": wall, "cpu": cpu, **self.extra, "peak_mb": peak}))

    def step(self) -> None:
        """A step is over."""
        self.count += 1
        if self.steps and self.count % self.steps == 0:
            self.end()
            self.begin()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its CPU seconds added to the extra figure of that name."""

        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            result = function(*args, **kwargs)
            self.extra[name] += time.process_time() - began
            return result

        return call
