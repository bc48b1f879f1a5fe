"""python -m mathmill.compare NAME seeds=5: one comparison of the paper over seeds, run and written down.

Runs every arm from every seed (a job a seed, its runs under one parent in MLflow), skips what is finished, and writes
values, paired differences with intervals, and the ids of the runs to reports/comparisons/NAME.json, which the report
and the ledger of claims read. Killed, the same command goes on.

  python -m mathmill.compare                       lists the comparisons, and what there is of each
  python -m mathmill.compare code_first seeds=5
  python -m mathmill.compare code_first seeds=3 scale=smoke runtime.threads=1
  python -m mathmill.compare code_first --collect FOLDER     the table of a sweep that has run, however far it is
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mathmill.compare.specs import FOLDER, Comparison
from mathmill.compare.table import COMPARISONS
from mathmill.workflow.errors import UserError, exit_plainly

SEEDS = 5


@dataclass(frozen=True)
class Wish:
    """A command line: which comparison, how many seeds, further overrides, or the folder of a sweep to collect."""

    comparison: Comparison
    seeds: int
    overrides: tuple[str, ...]
    collect: Path | None


def parse(words: Sequence[str]) -> Wish:
    """The wish of a command line; UserError where it cannot be met."""
    rest, collect = list(words), None
    if "--collect" in rest:
        at = rest.index("--collect")
        if at + 1 >= len(rest):
            raise UserError("--collect: name the folder of the sweep, as in --collect multirun/pretrain-evaluate/0123")
        collect = Path(rest[at + 1])
        del rest[at : at + 2]
    if not rest or rest[0] not in COMPARISONS:
        raise UserError(f"{rest[0] if rest else ''}: no such comparison; there are {', '.join(COMPARISONS)}")
    given = [word.partition("=")[2] for word in rest[1:] if word.startswith("seeds=")]
    seeds = given[-1] if given else str(SEEDS)
    if not seeds.isdecimal() or int(seeds) < 1:
        raise UserError(f"seeds={seeds}: must be a number from 1 on; an interval needs 2")
    overrides = tuple(word for word in rest[1:] if not word.startswith("seeds="))
    return Wish(COMPARISONS[rest[0]], int(seeds), overrides, collect)


def from_words(words: Sequence[str]) -> list[str]:
    """The command line that `make compare name=NAME key=value ...` stands for; UserError for values without a name."""
    names = [word.partition("=")[2] for word in words if word.startswith("name=")]
    if words and not names:
        raise UserError(f"{words[0]}: say which comparison, as in make compare name=code_first seeds=5")
    return [*names, *(word for word in words if not word.startswith("name="))]


def command(wish: Wish) -> list[str]:
    """The words of the chain that runs the comparison."""
    one = wish.comparison
    seeds = ",".join(map(str, range(wish.seeds)))
    return [one.steps, f"sweep={one.sweep}", f"{one.seed}={seeds}", *wish.overrides]


def run(root: Path, wish: Wish) -> Path:
    """Run what is missing, then write the table; returns its file. A failed job is raised after the table is written.

    What has ended well is written even where a job has failed: with fewer seeds.
    """
    from mathmill.compare import prepare
    from mathmill.compare.publish import publish
    from mathmill.workflow import chain

    if wish.collect is not None:
        return publish(root, wish.comparison, wish.collect)
    for name in wish.comparison.files:
        getattr(prepare, name)(root)
    words = command(wish)
    try:
        chain.run(root, words)
    finally:
        folder = chain.folder_of(root, words)
        if any(folder.glob("*/job.json")):
            publish(root, wish.comparison, folder)
    return root / FOLDER / f"{wish.comparison.name}.json"


def listing(root: Path) -> str:
    """A line for each comparison: what it is, and the seeds and runs that its table holds."""
    from mathmill.workflow.files import read_json

    lines = []
    for name, one in COMPARISONS.items():
        path = root / FOLDER / f"{name}.json"
        state = f"{len(read_json(path)['seeds'])} seeds" if path.is_file() else "not run"
        lines.append(f"{name:<12} {state:<10} {one.title}; {one.paper}")
    return "\n".join(lines)


def main(words: Sequence[str]) -> None:
    """Run or list; the process ends with exit code 2 where the user can mend it."""
    from mathmill.compose.overrides import from_make
    from mathmill.workflow.project import find_root

    if "--help" in words or "-h" in words:
        print((__doc__ or "").strip())
        return
    with exit_plainly():
        root = find_root()
        if list(words) == ["--from-make"]:
            words = from_words(from_make())
        if not words:
            print(listing(root))
            return
        from mathmill.compare.publish import to_text
        from mathmill.workflow.files import read_json

        print(to_text(read_json(run(root, parse(words)))))


if __name__ == "__main__":
    main(sys.argv[1:])
