"""Label a drawn sample on a terminal, page by page."""

from collections.abc import Callable
from pathlib import Path

from mathmill.corpus.estimates import read_sample
from mathmill.workflow.files import write_jsonl


def label(path: Path, ask: Callable[[str], str], show: Callable[[str], None]) -> int:
    """Ask for the label of every page that has none; each answer is written at once. Returns how many were given."""
    rows = read_sample(path)
    open_rows = [row for row in rows[1:] if row.get("label") is None]
    given = 0
    for number, row in enumerate(open_rows, start=1):
        show(f"\n[{number}/{len(open_rows)}] {row['url']} ({row['lang']})\n\n{row['text']}\n")
        try:
            answer = ask("  does it belong? [y]es  [n]o  [s]kip  [q]uit: ").strip().lower()[:1]
        except EOFError:
            break
        if answer == "q":
            break
        if answer in ("y", "n"):
            row["label"] = answer == "y"
            given += 1
            write_jsonl(path, rows)
    return given
