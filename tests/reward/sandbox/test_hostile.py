import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hostile_programs import HOSTILE

from mathmill.reward.config import SandboxConfig
from mathmill.reward.sandbox.pool import Sandbox

SECRET = "MATHMILL_CANARY_SECRET"
# All the modules that an attack would like to have: nothing must rest on their absence.
PRELOAD = [
    *("socket", "_socket", "ctypes", "subprocess", "multiprocessing", "mmap", "resource", "signal", "threading"),
    *("fcntl", "select", "math", "random", "re", "_posixshmem", "multiprocessing.connection"),
]
CONFIG = SandboxConfig(
    cpu_seconds=0.5,
    wall_seconds=20.0,
    memory_mb=128,
    scratch_mb=2,
    preload=PRELOAD,
    packages=[],
    warm_up="",
    output_bytes=5000,
)


class Host:
    """What a program must not reach: a file, a listening socket, a process, a secret in the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "canary.py"
        self.file.write_text("CANARY = 1\n")
        self.file.chmod(0o666)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    def facts(self) -> dict[str, object]:
        return {
            "file": str(self.file),
            "folder": str(self.folder),
            "port": self.listener.getsockname()[1],
            "pid": self.victim.pid,
            "secret": SECRET,
        }

    def unharmed(self) -> bool:
        try:
            self.listener.accept()
        except BlockingIOError:
            connected = False
        else:
            connected = True
        return (
            not connected
            and self.file.read_text() == "CANARY = 1\n"
            and self.victim.poll() is None
            and sorted(path.name for path in self.folder.iterdir()) == ["canary.py"]
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    os.environ[SECRET] = "1"
    folder = tmp_path_factory.mktemp("host")
    for parent in (folder, *folder.parents[:3]):
        if parent.owner() == folder.owner() and parent != Path("/tmp"):
            parent.chmod(0o777)  # so that only the sandbox stands between a program and the file
    host = Host(folder)
    yield host
    host.victim.kill()
    host.victim.wait()
    host.listener.close()
    del os.environ[SECRET]


@pytest.fixture(scope="module")
def sandbox(host: Host) -> Iterator[Sandbox]:
    with Sandbox(CONFIG, workers=1) as sandbox:
        sandbox.run(["pass"])
        yield sandbox


def children(sandbox: Sandbox) -> list[int]:
    return [child.pid for worker in sandbox._workers for child in psutil.Process(worker.process.pid).children(True)]


@pytest.mark.parametrize("name", HOSTILE)
def test_contained(name: str, host: Host, sandbox: Sandbox) -> None:
    program, statuses = HOSTILE[name]
    before = children(sandbox)
    result, after = sandbox.run([program.format(**host.facts()), "print(6 * 7)"])
    assert "ESCAPED" not in result.stdout
    assert result.status in statuses, result
    assert len(result.stdout) <= CONFIG.output_bytes
    assert (after.status, after.stdout) == ("ok", "42\n")
    assert children(sandbox) == before, "the worker has died, or a process was left"
    assert host.unharmed()


def test_the_attacks_work_where_nothing_holds_them(host: Host) -> None:
    """A check of the programs themselves: outside the sandbox they do reach the host."""
    for name in ("read a file", "the host's environment", "connect to the host", "fork", "import from the machine"):
        source = HOSTILE[name][0].format(**host.facts())
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
        assert "ESCAPED" in done.stdout, name
    assert host.listener.accept()


def test_nothing_is_left_for_the_next_program(sandbox: Sandbox) -> None:
    first = "import os, sys, math\nopen('left', 'w').write('x'); os.symlink('/', 'root'); os.mkdir('d'); math.pi = 3\n"
    second = "import os, math\nprint(os.listdir('.'), math.pi)"
    results = sandbox.run([first, second])
    assert [result.status for result in results] == ["ok", "ok"]
    assert results[1].stdout == "[] 3.141592653589793\n"


def test_a_program_that_waits_for_ever_is_ended() -> None:
    with Sandbox(replace(CONFIG, wall_seconds=1.0), workers=1) as sandbox:
        waits = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"
        assert [result.status for result in sandbox.run([waits, "print(1)"])] == ["wall", "ok"]


def test_a_killed_worker_is_replaced(sandbox: Sandbox) -> None:
    for child in psutil.Process(sandbox._workers[0].process.pid).children():
        child.kill()
    assert [result.stdout for result in sandbox.run(["print(1)", "print(2)"])] == ["1\n", "2\n"]


def test_workers_end_with_the_pool() -> None:
    with Sandbox(replace(CONFIG, wall_seconds=600.0), workers=2) as sandbox:
        sandbox.run(["print(1)", "print(2)"])
        processes = [psutil.Process(pid) for pid in children(sandbox)]
        assert len(processes) == 2
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []


def test_workers_end_with_a_killed_caller() -> None:
    script = (
        "import sys, os\nfrom mathmill.reward.config import SandboxConfig\n"
        "from mathmill.reward.sandbox.pool import Sandbox\n"
        "c = SandboxConfig(cpu_seconds=600, wall_seconds=600, preload=[], packages=[], warm_up='')\n"
        "s = Sandbox(c, workers=1)\n"
        "s.run(['1'])\nprint(s._workers[0].process.pid, flush=True)\ns.run(['while True: pass'])"
    )
    caller = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    outer = psutil.Process(int(caller.stdout.readline()))
    tree = [outer, *outer.children(recursive=True)]
    caller.kill()
    caller.wait()
    caller.stdout.close()
    _, alive = psutil.wait_procs(tree, timeout=30)
    assert alive == []
