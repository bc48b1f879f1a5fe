"""A real MLflow server on this machine, for the tests of the UI and of shared stores."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serving(root: Path) -> Iterator[str]:
    """The address of a server that keeps its runs under `root` (mlflow.db and artifacts), until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = ["--backend-store-uri", f"sqlite:///{root / 'mlflow.db'}", "--port", str(port), "--workers", "1"]
    words += ["--artifacts-destination", (root / "artifacts").as_uri()]
    with (root / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *words],
            stdout=log,
            stderr=log,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            cwd=root,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 180
        while not _answers(f"{address}/health"):
            assert process.poll() is None, (root / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.3)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
