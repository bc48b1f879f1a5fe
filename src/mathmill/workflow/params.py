"""params.yaml: the composed configuration, sealed with a digest of its content so that no edit is lost in silence."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import write_text
from mathmill.workflow.schema import Params

PARAMS = "params.yaml"
SEAL = "composed"
_HEADER = """\
# Composed from conf/ and overrides.yaml by `python -m mathmill.compose`. Never edit it: an edit is refused, because the
# next composition would undo it. Set a value with `make exp rl.optim.lr=3e-6`, or in overrides.yaml.
"""
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./ -]*")
_MEND = "git checkout params.yaml, or delete the file and run `python -m mathmill.compose`"
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"}


class _Dumper(yaml.SafeDumper):
    """Writes what PyYAML, ruamel (DVC) and OmegaConf all read alike."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: equal values are written twice."""
        return True


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    text = {float("inf"): ".inf", float("-inf"): "-.inf"}.get(value, repr(value)) if value == value else ".nan"
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")  # PyYAML reads 1e-06 as a string
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _string(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # OmegaConf reads a bare 1e-6 as a number where PyYAML reads a string: quote all that is not plainly a word.
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.endswith(" ")
    style = None if plain else ('"' if "\n" in value or "\t" in value else "'")
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(float, _float)
_Dumper.add_representer(str, _string)


def render(params: Params) -> str:
    """The text of params.yaml for a configuration: a function of its values alone."""
    content = asdict(params)
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return f"{_HEADER}{body}{SEAL}: {seal(content)}\n"


def seal(content: dict[str, Any]) -> str:
    """The digest of the values of a configuration (not of their layout: DVC's `-S` writes the file anew)."""
    values = {key: value for key, value in content.items() if key != SEAL}
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def read(root: Path) -> dict[str, Any] | None:
    """The content of params.yaml; None where there is no such file. Raises ConfigError where it is not YAML."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    path = root / PARAMS
    if not path.exists():
        return None
    try:
        # OmegaConf and not PyYAML, which reads the 1e-6 of a hand's edit as a string.
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{PARAMS}: cannot be read: {error}\n{_MEND}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{PARAMS}: must hold the sections of the configuration\n{_MEND}")
    return {str(key): value for key, value in content.items()}


def is_sealed(content: dict[str, Any]) -> bool:
    """Whether the content is what compose wrote."""
    return content.get(SEAL) == seal(content)


def write(root: Path, params: Params) -> bool:
    """Write params.yaml where its text changes; returns whether it did."""
    text, path = render(params), root / PARAMS
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_text(path, text)
    return True


def load_sealed(root: Path) -> dict[str, Any]:
    """The sections in params.yaml as a stage reads them; raises UserError where it is missing or was edited."""
    content = read(root)
    if content is None:
        raise UserError(f"{PARAMS}: no such file; make it with `python -m mathmill.compose`")
    if not is_sealed(content):
        raise edited(root, content, None)
    return {key: value for key, value in content.items() if key != SEAL}


def edited(root: Path, content: dict[str, Any], composed: Params | None) -> ConfigError:
    """The error for a params.yaml that is not what compose wrote, with the keys that differ from the composition."""
    lines = [f"{PARAMS} was edited (by hand, or by `dvc exp run -S`); compose would undo that, so nothing runs."]
    settable: list[str] = []
    if composed is not None:
        # A file of another version of the code may hold other keys: those are listed like any other difference.
        for key, ours, theirs in differences(asdict(composed), {k: v for k, v in content.items() if k != SEAL}):
            lines.append(f"  {key}: {_show(theirs)} in {PARAMS}, {_show(ours)} in the composition")
            if not key.startswith(("choices", "inputs")) and theirs is not _ABSENT:
                settable.append(f"{key}={_show(theirs)}")
        if len(lines) == 1:
            lines.append("  its values are those of the composition; only its seal is wrong")
    example = " ".join(f"'{entry}'" for entry in settable[:3]) or "rl.optim.lr=3e-6"
    lines.append(f"To set a value: make exp {example}   (or write it into overrides.yaml)")
    lines.append(f"To drop the edit: {_MEND}")
    return ConfigError("\n".join(lines))


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def differences(ours: Any, theirs: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The dotted keys on which two trees of dictionaries differ, each with both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            name = f"{prefix}.{key}" if prefix else str(key)
            yield from differences(ours.get(key, _ABSENT), theirs.get(key, _ABSENT), name)
    elif ours is _ABSENT or theirs is _ABSENT or type(ours) is not type(theirs) or ours != theirs:
        yield prefix, ours, theirs


def is_absent(value: Any) -> bool:
    """Whether `differences` says by this value that one of the trees does not have the key."""
    return value is _ABSENT


def _show(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
