"""Many patterns searched for in one pass over a source.

Python's searches read a gigabyte a second, each of them; Hyperscan reads as much for all patterns together. It says
where a pattern ends in the UTF-8 of the text, which is enough to know what a page holds.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import hyperscan


class Scan:
    """A search for patterns: PCRE's syntax on bytes, without looking around.

    Where a pattern can end at several places of one match, each is reported.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [pattern.encode() for pattern in patterns]
        self._thread = threading.local()  # a compiled search serves one thread at a time

    def run(self, text: str, found: Callable[[int], bool]) -> None:
        """Call `found` with the number of the pattern for every match, until it returns True."""
        database = getattr(self._thread, "database", None)
        if database is None:
            database = self._thread.database = self._compiled()
        source = text.encode("utf-8", "surrogatepass")
        with suppress(hyperscan.ScanTerminated):  # `found` has seen enough
            database.scan(source, match_event_handler=lambda number, *_: found(number))

    def any(self, text: str) -> bool:
        """Whether any of the patterns matches."""
        matched = False

        def seen(_number: int) -> bool:
            nonlocal matched
            matched = True
            return True

        self.run(text, seen)
        return matched

    def _compiled(self) -> hyperscan.Database:
        database = hyperscan.Database()
        count = len(self._patterns)
        database.compile(expressions=self._patterns, ids=range(count), elements=count, flags=[0] * count)
        return database
