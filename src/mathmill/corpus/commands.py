"""The hand's work around the rounds: mark prefixes, label samples. `python -m mathmill.corpus COMMAND --help`.

annotate    show candidate hosts and path prefixes of a finished run, and mark those of the domain
sample      draw pages by band of score into a file, to be labelled
label       label such a file on the terminal (any editor does as well)
estimate    precision and recall from the labels, with intervals
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.option import positive
from mathmill.workflow.project import find_root, home

COMMANDS = ("annotate", "sample", "label", "estimate")


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says; the process ends with exit code 2 where the user can mend it."""
    given = _parser().parse_args(arguments)
    commands = {"annotate": _annotate, "sample": _sample, "label": _label, "estimate": _estimate}
    try:
        with exit_plainly():
            commands[given.command](given, find_root())
    except KeyboardInterrupt:
        print("\nstopped; what was answered is written", file=sys.stderr)
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m mathmill.corpus", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="{" + ",".join(COMMANDS) + "}")

    def add(name: str, help_: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_, formatter_class=argparse.ArgumentDefaultsHelpFormatter)

    annotate = add("annotate", "mark prefixes of candidate hosts")
    sample = add("sample", "draw pages by band of score, to be labelled")
    for one in (annotate, sample):
        one.add_argument("--corpus", type=Path, help="folder of a finished corpus stage (default: data/corpus)")
        one.add_argument("--round", type=int, help="which round (default: the last)")
    annotate.add_argument("--annotations", type=Path, help="file to edit (default: corpus.annotations)")
    annotate.add_argument("--propose", type=Path, metavar="FILE", help="ask nothing; write a file to review")
    annotate.add_argument("--accept", type=Path, metavar="FILE", help="add a reviewed file to the annotations")
    annotate.add_argument("--min-share", type=float, default=0.3, help="collected share from which a mark is proposed")
    sample.add_argument("file", type=Path, help="JSON lines file to write")
    sample.add_argument("--pages", type=Path, help="the pages behind the scores (default: data/pages)")
    sample.add_argument("--per-band", type=positive, default=25, help="pages of each band of score")
    sample.add_argument("--chars", type=positive, default=1500, help="characters of a page's text")
    sample.add_argument("--seed", type=int, default=0, help="draws the pages")
    add("label", "label a sample on the terminal").add_argument("file", type=Path, help="file of `sample`")
    add("estimate", "precision and recall from labels").add_argument(
        "file", type=Path, help="labelled file of `sample`"
    )
    return parser


def _corpus(given: argparse.Namespace, root: Path) -> tuple[Path, int]:
    from mathmill.corpus.annotate import last_round

    corpus: Path = given.corpus or root / "data" / "corpus"
    number = given.round or last_round(corpus)
    if not (corpus / f"round_{number}" / "round.json").exists():
        raise UserError(f"{corpus}: no finished round {number} in it")
    return corpus, number


def _annotations(given: argparse.Namespace, root: Path) -> Path:
    """The file to edit: the option's, or that of the configuration; never one that a stage makes."""
    if given.annotations is not None:
        return Path(given.annotations)
    from mathmill.workflow.launch import configure

    value = configure(root, []).corpus.annotations
    if value is None:
        raise UserError(
            "the annotations in force are the microworld's, which a stage makes; name a file of your own with "
            "--annotations FILE, and set it with `make exp corpus.annotations=FILE`"
        )
    return home(root) / Path(value).expanduser()


def _annotate(given: argparse.Namespace, root: Path) -> None:
    from mathmill.corpus import annotate
    from mathmill.corpus.annotations import read_decisions

    path = _annotations(given, root)
    if given.accept is not None:
        new = annotate.accept(given.accept, path)
        print(f"{path}: {sum(one.mark for one in new)} prefixes marked, {sum(not one.mark for one in new)} rejected")
        return
    corpus, number = _corpus(given, root)
    candidates = annotate.read_candidates(corpus, number)
    if given.propose is not None:
        known = read_decisions(path) if path.exists() else []
        annotate.write_proposal(given.propose, annotate.propose(candidates, known, number, given.min_share))
        print(f"{given.propose}: review it, then `python -m mathmill.corpus annotate --accept {given.propose}`")
        return
    made = annotate.annotate(candidates, path, number, input, print)
    print(f"{path}: {sum(one.mark for one in made)} prefixes marked, {sum(not one.mark for one in made)} rejected")


def _sample(given: argparse.Namespace, root: Path) -> None:
    from mathmill.corpus.labels import draw_sample

    corpus, number = _corpus(given, root)
    pages = given.pages or root / "data" / "pages"
    count = draw_sample(corpus, pages, number, given.file, given.per_band, given.seed, given.chars)
    print(f"{given.file}: {count} pages of round {number}; label them, then `python -m mathmill.corpus estimate`")


def _label(given: argparse.Namespace, _: Path) -> None:
    from mathmill.corpus.labelling import label

    print(f"{given.file}: {label(given.file, input, print)} labels given")


def _estimate(given: argparse.Namespace, _: Path) -> None:
    from mathmill.corpus.estimates import estimate, read_labels

    labels = read_labels(given.file)
    print(f"round {labels.round}: band of score, pages, labelled, belong")
    for band in labels.bands:
        print(f"  {band.name:<30} {band.pages:>12,} {band.labelled:>6} {band.positive:>6}")
    found = estimate(labels.bands)
    for name in ("precision", "recall"):
        value, low, high = (100 * found[name][end] for end in ("value", "low", "high"))
        print(f"{name}: {value:.1f} % (95 %: {low:.1f} to {high:.1f})")
    print("to show them in the report: make exp report.labels=" + str(given.file))
