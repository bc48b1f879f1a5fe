"""Files that comparisons need and no stage makes: problems with programs, and corpora that differ in how they came."""

from pathlib import Path

from mathmill.evaluate.prompts import form_of
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl, write_jsonl

FOLDER = "data/comparisons"
PROGRAMS = f"{FOLDER}/programs.jsonl"


def programs(root: Path, count: int = 200) -> Path:
    """Problems whose reference solution is a program, out of the instruction set, which no pre-training run reads.

    Their likelihood is what a pre-trained model can show of the paper's column "with programs" before it can write
    one that answers. UserError where the instruction set holds none.
    """
    source = root / "data/clean/instruct.jsonl"
    if not source.is_file():
        raise UserError(f"{source}: missing; make it with `dvc repro decontaminate`")
    rows = [row for row in read_jsonl(source) if form_of(str(row.get("solution", ""))) == "pot"]
    if not rows:
        raise UserError(f"{source}: no solution in it is a program; see microworld.sets.formats")
    write_jsonl(root / PROGRAMS, rows[:count])
    return root / PROGRAMS
