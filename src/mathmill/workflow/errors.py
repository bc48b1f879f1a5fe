"""Errors that a user can mend: they are printed without a traceback."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something outside the code is wrong; the message names the thing and the mend."""


class ConfigError(UserError):
    """A key of the configuration is unknown, of the wrong type or out of range; the message names the key."""


@contextmanager
def exit_plainly() -> Iterator[None]:
    """Around what a command does: a UserError is printed as one line, and the process ends with exit code 2.

    What is printed after the reader of a pipe has gone (`... | head`) goes nowhere.
    """
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nobody_reads() -> bool:
    """Whether it is our own output whose pipe is broken, and no other."""
    watch = select.poll()
    watch.register(sys.stdout.fileno(), 0)  # what is asked for nothing still tells of errors
    return bool(watch.poll(0))
