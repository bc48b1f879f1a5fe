"""Edit overrides.yaml: set a value, replace it, drop it; comments stay."""

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

from mathmill.compose.compose import composed
from mathmill.workflow.composition import OVERRIDES, override_key, read_overrides
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_text

# Variables of the Makefile itself (PYTHON=python3.12), as opposed to keys and groups of the configuration.
_MAKE_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*=")


def changed(current: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The list with `wanted` set: the same key is replaced where it stood, a new one comes last, `key=` drops one.

    Raises UserError for an entry without `=`, and for a key to drop that is not there.
    """
    listed = list(current)
    for entry in wanted:
        if "=" not in entry and not entry.startswith("~"):
            raise UserError(f"{entry}: write key=value (rl.seed=1, scale=smoke), or key= to drop one from {OVERRIDES}")
        key = override_key(entry)
        places = [at for at, held in enumerate(listed) if override_key(held) == key]
        if entry.partition("=")[2] == "" and not entry.startswith("~"):
            if not places:
                raise UserError(
                    f"{key}: not in {OVERRIDES}, so there is nothing to drop; it holds: {listed or 'nothing'}"
                )
            del listed[places[0]]
        elif places:
            listed[places[0]] = entry
        else:
            listed.append(entry)
    return listed


def set_overrides(root: Path, wanted: Sequence[str]) -> list[str]:
    """Change overrides.yaml as `changed` says, if the result composes; returns the new list."""
    listed = changed(read_overrides(root), wanted)
    composed(root, listed)
    write_overrides(root, listed)
    return listed


def write_overrides(root: Path, listed: Sequence[str]) -> None:
    """Write the list into overrides.yaml; the comments around it stay."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = root / OVERRIDES
    tree = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    if tree is None:
        tree = CommentedMap()
    entries = CommentedSeq(listed)
    if not listed:
        entries.fa.set_flow_style()
    tree["overrides"] = entries
    text = io.StringIO()
    yaml.dump(tree, text)
    write_text(path, text.getvalue())


def from_make() -> list[str]:
    """The `key=value` words of a make command line, in the order typed.

    make hands them down in MAKEFLAGS with blanks and backslashes escaped and `$` doubled; read here rather than in the
    Makefile, no shell ever sees them. make lists the last one first.
    """
    flags = os.environ.get("MAKEFLAGS", "")
    _, found, words = f" {flags}".partition(" -- ")
    if not found:
        return []
    listed = [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in re.findall(r"(?:\\.|[^\s\\])+", words)]
    return [word for word in reversed(listed) if not _MAKE_VARIABLE.match(word)]
