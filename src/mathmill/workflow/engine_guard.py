"""Untrusted pages can only fail themselves: time limit, count by reason, and a trail for the case of a crash."""

import errno
import logging
import os
import signal
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from mathmill.workflow.errors import UserError

P = ParamSpec("P")
T = TypeVar("T")
_HEAD = struct.Struct("<qdi")  # pages begun, clock when the present one began, length of its url (0: none)
log = logging.getLogger(__name__)


class PageTimeout(BaseException):
    """The page took too long. Not an `Exception`, so that a library's `except Exception` does not swallow it."""


class TooManyBadPages(Exception):
    """So large a share of a shard's pages failed that code or input must be wrong."""


class Trail:
    """A small file where a worker says which page it is at, so that its death can be laid at a url's door."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o644)

    def write(self, pages: int, url: str) -> None:
        """Note that page number `pages` has begun, or with an empty url: that it has ended."""
        name = url.encode("utf-8", "surrogatepass")
        os.pwrite(self._file, _HEAD.pack(pages, time.time(), len(name)) + name, 0)

    def close(self) -> None:
        """Close the file; it stays for the engine to read or remove."""
        os.close(self._file)

    @staticmethod
    def read(path: Path) -> tuple[int, float, str]:
        """Pages begun, time at which the present one began, its url (empty: between pages)."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return 0, 0.0, ""
        if len(data) < _HEAD.size:
            return 0, 0.0, ""
        pages, began, length = _HEAD.unpack_from(data)
        return pages, began, data[_HEAD.size : _HEAD.size + length].decode("utf-8", "surrogatepass")


class PageGuard:
    """Stands between a shard function and its pages.

    `quarantined` counts the pages that were set aside by reason: `timeout`, `crash`, `hang`, `error:TypeName`, and
    whatever the function itself gives to `set_aside`. `pages` counts the pages begun.

    seconds: the limit of a page. grace: more seconds for a page that has had less than half of its limit in CPU time:
    on a machine that is busy with other work, or stands still, a slow page is not the page's fault.
    """

    def __init__(
        self, seconds: float, trail: Trail | None = None, skip: dict[str, str] | None = None, grace: float = 0.0
    ) -> None:
        self.quarantined: Counter[str] = Counter()
        self.records: list[dict[str, str]] = []
        self.pages = 0
        self._failed = 0
        self._example: dict[str, str] = {}
        self._seconds = seconds
        self._grace = grace
        self._began = self._used = 0.0
        self._trail = trail
        self._skip = skip or {}
        self._armed = False
        self._skipped: set[str] = set()

    def skips(self, url: str) -> bool:
        """Whether this url brought a worker process down before: it is counted, and the caller leaves it out."""
        reason = self._skip.get(url)
        if reason is None:
            return False
        if url not in self._skipped:
            self._skipped.add(url)
            self.set_aside(url, reason)
        return True

    def set_aside(self, url: str, reason: str) -> None:
        """Count a page that is left out, and list it in the shard's quarantine file."""
        self.quarantined[reason] += 1
        self.records.append({"url": url, "reason": reason})

    @contextmanager
    def page(self, url: str) -> Iterator[None]:
        """Run the body for one page: an exception or a time-out in it sets the page aside, and the shard goes on.

        KeyboardInterrupt, MemoryError, a full disk and `UserError` are not the page's fault and pass through.
        Ask `skips(url)` first: a page that killed a worker must not be entered again (that is a RuntimeError).
        """
        if url in self._skip:
            raise RuntimeError(
                f"{url} crashed a worker: ask guard.skips(url) before guard.page(url), or use guard.call"
            )
        self.pages += 1
        if self._trail is not None:
            self._trail.write(self.pages, url)
        try:
            with self._alarm():
                yield
        except PageTimeout:
            self._fail(url, "timeout", f"longer than {self._seconds} s")
        except (MemoryError, UserError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._fail(url, f"error:{type(error).__name__}", str(error))
        finally:
            if self._trail is not None:
                self._trail.write(self.pages, "")

    def call(self, url: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """`function(*args)` under `page(url)`; None where the page is, or has been, set aside."""
        result: T | None = None
        if not self.skips(url):
            with self.page(url):
                result = function(*args, **kwargs)
        return result

    def check(self, share: float) -> None:
        """Raise TooManyBadPages where more than `share` of 20 pages or more failed."""
        if self.pages >= 20 and self._failed > share * self.pages:
            reasons = "; ".join(f"{name}: {text}" for name, text in sorted(self._example.items()))
            raise TooManyBadPages(f"{self._failed} of {self.pages} pages failed ({reasons})")

    def _fail(self, url: str, reason: str, text: str) -> None:
        self._failed += 1
        if reason not in self._example:
            self._example[reason] = f"{text[:200]} at {url}"
            log.warning("page set aside: %s: %s (%s); more of this kind are only counted", reason, text[:200], url)
        self.set_aside(url, reason)

    @contextmanager
    def _alarm(self) -> Iterator[None]:
        """SIGALRM after the limit, and again and again in case that the first one was swallowed or came too early."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals reach the main thread only; the pool's watch over hanging workers remains
            return
        began = time.monotonic()
        handler = signal.signal(signal.SIGALRM, self._on_alarm)
        again = min(1.0, max(self._grace / 4, 0.05)) if self._grace else 1.0
        self._began, self._used = began, time.process_time()
        left, interval = signal.setitimer(signal.ITIMER_REAL, self._seconds, again)
        self._armed = True
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if left:  # somebody else's alarm (a test runner's) goes on where it was
                signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001), interval)

    def _on_alarm(self, _signal: int, _frame: FrameType | None) -> Any:
        idle = time.process_time() - self._used < self._seconds / 2
        if self._armed and not (idle and time.monotonic() - self._began < self._seconds + self._grace):
            raise PageTimeout
