"""Metrics on their way to the store: collected, sent in batches by a thread, and kept in a file if the store is away.

One call a metric costs 3 to 130 ms; a batch of 500 costs less than 0.2 s. The thread also samples processor and memory.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from mathmill.workflow.tracking_store import Store

if TYPE_CHECKING:
    from mlflow.entities import Metric

BATCH = 500
SPILL = "unsent.jsonl"
log = logging.getLogger(__name__)


class Buffer:
    """Metrics and tags of one run.

    spill: the file (JSON lines) that takes what could not be sent; it is sent at the next chance and then removed.
    resumed: the run had metrics before; steps that it already holds are not sent twice.
    """

    def __init__(self, store: Store, run_id: str, spill: Path, seconds: float, resumed: bool) -> None:
        self._store = store
        self._run_id = run_id
        self.spill = spill
        self._seconds = seconds
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._last_step: dict[str, int] | None = {} if resumed else None
        self._full = threading.Event()
        self._stop = threading.Event()
        self._warned = False
        self._samples = 0
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only starts the clock
        self._thread = threading.Thread(target=self._beat, name="tracking", daemon=True)
        self._thread.start()

    def add(self, values: Mapping[str, float], step: int, about: Mapping[str, str] | None = None) -> None:
        """Take metrics; they are sent within seconds. about: `model`, `data`, `digest` whose figures they are too."""
        common = {"step": step, "time": int(time.time() * 1000), **(about or {})}
        rows = [{"key": key, "value": value, **common} for key, value in values.items()]
        with self._lock:
            self._rows += rows
            if len(self._rows) >= BATCH:
                self._full.set()

    def flush(self) -> None:
        """Send all that is there; a failure is warned of once and kept in the spill file. Never raises."""
        with self._sending:
            with self._lock:
                rows, self._rows = self._rows, []
                self._full.clear()
            try:
                if self.spill.exists():
                    replay(self._store, self.spill)
                for start in range(0, len(rows), BATCH):
                    self._send(rows[start : start + BATCH])
                    rows[start : start + BATCH] = [{}] * len(rows[start : start + BATCH])
            except Exception as error:  # whatever the store's trouble is, the stage's work is worth more
                self.keep([row for row in rows if row], error)

    def keep(self, rows: list[dict[str, Any]], error: Exception) -> None:
        """Put rows into the spill file, and warn the first time."""
        self.spill.parent.mkdir(parents=True, exist_ok=True)
        with self.spill.open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({"run": self._run_id, **row}) + "\n")
        if not self._warned:
            self._warned = True
            log.warning(
                "the tracking store does not answer (%s: %s); the stage goes on, and what could not be sent is in %s:"
                " the next run of this stage sends it",
                type(error).__name__,
                (str(error).splitlines() or [""])[0][:200],
                self.spill,
            )

    def close(self) -> None:
        """End the thread and send what is left."""
        self._stop.set()
        self._full.set()
        self._thread.join()
        self._sample()
        self.flush()

    def _send(self, rows: list[dict[str, Any]]) -> None:
        metrics = [_metric(row) for row in rows if self._is_new(row)]
        self._store.client.log_batch(self._run_id, metrics=metrics)

    def _is_new(self, row: dict[str, Any]) -> bool:
        if self._last_step is None or not row["step"]:
            return True
        key = row["key"]
        if key not in self._last_step:
            history = self._store.client.get_metric_history(self._run_id, key)
            self._last_step[key] = max((metric.step for metric in history), default=-1)
        return row["step"] > self._last_step[key]

    def _beat(self) -> None:
        due = time.monotonic() + self._seconds
        while not self._stop.is_set():
            self._full.wait(max(due - time.monotonic(), 0.0))
            if self._stop.is_set():
                return
            if time.monotonic() >= due:
                self._sample()
                due = time.monotonic() + self._seconds
            self.flush()

    def _sample(self) -> None:
        """Processor use (100 = one core) and resident memory of this process and its workers."""
        try:
            family = [self._process, *self._process.children(recursive=True)]
            memory = sum(process.memory_info().rss for process in family)
            busy = self._process.cpu_percent()
        except psutil.Error:  # a worker ended between two calls: the next sample will do
            return
        self._samples += 1
        values = {"system/cpu_percent": busy, "system/memory_gib": memory / 2**30, **_gpu()}
        self.add(values, self._samples)


def _gpu() -> dict[str, float]:
    """Memory that this process holds on its GPUs; nothing where torch was not imported or has used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {}
    reserved = sum(torch.cuda.memory_reserved(device) for device in range(torch.cuda.device_count()))
    return {"system/gpu_memory_gib": reserved / 2**30}


def replay(store: Store, path: Path) -> None:
    """Send a spill file (metrics, tags and final states of any runs), then remove it; raises what the store raises."""
    from mlflow.entities import RunTag

    by_run: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:  # the empty end, or a line that a kill has torn
            continue
        by_run.setdefault(row["run"], []).append(row)
    for run_id, rows in by_run.items():
        metrics = [_metric(row) for row in rows if "key" in row]
        for start in range(0, len(metrics), BATCH):
            store.client.log_batch(run_id, metrics=metrics[start : start + BATCH])
        tags = [RunTag(row["tag"], row["text"]) for row in rows if "tag" in row]
        if tags:
            store.client.log_batch(run_id, tags=tags)
        for row in rows:
            if "status" in row:
                store.client.set_terminated(run_id, row["status"], row["time"])
    path.unlink()


def replay_all(store: Store, folder: Path) -> None:
    """Send what earlier runs with a spill file in `folder` could not send; what fails again stays."""
    for path in sorted(folder.glob(f"*.{SPILL}*")):
        claimed = path.with_name(path.name.removesuffix(".sending") + ".sending")
        try:
            path.rename(claimed)  # so that two processes that start at once do not both send it
            replay(store, claimed)
        except FileNotFoundError:
            continue
        except Exception as error:
            log.warning("%s: still not sent (%s: %s)", claimed, type(error).__name__, str(error)[:200])


def _metric(row: dict[str, Any]) -> "Metric":
    from mlflow.entities import Metric

    return Metric(
        row["key"],
        row["value"],
        row["time"],
        row["step"],
        model_id=row.get("model"),
        dataset_name=row.get("data"),
        dataset_digest=row.get("digest"),
    )
