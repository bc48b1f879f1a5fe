"""The keys of the schema: look one up by its dotted name, list them all, find the one that was meant."""

import difflib
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Key:
    """One declared key: its dotted name (`*` stands for any name in a dict), type, default, help and bounds."""

    name: str
    type: Any
    default: Any
    help: str
    bounds: dict[str, Any]


def declared(schema: type, prefix: str = "") -> Iterator[Key]:
    """Every leaf key of a dataclass, in the order of declaration; nested dataclasses are walked through."""
    hints = get_type_hints(schema)
    for entry in fields(schema):
        name = f"{prefix}{entry.name}"
        kind = hints[entry.name]
        inner = nested(kind)
        if inner is None:
            yield _key(name, kind, entry)
        elif get_origin(kind) is dict:
            yield from declared(inner, f"{name}.*.")
        elif get_origin(kind) is list:
            yield _key(name, kind, entry)
        else:
            yield from declared(inner, f"{name}.")


def nested(kind: Any) -> type | None:
    """The dataclass inside a type (itself, Optional, list of it, dict to it); None for a plain type."""
    if isinstance(kind, type) and is_dataclass(kind):
        return kind
    if get_origin(kind) in (Union, types.UnionType, list, dict):
        for argument in get_args(kind):
            if (found := nested(argument)) is not None:
                return found
    return None


def find(schema: type, name: str) -> Key | None:
    """The declared key for a dotted name; None where the schema has none."""
    for key in declared(schema):
        if _matches(key.name, name):
            return key
    return None


def suggest(schema: type, name: str) -> str:
    """What to say after an unknown key: the near miss of a declared one, or how an entry is added to a table.

    ` (did you mean rl.optim.lr?)`; ` (to add an entry to sft.suffixes: +sft.suffixes.pot_en=VALUE)`; for an unknown
    first word, the sections that there are; else the empty string.
    """
    names = [key.name for key in declared(schema)]
    names += sorted({".".join(full.split(".")[:depth]) for full in names for depth in range(1, full.count(".") + 1)})
    if table := _table_of(schema, names, name):
        return f" (to add an entry to {table}: +{name}=VALUE)" if name.count(".") == table.count(".") + 1 else ""
    known = [_filled(candidate, name) for candidate in names if not candidate.endswith("*")]
    known = [candidate for candidate in known if not name.startswith(candidate + ".")]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    if not close:
        # A key that stands in the wrong section: same last word elsewhere.
        last = name.rpartition(".")[2]
        close = [candidate for candidate in known if candidate.rpartition(".")[2] == last and candidate != name]
    if close and close[0] != name:
        return f" (did you mean {' or '.join(close)}?)"
    if "." not in name:
        return f"; there are {', '.join(entry.name for entry in fields(schema))}"
    return ""


def _table_of(schema: type, names: list[str], name: str) -> str | None:
    """The dict that holds free names and whose entry `name` would be (`sft.suffixes`, `pretrain.runs`), if any."""
    parts = name.split(".")
    for depth in range(1, len(parts)):
        front = ".".join(parts[:depth])
        found = find(schema, front)
        if found is not None and get_origin(found.type) is dict:
            return front
        if depth == len(parts) - 1 and any(_matches(f"{front}.*", other) and other.endswith(".*") for other in names):
            return front
    return None


def type_name(kind: Any) -> str:
    """A type as one says it: `float`, `int or null`, `list of str`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if argument is type(None) else type_name(argument) for argument in arguments)
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"dict of {type_name(arguments[1])}"
    return getattr(kind, "__name__", str(kind))


def _key(name: str, kind: Any, entry: "Field[Any]") -> Key:
    default = entry.default
    if entry.default_factory is not MISSING:
        default = entry.default_factory()
    bounds = {k: entry.metadata[k] for k in ("ge", "gt", "le", "lt", "choices") if entry.metadata.get(k) is not None}
    return Key(name, kind, default, entry.metadata.get("help", ""), bounds)


def _matches(pattern: str, name: str) -> bool:
    wanted, given = pattern.split("."), name.split(".")
    return len(wanted) == len(given) and all(w in ("*", g) for w, g in zip(wanted, given, strict=True))


def _filled(pattern: str, name: str) -> str:
    """`runs.*.steps` with the star replaced by what stands at that place in `name`."""
    given = name.split(".")
    return ".".join(
        given[at] if part == "*" and at < len(given) else part for at, part in enumerate(pattern.split("."))
    )
