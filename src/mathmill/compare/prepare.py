"""Files that comparisons need and no stage makes: problems with programs, and corpora that differ in how they came."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.evaluate.prompts import form_of
from mathmill.report.corpus import kept_urls
from mathmill.tokens.texts import chance
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import parquet_files, read_jsonl, read_parquet, remove, write_jsonl, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "data/comparisons"
PROGRAMS = f"{FOLDER}/programs.jsonl"
CORPORA = f"{FOLDER}/corpora"
COLUMNS = ("url", "text", "lang")


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


def corpora(root: Path) -> Path:
    """A folder with one parquet file a corpus: of each round, the seed alone, and the web as it comes.

    The sample of the web, by hash of the URL, has as many characters as the last round's corpus. Every file is a source
    for stage decontaminate. UserError where the corpus has not been made.
    """
    seed, pages = root / "data/microworld/seed.parquet", root / "data/pages"
    rounds = sorted((root / "data/corpus").glob("round_*"), key=lambda path: int(path.name.rpartition("_")[2]))
    if not rounds or not pages.is_dir() or not seed.is_file():
        raise UserError(f"{root / 'data/corpus'}: no rounds in it; make them with `dvc repro corpus`")
    every = {row["url"]: row for file in parquet_files(pages) for row in read_parquet(file, COLUMNS).to_pylist()}
    sets = {folder.name: [every[url] for url in sorted(kept_urls(folder))] for folder in rounds}
    size = sum(len(row["text"]) for row in sets[rounds[-1].name])
    sets["web"] = sample(every.values(), size)
    own = read_parquet(seed, ("id", "text", "lang")).to_pylist()
    sets["seed_only"] = [{"url": row["id"], "text": row["text"], "lang": row["lang"]} for row in own]
    remove(root / CORPORA)
    for name, rows in sets.items():
        write_parquet(root / CORPORA / f"{name}.parquet", rows, SCHEMA())
    return root / CORPORA


def sample(rows: Iterable[Mapping[str, Any]], characters: int) -> list[Mapping[str, Any]]:
    """Rows by the hash of their URL until they hold that many characters: the same ones on every machine."""
    taken: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda one: chance("web", one["url"])):
        if characters <= 0:
            break
        taken.append(row)
        characters -= len(row["text"])
    return taken


def SCHEMA() -> "pa.Schema":
    """The columns of a corpus."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string(), nullable=False) for name in COLUMNS])
