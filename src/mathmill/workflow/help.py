"""The answer to --help: what a stage does, every key it takes, and how one runs it. Imports nothing heavy."""

import textwrap
from typing import Any

from mathmill.workflow.graph import ITEM_KEYS, default_items, node
from mathmill.workflow.keys import Key, declared, type_name
from mathmill.workflow.schema import section_type

_WIDTH = 110
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def stage_help(stage: str, docstring: str) -> str:
    """The help text of a stage: its docstring, inputs and outputs, keys of its section and of `runtime`, examples."""
    parts = [docstring.strip(), "", _files(stage), "", f"Keys of `{stage}` (set one as {stage}.KEY=VALUE):"]
    parts += _table(stage)
    parts += ["", "Keys of `runtime` (they change no result):", *_table("runtime")]
    parts += ["", "Examples:", *_examples(stage)]
    return "\n".join(parts)


def _files(stage: str) -> str:
    found = node(stage)
    reads = ", ".join(f"{label}: {path}" for label, path in found.inputs.items()) or "nothing"
    writes = ", ".join(f"{label}: {path}" for label, path in found.outputs.items())
    lines = [textwrap.fill(f"reads {reads}", _WIDTH, subsequent_indent="  ")]
    lines.append(textwrap.fill(f"writes {writes}", _WIDTH, subsequent_indent="  "))
    return "\n".join(lines)


def _table(section: str) -> list[str]:
    lines: list[str] = []
    for key in declared(section_type(section), f"{section}."):
        lines.append(f"  {key.name}: {type_name(key.type)}{_default(key)}{_bounds(key)}")
        lines += textwrap.wrap(key.help, _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return lines or ["  none"]


def _default(key: Key) -> str:
    return "" if key.default == "???" else f" = {_show(key.default)}"


def _show(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _bounds(key: Key) -> str:
    said = [f"{sign} {key.bounds[name]}" for name, sign in _SIGNS.items() if name in key.bounds]
    if "choices" in key.bounds:
        said.append("one of " + ", ".join(str(choice) for choice in key.bounds["choices"]))
    return f"  [{', '.join(said)}]" if said else ""


def _examples(stage: str) -> list[str]:
    keys = [key.name for key in declared(section_type(stage), f"{stage}.") if key.type in (int, float)]
    shown = f"{keys[0]}=..." if keys else "runtime.progress=false"
    item = f" {stage}.{ITEM_KEYS[stage]}={default_items(stage)[0]}" if stage in ITEM_KEYS else ""
    target = f"{stage}@{default_items(stage)[0]}" if stage in ITEM_KEYS else stage
    run = f"python -m mathmill.{stage}{item}"
    pairs = [
        (f"dvc repro {target}", "run it, and what it needs, where something changed"),
        (run, "run it alone, with params.yaml as it is"),
        (f"{run} {shown}", "with another value, for this run only"),
        (f"{run} scale=smoke", "another group: composed anew from conf/"),
        (f"{run} -m {stage}.seed=0,1,2", "a sweep: outputs under multirun/, runs in MLflow"),
    ]
    width = max(len(command) for command, _ in pairs) + 2
    return [f"  {command:<{width}}# {meaning}" for command, meaning in pairs]
