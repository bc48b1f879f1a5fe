"""The annotation file: marked prefixes, rejected ones, and edits that keep what a person wrote around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.pages.url import host_and_path, normalise
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_text, write_text


@dataclass(frozen=True)
class Decision:
    """One entry: a prefix in the normal form of page URLs, marked or rejected, with the note of whoever decided."""

    prefix: str
    mark: bool
    note: str = ""

    def entry(self) -> dict[str, Any]:
        """As it stands in the file: `mark` only where it is false."""
        return {
            "prefix": self.prefix,
            **({} if self.mark else {"mark": False}),
            **({"note": self.note} if self.note else {}),
        }


def read_decisions(path: Path) -> list[Decision]:
    """All entries of an annotation file in their order; UserError where one is none."""
    if not path.exists():
        raise UserError(f"{path}: no such file; an empty list ([]) is a valid start")
    return parse(read_text(path), str(path))


def parse(text: str, place: str) -> list[Decision]:
    """The entries of a text; `place` names it in errors."""
    import yaml

    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{place}: not YAML: {error}") from None
    if not isinstance(rows, list | None):
        raise UserError(f"{place}: expected a list of `prefix: host/path`, found {type(rows).__name__}")
    found = []
    for number, row in enumerate(rows or [], start=1):
        fields: Mapping[str, Any] = row if isinstance(row, dict) else {"prefix": row}
        value, mark = fields.get("prefix"), fields.get("mark", True)
        if not isinstance(value, str) or not value.strip() or not isinstance(mark, bool):
            raise UserError(f"{place}, entry {number}: expected `prefix: host/path` (and `mark: false`), found {row!r}")
        found.append(Decision(normal_prefix(value, f"{place}, entry {number}"), mark, str(fields.get("note") or "")))
    return found


def read_annotations(path: Path) -> list[str]:
    """The marked prefixes, `host/path` in the normal form of page URLs, sorted; the last word on a prefix counts."""
    last = {decision.prefix: decision.mark for decision in read_decisions(path)}
    return sorted(prefix for prefix, mark in last.items() if mark)


def normal_prefix(value: str, place: str) -> str:
    """`https://www.Host.org/path/` as `host.org/path`; `host.org` alone marks the whole host."""
    url = normalise(value if "://" in value else f"http://{value.strip()}")
    if url is None:
        raise UserError(f"{place}: {value!r} is no host/path")
    host, path = host_and_path(url)
    return (host + path).rstrip("/")


def append(path: Path, before: str, decisions: list[Decision]) -> None:
    """Write `before` (the file as it was) and the decisions after it; comments stay wherever YAML allows."""
    import yaml

    if not decisions:
        write_text(path, before)
        return
    block = render(decisions)
    wanted = [*parse(before, str(path)), *decisions]
    start = before.rstrip("\n") + "\n" if before.strip() else ""
    try:
        if parse(start + block, str(path)) == wanted:
            write_text(path, start + block)
            return
    except UserError:
        pass  # a list in brackets takes no lines after it: it is written anew below
    comments = "".join(f"{line}\n" for line in before.splitlines() if line.startswith("#"))
    text = yaml.safe_dump([one.entry() for one in wanted], allow_unicode=True, sort_keys=False, width=1000)
    write_text(path, comments + text)


def render(decisions: list[Decision]) -> str:
    """YAML lines of some decisions."""
    import yaml

    return str(yaml.safe_dump([one.entry() for one in decisions], allow_unicode=True, sort_keys=False, width=1000))
