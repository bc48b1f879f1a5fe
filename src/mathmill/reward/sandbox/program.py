"""One program, in the child that lives for it alone: a world that is the same each time, and the program's run in it.

The same for every run: hash seed, random numbers (also of numpy, `secrets` and new generators), clock (it starts at a
fixed time and moves a millisecond with each look and by what is slept), process number, host name, environment. Not
the same: addresses, and thus `id()` and the order of sets of objects that hash by it.
"""

import builtins
import datetime
import linecache
import os
import random
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

OUT_OF_MEMORY = 99  # exit status
_NAME = "<program>"
_TICK = 1_000_000  # nanoseconds


class _Clock:
    """Time that only looking and sleeping move."""

    def __init__(self, start: int) -> None:
        self.start = self.now = start * 1_000_000_000

    def wall(self) -> int:
        self.now += _TICK
        return self.now

    def since(self) -> int:
        return self.wall() - self.start

    def sleep(self, seconds: float, /) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now += int(seconds * 1e9)


def _seconds(clock: Callable[[], int]) -> Callable[[], float]:
    return lambda: clock() / 1e9


def repeatable(seed: int, start: int) -> None:
    """Replace clock, randomness and identity by ones that depend on nothing. start: seconds since 1970."""
    clock = _Clock(start)
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        source = clock.wall if name == "time" else clock.since
        setattr(time, f"{name}_ns", source)
        setattr(time, name, _seconds(source))
    time.sleep = clock.sleep  # type: ignore[assignment]
    _real_dates(clock)
    os.getpid = lambda: 2
    source_of_bytes = random.Random(seed)
    os.urandom = lambda size, /: source_of_bytes.randbytes(size)
    random._urandom = os.urandom  # type: ignore[attr-defined]
    plain = random.Random.seed

    def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
        plain(self, seed if a is None else a, version)

    random.Random.seed = seeded  # type: ignore[method-assign]
    random.seed = random._inst.seed
    random.seed(seed)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(seed)


def _real_dates(clock: _Clock) -> None:
    """`datetime.now` reads the system's clock in C, so a class of the same name stands in front of it."""

    class _Datetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return cls.fromtimestamp(clock.wall() / 1e9, tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(clock.wall() / 1e9, datetime.UTC).replace(tzinfo=None)

    _Datetime.__name__ = _Datetime.__qualname__ = "datetime"
    _Datetime.__module__ = "datetime"
    datetime.datetime = _Datetime  # type: ignore[misc]


def execute(source: str, seed: int, clock: int) -> int:
    """Run a program as a script; the exit status. Its errors are printed as Python prints them, from its own frames."""
    os.environ.clear()
    sys.argv[:] = ["program"]
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    repeatable(seed, clock)
    lines = source.splitlines(keepends=True)
    linecache.cache[_NAME] = (len(source), None, lines, _NAME)
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    status = 0
    try:
        exec(compile(source, _NAME, "exec"), module.__dict__)
    except SystemExit as leaving:
        status = _exit_status(leaving.code)
    except MemoryError:
        status = OUT_OF_MEMORY
    except BaseException as error:  # whatever a program raises is its result
        status = 1
        _report(error)
    return _finish(status)


def _exit_status(code: Any) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def _report(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != _NAME:
        trace = trace.tb_next
    try:
        story = traceback.TracebackException(type(error), error, trace, limit=-8)
        _without_places(story)
        print("".join(story.format()), end="", file=sys.stderr)
    except BaseException:  # an error that cannot be printed, such as one whose text raises
        print(type(error).__name__, file=sys.stderr)


def _without_places(story: traceback.TracebackException) -> None:
    """File names of libraries without their folders: an error must read the same on every machine."""
    for frame in story.stack:
        if frame.filename != _NAME:
            frame.filename = os.path.basename(frame.filename)
    for inner in (story.__cause__, story.__context__):
        if inner is not None:
            _without_places(inner)


def _finish(status: int) -> int:
    try:
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    except BaseException:  # a program may have closed or replaced its output
        return status or 1
    return status
