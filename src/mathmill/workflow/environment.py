"""The environment of a stage's process: threads, telemetry, offline mode, signals. Set before anything heavy loads."""

import atexit
import gc
import logging
import os
import signal
import sys
import threading
from types import FrameType

from mathmill.workflow.config import RuntimeConfig


class Signals:
    """Turns SIGTERM and SIGINT into KeyboardInterrupt and remembers which one came, so that a run can say KILLED."""

    def __init__(self) -> None:
        self.received: int | None = None

    def install(self) -> None:
        """Take the two signals over; does nothing outside the main thread, where Python allows no handler."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        raise KeyboardInterrupt(signal.Signals(number).name)


def prepare(runtime: RuntimeConfig) -> None:
    """Set the variables that libraries read when they are imported, and log to stderr."""
    collect_rarely()
    if runtime.threads is not None:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(runtime.threads)
    # Nothing about a run leaves this machine unless its owner says so.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ.setdefault(name, "1")
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"
    )


def collect_rarely() -> None:
    """Have Python look for unreachable cycles seldom, and not once more at the end of the process.

    Loading torch, Lightning and MLflow makes a million objects that stay. Looking through them again and again was
    three of the eight seconds that such a process took to start and to end.
    """
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)


def rank() -> int:
    """The place of this process among those that run one stage together (torchrun, Lightning, Slurm); 0 when alone."""
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 0
