"""Programs a second through the sandbox, by the clock and in processor time (the fair figure on a busy machine).

python benchmarks/sandbox.py [--programs 400] [--workers 2]
"""

import argparse
import time

import psutil

from mathmill.reward.config import SandboxConfig
from mathmill.reward.sandbox.pool import Sandbox

KINDS = {
    "arithmetic": "print(sum(n * n for n in range({n})) % 97)",
    "fractions": "from fractions import Fraction\nprint(sum(Fraction(1, n) for n in range(1, {n} % 30 + 2)))",
    "sympy": "from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x**2 - {n} % 7 * x - 8, x))",
    "numpy": "import numpy as np\nprint(np.arange({n}).sum())",
}


def processor_seconds(sandbox: Sandbox) -> float:
    """Of this process, of the workers and of every program that has ended."""
    total = time.process_time()
    for worker in sandbox._workers:
        for child in psutil.Process(worker.process.pid).children():
            spent = child.cpu_times()
            total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with Sandbox(SandboxConfig(), workers=given.workers) as sandbox:
        sandbox.run(["pass"] * given.workers)
        for kind, program in KINDS.items():
            programs = [program.format(n=n) for n in range(1, given.programs + 1)]
            begun, wall = processor_seconds(sandbox), time.perf_counter()
            results = sandbox.run(programs)
            used, wall = processor_seconds(sandbox) - begun, time.perf_counter() - wall
            failed = sum(result.status != "ok" for result in results)
            each = 1000 * used / len(programs)
            print(
                f"{kind}: {each:.1f} ms of processor time each, so {given.workers * 1000 / each:.0f} a second on "
                f"{given.workers} free cores; {len(programs) / wall:.0f} a second by the clock; {failed} failed"
            )


if __name__ == "__main__":
    main()
