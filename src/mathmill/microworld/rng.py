"""Named random streams: every host, page and set has its own generator, so that no result depends on who ran first."""

import hashlib
import random


def digest(*names: object) -> bytes:
    """32 bytes that depend on every name and on their borders."""
    return hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()


def stream(*names: object) -> random.Random:
    """A generator seeded by the names, the same in every process (Python's `hash` of a string is not)."""
    return random.Random(int.from_bytes(digest(*names)[:8], "big"))
