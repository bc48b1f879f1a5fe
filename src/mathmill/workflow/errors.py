"""Errors that a user can mend: they are printed without a traceback."""

import errno
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A full, read-only or forbidden disk; a file where a folder should be, and the other way round.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


class UserError(Exception):
    """Something outside the code is wrong; the message names the thing and the mend."""


class ConfigError(UserError):
    """A key of the configuration is unknown, of the wrong type or out of range; the message names the key."""


@contextmanager
def exit_plainly() -> Iterator[None]:
    """Around what a command does: a UserError is printed as one line, and the process ends with exit code 2.

    So is what the system says of a disk or a folder. What is printed after the reader of a pipe has gone (`... | head`)
    goes nowhere.
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
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{(error.strerror or str(error)).lower()}; what is finished stays", file=sys.stderr)
        sys.exit(2)


def _nobody_reads() -> bool:
    """Whether it is our own output whose pipe is broken, and no other."""
    watch = select.poll()
    watch.register(sys.stdout.fileno(), 0)  # what is asked for nothing still tells of errors
    return bool(watch.poll(0))
