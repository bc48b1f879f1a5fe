"""Which process a run belongs to, and the end of runs whose process is gone."""

import logging
import os
import socket
from pathlib import Path

import psutil

from mathmill.workflow.tracking_store import Store

HOST = "host"
PROCESS = "process"
log = logging.getLogger(__name__)


def identity() -> dict[str, str]:
    """Tags that name this process for ever: host, and boot, process namespace, pid and time of start."""
    process = psutil.Process()
    return {HOST: socket.gethostname(), PROCESS: _join(_boot(), _namespace(), process.pid, process.create_time())}


def is_gone(host: str, process: str) -> bool:
    """Whether the process of these tags has certainly ended; False for other hosts and other containers."""
    boot, namespace, pid, started = (process.split("/") + [""] * 4)[:4]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if boot != _boot():
        return True
    if namespace != _namespace():
        return False
    try:
        alive = psutil.Process(int(pid))
        return alive.status() == psutil.STATUS_ZOMBIE or f"{alive.create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True


def reap(store: Store) -> list[str]:
    """Mark RUNNING runs of this host as KILLED where their process has ended; returns their ids."""
    query = f"attributes.status = 'RUNNING' and tags.{HOST} = '{socket.gethostname()}'"
    reaped = []
    for run in store.client.search_runs([store.experiment_id], query, max_results=500):
        if is_gone(run.data.tags.get(HOST, ""), run.data.tags.get(PROCESS, "")):
            store.client.set_terminated(run.info.run_id, "KILLED")
            reaped.append(run.info.run_id)
    if reaped:
        log.info("%d runs whose process is gone are now KILLED: %s", len(reaped), ", ".join(reaped))
    return reaped


def _join(boot: str, namespace: str, pid: int, started: float) -> str:
    return f"{boot}/{namespace}/{pid}/{started:.2f}"


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return "0"
