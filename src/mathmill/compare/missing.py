"""python -m mathmill.compare.missing minutes=30 seeds=3: run the comparisons that the ledger of claims lacks.

One after the other, until the time is up: what is then at work is interrupted, and the same command goes on with it. A
comparison that was cut off is written down with the seeds that have ended well, if there are two or more. A failing one
is named, and the rest goes on. `check`: whether every run of every comparison is in this checkout's MLflow store.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mathmill.compare.__main__ import SEEDS
from mathmill.compare.specs import FOLDER
from mathmill.compare.table import COMPARISONS
from mathmill.report.claims import CLAIMS, Seeds
from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.files import read_json

_PATIENCE = 60.0  # seconds that an interrupted comparison may take to close its runs


def needed() -> list[str]:
    """The comparisons that the ledger reads, in the order of its claims."""
    return list(dict.fromkeys(one.comparison for claim in CLAIMS for one in claim.evidence if isinstance(one, Seeds)))


def missing(root: Path, seeds: int) -> list[str]:
    """Those without a table of that many seeds."""
    paths = {name: root / FOLDER / f"{name}.json" for name in needed()}
    return [name for name, path in paths.items() if not path.is_file() or len(read_json(path)["seeds"]) < seeds]


def run_missing(root: Path, names: Sequence[str], minutes: float, seeds: int) -> dict[str, str]:
    """Run the named comparisons within the time; name -> `done`, `out of time` or `failed`."""
    end = time.monotonic() + 60 * minutes
    states = {}
    for name in names:
        left = end - time.monotonic()
        if left <= 0:
            states[name] = "out of time"
            continue
        process = subprocess.Popen([sys.executable, "-m", "mathmill.compare", name, f"seeds={seeds}"], cwd=root)
        try:
            states[name] = "done" if process.wait(left) == 0 else "failed"
        except subprocess.TimeoutExpired:
            states[name] = "out of time"
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return states


def check(root: Path) -> int:
    """The number of runs behind all tables; UserError that names the table and the first run that the store lacks."""
    from mathmill.compare.collect import find_run
    from mathmill.workflow.tracking_store import open_store

    store, count = open_store(root, None), 0
    for path in sorted((root / FOLDER).glob("*.json")):
        for name in COMPARISONS[path.stem].arms:
            for runs in read_json(path)["arms"][name.name]["runs"].values():
                for run in runs:
                    find_run(store, run, path)
                    count += 1
    return count


def main(words: Sequence[str]) -> None:
    """Run what is missing, or check; exit code 1 where something is left, 2 where the user can mend it."""
    from mathmill.workflow.project import find_root

    given = dict(word.partition("=")[::2] for word in words)
    with exit_plainly():
        root = find_root()
        if "check" in given:
            print(f"{check(root)} runs are all in the store")
            return
        if odd := sorted(set(given) - {"minutes", "seeds"}):
            raise UserError(f"{odd[0]}: this command takes minutes=30, seeds=3 or check")
        minutes, seeds = (_number(given, name, value) for name, value in (("minutes", 30), ("seeds", SEEDS)))
        states = run_missing(root, missing(root, seeds), minutes, seeds)
    for name, state in states.items():
        print(f"{name:<20} {state}")
    if any(state != "done" for state in states.values()):
        sys.exit(1)


def _number(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"{name}={text}: must be a number from 1 on")
    return int(text)


if __name__ == "__main__":
    main(sys.argv[1:])
