"""Look at candidate hosts and path prefixes, and mark those of the domain (paper 2.1: a person marks URL paths).

Works on the folder of a finished corpus stage. What was decided before, for or against, is not asked again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.corpus.annotations import Decision, append, parse
from mathmill.corpus.documents import prefixes_of
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, read_text, write_text

KEYS = "[y]es  [n]o  [h]ost, all of it  [s]kip host  [u]ndo  [q]uit"
HEAD = """\
# Proposed marks, to be reviewed: change `mark` where it is wrong, delete what you cannot judge, then
#   python -m mathmill.corpus annotate --accept THIS_FILE
# A prefix is proposed where at least {share:.0%} of its pages were collected in round {number}.
"""


@dataclass(frozen=True)
class Candidate:
    """A prefix of a flagged host: pages and collected pages of both, and sample pages."""

    prefix: str
    pages: int
    kept: int
    host: str
    host_pages: int
    host_kept: int
    samples: list[dict[str, Any]]

    @property
    def gain(self) -> int:
        """Pages that would join the seed if the prefix were marked."""
        return self.pages - self.kept

    @property
    def promise(self) -> float:
        """The gain, weighed by how much of the prefix was collected: news on a mathematical host promises nothing."""
        return self.gain * self.kept / self.pages


def last_round(corpus: Path) -> int:
    """The number of the last finished round; UserError where there is none."""
    numbers = [int(path.parent.name.removeprefix("round_")) for path in corpus.glob("round_*/round.json")]
    if not numbers:
        raise UserError(f"{corpus}: no finished round in it; run `dvc repro corpus`, or name the folder with --corpus")
    return max(numbers)


def read_candidates(corpus: Path, number: int) -> list[Candidate]:
    """The prefixes of a round, those that promise most pages first; a host's prefixes stand together."""
    listed = read_json(corpus / f"round_{number}" / "candidates.json")
    found = []
    for entry in listed:
        groups = entry["prefixes"]
        totals = (entry["host"], sum(group["pages"] for group in groups), sum(group["kept"] for group in groups))
        found += [
            Candidate(group["prefix"], group["pages"], group["kept"], *totals, group["samples"]) for group in groups
        ]
    promise: dict[str, float] = {}
    for one in found:
        promise[one.host] = promise.get(one.host, 0.0) + one.promise
    return sorted(found, key=lambda one: (-promise[one.host], one.host, -one.promise, -one.gain, one.prefix))


def undecided(candidates: list[Candidate], decisions: list[Decision]) -> Iterator[Candidate]:
    """Candidates on which there is no word yet, neither on the prefix nor on one above it."""
    decided = {one.prefix for one in decisions}
    for one in candidates:
        host, slash, rest = one.prefix.partition("/")
        if not decided & set(prefixes_of(host, slash + rest)):
            yield one


def describe(one: Candidate, place: str) -> str:
    """What a person sees of a candidate."""
    lines = [
        f"{place} {one.host}: {one.host_pages:,} pages, {one.host_kept / one.host_pages:.0%} collected",
        f"  {one.prefix}   {one.pages:,} pages, {one.kept:,} collected, {one.gain:,} to gain",
    ]
    for sample in one.samples:
        lines.append(f"    {sample['score']:.3f} {'collected' if sample['kept'] else 'left     '}  {sample['title']}")
        lines += [f"        ${formula}$" for formula in sample["formulas"]]
        lines.append(f"        {sample['url']}")
    return "\n".join(lines)


def annotate(
    candidates: list[Candidate],
    path: Path,
    number: int,
    ask: Callable[[str], str],
    show: Callable[[str], None],
) -> list[Decision]:
    """Ask about each candidate on a terminal; every answer is written to the annotation file at once.

    The end of the input counts as `quit`. Returns what was decided in this session.
    """
    before = read_text(path) if path.exists() else "[]\n"
    known = parse(before, str(path))
    made: list[list[Decision]] = []  # one list an answer, so that an answer can be undone
    place, skipped = 0, set[str]()
    queue = list(undecided(candidates, known))
    while place < len(queue):
        one = queue[place]
        decided = [decision for answer in made for decision in answer]
        if one.host in skipped or not list(undecided([one], decided)):
            place += 1
            continue
        show(describe(one, f"\n[{place + 1}/{len(queue)}]"))
        try:
            answer = ask(f"  {KEYS}: ").strip().lower()[:1]
        except EOFError:
            break
        note = f"round {number}: {one.kept} of {one.pages} pages collected"
        if answer in ("y", "n"):
            made.append([Decision(one.prefix, answer == "y", note)])
        elif answer == "h":
            made.append([Decision(one.host, True, note)])
        elif answer == "s":
            skipped.add(one.host)
        elif answer == "u":
            if made:
                made.pop()
            place, skipped = 0, set()
        elif answer == "q":
            break
        append(path, before, [decision for answers in made for decision in answers])
    return [decision for answers in made for decision in answers]


def propose(candidates: list[Candidate], decisions: list[Decision], number: int, share: float) -> str:
    """A file to review: every open candidate with a proposal, and its samples as comments."""
    lines = [HEAD.format(share=share, number=number)]
    open_ones = list(undecided(candidates, decisions))
    for one in open_ones:
        lines.append("".join(f"# {line}\n" for line in describe(one, "").strip().splitlines()))
        entry = Decision(one.prefix, one.kept >= share * one.pages, f"round {number}: {one.kept} of {one.pages} pages")
        lines.append(_entry(entry))
    return "\n".join(lines) if open_ones else lines[0] + "[]\n"


def _entry(decision: Decision) -> str:
    """With `mark` written out, so that a reviewer has something to change."""
    import yaml

    row = {"prefix": decision.prefix, "mark": decision.mark, "note": decision.note}
    return str(yaml.safe_dump([row], allow_unicode=True, sort_keys=False, width=1000))


def write_proposal(path: Path, text: str) -> None:
    """Write the file to review; UserError where it exists, for it may hold decisions."""
    if path.exists():
        raise UserError(f"{path}: exists already and may hold decisions; accept or remove it, or name another file")
    write_text(path, text)


def accept(review: Path, path: Path) -> list[Decision]:
    """Add the reviewed decisions to the annotation file; returns those that were new."""
    if not review.exists():
        raise UserError(f"{review}: no such file; `annotate --propose FILE` writes one to review")
    before = read_text(path) if path.exists() else "[]\n"
    known = {one.prefix: one.mark for one in parse(before, str(path))}
    new = [one for one in parse(read_text(review), str(review)) if known.get(one.prefix) != one.mark]
    append(path, before, new)
    return new
