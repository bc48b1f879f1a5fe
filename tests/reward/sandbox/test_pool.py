import json
import os
import platform
import resource
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import mathmill
from mathmill.reward.config import SandboxConfig
from mathmill.reward.sandbox.filter import instructions
from mathmill.reward.sandbox.pool import Result, Sandbox, SandboxError

SMALL = SandboxConfig(preload=["math", "random", "datetime", "re"], packages=[], warm_up="")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxConfig(), workers=2) as sandbox:
        yield sandbox


def test_results_come_in_order(sandbox: Sandbox) -> None:
    finished: list[int] = []
    results = sandbox.run([f"print({n} ** 2)" for n in range(50)], finished.append)
    assert [result.stdout for result in results] == [f"{n * n}\n" for n in range(50)]
    assert {result.status for result in results} == {"ok"}
    assert sum(finished) == 50
    assert sandbox.run([]) == []


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))", "[2, 3]"),
        ("import sympy as sp; x = sp.Symbol('x'); print(sp.integrate(sp.exp(-x**2), (x, 0, sp.oo)))", "sqrt(pi)/2"),
        ("from sympy.stats import Die, E; print(E(Die('X', 6)))", "7/2"),
        ("from sympy.ntheory import factorint; print(factorint(2**61 - 2))", None),
        ("import numpy as np; print(np.linalg.solve([[2., 1.], [1., 3.]], [3., 5.]))", "[0.8 1.4]"),
        ("import numpy as np; print(np.roots([1, -3, 2]).round(6))", "[2. 1.]"),
        ("from fractions import Fraction as F; print(F(1, 3) + F(1, 6))", "1/2"),
        ("import itertools, math, statistics; print(math.comb(10, 3), statistics.median([3, 1, 2]))", "120 2"),
        ("import csv, io; print(list(csv.reader(io.StringIO('a,b'))))", "[['a', 'b']]"),
        ("with open('notes.txt', 'w') as f: f.write('12')\nprint(open('notes.txt').read())", "12"),
        ("if __name__ == '__main__':\n    print('main')", "main"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(3))", "P(x=3)"),
        ("print('答案是', 7)", "答案是 7"),
        ("import sys; print(3); sys.exit(0)", "3"),
    ],
)
def test_what_programs_need(sandbox: Sandbox, program: str, printed: str | None) -> None:
    (result,) = sandbox.run([program])
    assert result.status == "ok", result
    assert printed is None or result.stdout.strip() == printed


@pytest.mark.parametrize(
    ("program", "status", "error"),
    [
        ("1/0", "error", "ZeroDivisionError: division by zero"),
        ("print(", "error", "SyntaxError: '(' was never closed"),
        ("import torch", "error", "ModuleNotFoundError: No module named 'torch'"),
        ("import sys; sys.exit(3)", "error", "the program ended with an error"),
        ("import sys; sys.exit('no answer')", "error", "no answer"),
        ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("x = 'a' * 10**11", "memory", "MemoryError"),
        ("input()", "error", "EOFError: EOF when reading a line"),
        ("print('x' * 30_000)", "output", "the program printed too much"),
    ],
)
def test_errors(sandbox: Sandbox, program: str, status: str, error: str) -> None:
    (result,) = sandbox.run([program])
    assert (result.status, result.error) == (status, error)


def test_an_error_shows_the_program_and_not_the_sandbox(sandbox: Sandbox) -> None:
    (result,) = sandbox.run(["def f(x):\n    return 1 / x\nf(0)"])
    assert "return 1 / x" in result.stderr
    assert 'File "<program>", line 3' in result.stderr
    assert "mathmill" not in result.stderr
    (result,) = sandbox.run(["import statistics\nstatistics.mean([])"])
    assert 'File "statistics.py"' in result.stderr


def test_what_was_printed_before_an_error_is_kept(sandbox: Sandbox) -> None:
    (result,) = sandbox.run(["print(5)\nraise ValueError('x')"])
    assert (result.stdout, result.error) == ("5\n", "ValueError: x")


MOODY = """
import random, time, datetime, os, secrets, uuid, tempfile
import numpy as np
print(random.random(), random.Random().random(), random.SystemRandom().random(), secrets.token_hex(4))
print(np.random.rand(), np.random.default_rng().random(), np.random.RandomState(5).rand())
print(time.time(), time.monotonic(), time.perf_counter_ns(), datetime.datetime.now(), datetime.date.today())
print(datetime.datetime.now(datetime.timezone.utc), datetime.datetime.utcnow() - datetime.datetime(2024, 1, 1))
print(os.getpid(), os.uname().nodename, os.urandom(4), uuid.uuid4(), tempfile.mktemp(dir='.'))
print({'b', 'a', 'c'}, hash('x'), set(map(str, range(20))))
random.seed(); print(random.randint(1, 10**9))
random.seed(7); print(random.randint(1, 10**9))
time.sleep(3600); print(time.time())
"""


def test_the_same_program_has_the_same_result(sandbox: Sandbox) -> None:
    results = sandbox.run([MOODY] * 4)  # on two workers
    assert {result.status for result in results} == {"ok"}, results[0]
    with Sandbox(SandboxConfig(), workers=1) as other:
        results += other.run([MOODY])
    assert len({result.stdout for result in results}) == 1
    assert "2024-01-01" in results[0].stdout
    import random

    assert str(random.Random(7).randint(1, 10**9)) in results[0].stdout, "a seed of the program's own counts"


def test_seed_and_clock_are_choices() -> None:
    program = "import random, time; print(random.random(), int(time.time()))"
    outputs = []
    for seed, clock in ((0, 0), (1, 0), (0, 86400)):
        with Sandbox(replace(SMALL, seed=seed, clock=clock), workers=1) as sandbox:
            outputs.append(sandbox.run([program])[0].stdout.split())
    assert outputs[0][0] != outputs[1][0]
    assert (outputs[0][1], outputs[2][1]) == ("0", "86400")


def test_programs_a_second(sandbox: Sandbox) -> None:
    """At least 50 a second on two cores, so at most 40 ms of processor time for each (the machine may be busy)."""
    programs = [f"import math\nprint(sum(math.sqrt(n) for n in range({n})))" for n in range(200)]
    sandbox.run(programs[:2])
    before = sum(cpu_seconds(worker.process.pid) for worker in sandbox._workers) + time.process_time()
    results = sandbox.run(programs)
    after = sum(cpu_seconds(worker.process.pid) for worker in sandbox._workers) + time.process_time()
    assert {result.status for result in results} == {"ok"}
    assert (after - before) / len(programs) < 0.040


def cpu_seconds(pid: int) -> float:
    """Processor time of a worker: of its inner process and of the programs that have ended."""
    import psutil

    times = [child.cpu_times() for child in psutil.Process(pid).children()]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


ATTACKS = {
    "file": "print('ESCAPED', open('/etc/hostname').read())",
    "list": "import os; print('ESCAPED', os.listdir('/'))",
    "socket": "import socket; socket.socket(); print('ESCAPED')",
    "fork": "import os; os.fork(); print('ESCAPED')",
    "kill": "import os; os.kill(os.getppid(), 0); print('ESCAPED')",
}


def run_without(calls: list[int], missing: str) -> subprocess.CompletedProcess[str]:
    """Run a sandbox in a process whose kernel refuses some system calls, as a container does."""
    script = f"""
import json, sys
from mathmill.reward.sandbox import filter
deny = [(0x20, 0, 0, 0)]
for number in {calls}:
    deny += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050001)]
filter.install(filter.assemble([*deny, (0x06, 0, 0, 0x7FFF0000)]))
from mathmill.reward.config import SandboxConfig
from mathmill.reward.sandbox.pool import Sandbox
config = SandboxConfig(preload=["socket", "math"], packages=[], warm_up="", missing={missing!r})
with Sandbox(config, workers=1) as sandbox:
    results = sandbox.run(["import math; print(math.pi)", *{list(ATTACKS.values())}])
    print(json.dumps([sandbox.missing, [[r.status, r.stdout] for r in results]]))
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of system calls of x86-64")
def test_a_missing_protection_is_named_and_refused() -> None:
    done = run_without([272], "refuse")  # unshare
    assert done.returncode == 1
    for word in ("user namespace", "network namespace", "mount namespace", "reward.sandbox.missing=go_on"):
        assert word in done.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of system calls of x86-64")
def test_without_namespaces_the_filter_holds_alone_where_one_goes_on() -> None:
    done = run_without([272], "go_on")
    assert done.returncode == 0, done.stderr
    missing, (harmless, *attacks) = json.loads(done.stdout)
    assert "user namespace" in missing
    assert "scratch folder (programs cannot open files)" in missing
    assert "lacks: user namespace" in done.stderr
    assert harmless == ["ok", "3.141592653589793\n"]
    assert [status for status, _ in attacks] == ["error"] * len(ATTACKS)
    assert "ESCAPED" not in done.stdout


def test_with_neither_filter_nor_namespaces_nothing_runs() -> None:
    sandbox = Sandbox(replace(SMALL, missing="go_on"))
    with pytest.raises(SandboxError, match="nothing holds a program"):
        sandbox._judge(["user namespace", "mount namespace", "system-call filter"])


def test_works_for_an_ordinary_user() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    script = (
        "import os\nfrom mathmill.reward.config import SandboxConfig\n"
        "from mathmill.reward.sandbox.pool import Sandbox\n"
        "with Sandbox(SandboxConfig(preload=['math'], packages=[], warm_up=''), workers=1) as s:\n"
        "    print(os.getuid(), s.run(['import os; print(os.listdir(chr(47)), os.getuid())'])[0].stdout, s.missing)"
    )
    source = Path(mathmill.__file__).parents[1]
    places = f"{source}{os.pathsep}{sysconfig.get_path('purelib')}"
    for python in (sys.executable, "/usr/bin/python3"):  # root's own interpreter may be out of a user's reach
        try:
            done = subprocess.run(
                [python, "-B", "-c", script],
                user=65534,
                group=65534,
                extra_groups=[],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": places},
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
        except PermissionError:
            continue
        assert done.stdout.split("\n")[0] == "65534 ['scratch'] 65534", done.stderr
        return
    pytest.skip("an ordinary user cannot reach an interpreter here")


def test_the_filter_knows_two_architectures() -> None:
    for machine in ("x86_64", "aarch64"):
        program = instructions(machine, files=True)
        assert 100 < len(program) < 4096
        assert max(jump for _, true, false, _ in program for jump in (true, false)) < 256
    assert len(instructions("x86_64", files=False)) < len(instructions("x86_64", files=True))


def test_the_numbers_of_the_filter_are_the_kernels() -> None:
    from mathmill.reward.sandbox import filter as calls

    header = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
    if not os.path.exists(header):
        pytest.skip("the kernel's headers are not installed")
    with open(header) as file:
        kernel = {line.split()[1][5:]: int(line.split()[2]) for line in file if line.startswith("#define __NR_")}
    tables = {**calls._CALLS, **calls._FILES, **calls._MAPPINGS, "fcntl": calls._FCNTL, **calls._ERRORS}
    assert {name: kernel.get(name) for name in tables} == {name: numbers[0] for name, numbers in tables.items()}


def test_result_of_a_limit_has_an_error() -> None:
    assert Result("cpu", "", "", 1.0).error.startswith("TimeoutError")
    assert Result("ok", "", "a warning", 1.0).error == ""
    assert resource.getrlimit(resource.RLIMIT_NPROC)[0] != 0, "limits are the programs', not the caller's"
