"""Check a configuration against its schema.

Types by OmegaConf, bounds and choices by the metadata of `option`, what does not fit together by a section's `faults`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from mathmill.workflow.errors import ConfigError
from mathmill.workflow.keys import find, suggest, type_name
from mathmill.workflow.schema import Params

_BOUNDS = (
    ("gt", ">", lambda value, bound: value > bound),
    ("ge", ">=", lambda value, bound: value >= bound),
    ("lt", "<", lambda value, bound: value < bound),
    ("le", "<=", lambda value, bound: value <= bound),
)


class KeyedError(ConfigError):
    """A ConfigError that knows which keys it is about, so that a caller can add where each was set.

    problems: pairs of a key's full name and the complaint about it.
    """

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("\n".join(message for _, message in problems))
        self.problems = problems


def to_params(config: Any) -> Params:
    """The typed configuration of a mapping (plain, or OmegaConf's).

    Raises KeyedError that names the first unknown, ill-typed or missing key, or all keys that are out of range.
    """
    try:
        # A plain copy first: a node that Hydra has typed may hold keys that its type does not have.
        plain = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
        if misfits := list(_misfits(Params, plain, "")):
            raise KeyedError(*misfits)
        merged = OmegaConf.merge(_schema(), plain)
        _drop(Params, plain, merged)
        params = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise explain(error) from None
    if not isinstance(params, Params):
        raise ConfigError("the configuration is not a mapping of sections")
    check(params)
    return params


@cache
def _schema() -> Any:
    return OmegaConf.structured(Params)


@cache
def _hints(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


def _misfits(kind: Any, value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Keys that the schema does not have, values left at ???, and sections or lists where there should be none.

    OmegaConf would name the first only, a section in the wrong place not at all, and a list in a list of numbers pass.
    """
    origin = get_origin(kind)
    if isinstance(value, str) and value == "???":
        yield name, f"{name}: no value was given (it stands at ???)"
    elif isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(value, dict):
            yield name, f"{name or 'the configuration'} = {value!r}: must be a section of keys"
            return
        hints = _hints(kind)
        for key, held in value.items():
            full = f"{name}.{key}" if name else str(key)
            if key in hints:
                yield from _misfits(hints[key], held, full)
            else:
                yield full, f"{full}: no such key{suggest(Params, full)}"
    elif origin is dict and isinstance(value, dict):
        for key, held in value.items():
            yield from _misfits(get_args(kind)[1], held, f"{name}.{key}")
    elif isinstance(value, list):
        lists = [part for part in (kind, *get_args(kind)) if get_origin(part) is list]
        for at, held in enumerate(value):
            yield from _misfits(get_args(lists[0])[0] if lists else Any, held, f"{name}[{at}]")
        if not lists and kind is not Any:
            yield name, f"{name} = {value!r}: must be {type_name(kind)}, not a list"


def _drop(kind: Any, value: Any, merged: Any) -> None:
    """Take out of tables what only their default holds: a table that is given is the whole table."""
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        for key, held in value.items():
            _drop(_hints(kind)[key], held, merged._get_node(key))
    elif get_origin(kind) is dict and isinstance(value, dict):
        for key in [key for key in merged if key not in value]:
            del merged[key]
        for key, held in value.items():
            _drop(get_args(kind)[1], held, merged._get_node(key))


def check(params: Any, prefix: str = "") -> None:
    """Check every bound and choice of a dataclass tree; raises one ConfigError that lists all that fail."""
    problems = list(_problems(params, prefix))
    if problems:
        raise KeyedError(*problems)


def explain(error: OmegaConfBaseException) -> KeyedError:
    """The same complaint in a user's words, with the full name of the key."""
    key = str(error.full_key or error.key or "")
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, MissingMandatoryValue):
        return KeyedError((key, f"{key}: no value was given (it stands at ???)"))
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return KeyedError((key, f"{key}: no such key{suggest(Params, key)}"))
    declared = find(Params, key)
    if declared is not None and not isinstance(error, InterpolationResolutionError):
        kind = type_name(declared.type)
        if kind.startswith("list of"):  # OmegaConf's own words speak of its classes
            return KeyedError((key, f"{key}: must be {kind}, as in {key}=[first,second]"))
        return KeyedError((key, f"{key}: must be {kind}: {first}"))
    return KeyedError((key, f"{key}: {first}"))


def _problems(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if not is_dataclass(value):
        return
    # A section with a method `faults` (key -> complaint) says what does not fit together.
    for key, complaint in getattr(value, "faults", dict)().items():
        yield f"{name}.{key}", f"{name}.{key}: {complaint}"
    for entry in fields(value):
        key = f"{name}.{entry.name}" if name else entry.name
        held = getattr(value, entry.name)
        for part, element in _elements(key, held):
            yield from _problems(element, part)
            if complaint := _complaint(element, entry.metadata):
                yield part, f"{part} = {element!r}: {complaint}"


def _elements(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for at, element in enumerate(value):
            yield f"{key}[{at}]", element
    elif isinstance(value, dict):
        for name, element in value.items():
            yield f"{key}.{name}", element
    else:
        yield key, value


def _complaint(value: Any, metadata: Mapping[str, Any]) -> str:
    """What is wrong with one value; empty when nothing is. Nothing is asked of null: the type allows it or not."""
    if value is None:
        return ""
    if isinstance(value, str) and "${" in value:
        return "holds ${, which would be read as a reference; write it otherwise"
    choices = metadata.get("choices")
    if choices is not None and value not in choices:
        return "must be one of " + ", ".join(str(choice) for choice in choices)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, float) and math.isinf(value):
        return "must be a finite number"
    # `not` and the direct comparison, so that NaN fails every bound.
    wrong = [f"{sign} {metadata[name]}" for name, sign, holds in _BOUNDS if _given(metadata, name, value, holds)]
    return "must be " + " and ".join(wrong) if wrong else ""


def _given(metadata: Mapping[str, Any], name: str, value: float, holds: Any) -> bool:
    bound = metadata.get(name)
    return bound is not None and not holds(value, bound)
