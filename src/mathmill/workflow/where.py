"""Find where a configuration key was set: in an override, or in which file and line of conf/."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)


def origin(root: Path, key: str, overrides: Sequence[str]) -> str:
    """` [conf/rl/default.yaml, line 4]` or ` [override rl.optim.lr=-1]`; empty where the key cannot be found.

    Where several files in force set the key, all are named: the one to mend is the user's to see.
    """
    bare = re.sub(r"\[\d+\]", "", key)
    set_by = [f"override {entry}" for entry in overrides if _covers(entry.partition("=")[0].lstrip("+~"), bare)]
    places = set_by or [f"conf/{file}, line {line}" for file, line in _lines(root / "conf", bare, overrides)]
    return f" [{'; '.join(places)}]" if places else ""


def _covers(name: str, key: str) -> bool:
    return name == key or key.startswith(name + ".")


def _lines(conf: Path, key: str, overrides: Sequence[str]) -> Iterator[tuple[str, int]]:
    import yaml

    for path in _in_force(conf, overrides):
        try:
            text = path.read_text(encoding="utf-8")
            tree = yaml.compose(text, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # an unreadable file has its own error message
        named = _PACKAGE.search(text)
        folder = path.parent.relative_to(conf).as_posix().replace("/", ".")
        package = named.group(1) if named else folder
        package = "" if package in ("_global_", ".") else package
        if (line := _line(tree, package, key)) is not None:
            yield path.relative_to(conf).as_posix(), line


def _in_force(conf: Path, overrides: Sequence[str]) -> list[Path]:
    """The files of conf/ that the defaults list and the overrides choose."""
    import yaml

    try:
        listed = yaml.safe_load((conf / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return []
    chosen: dict[str, Any] = {}
    for entry in listed:
        if isinstance(entry, dict):
            (group, option), *_ = entry.items()
            chosen[str(group).removeprefix("optional ").removeprefix("override ")] = option
    for override in overrides:
        name, _, option = override.partition("=")
        if name.lstrip("+") in chosen:
            chosen[name.lstrip("+")] = option
    files = [conf / group / f"{option}.yaml" for group, option in chosen.items() if option]
    return [path for path in (conf / "config.yaml", *files) if path.is_file()]


def _line(node: Any, package: str, key: str) -> int | None:
    """The line (from 1) where a file with this package sets `key`, or None."""
    if package:
        if not key.startswith(package + "."):
            return None
        key = key[len(package) + 1 :]
    line = None
    for part in key.split("."):
        pairs = getattr(node, "value", None)
        if not isinstance(pairs, list):
            return None
        for name, value in (pair for pair in pairs if isinstance(pair, tuple)):
            if getattr(name, "value", None) == part:
                node, line = value, name.start_mark.line + 1
                break
        else:
            return None
    return line
