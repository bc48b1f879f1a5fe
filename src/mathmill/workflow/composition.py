"""Compose conf/ and a list of overrides into a typed configuration, with errors that name key, file and line."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import read_text
from mathmill.workflow.schema import Params
from mathmill.workflow.where import origin

OVERRIDES = "overrides.yaml"


def read_overrides(root: Path) -> list[str]:
    """The list in overrides.yaml; a missing file is an empty list, anything else than a list of strings an error."""
    import yaml

    path = root / OVERRIDES
    if not path.exists():
        return []
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise ConfigError(f"{OVERRIDES}: not YAML: {error}") from None
    listed = content.get("overrides") if isinstance(content, dict) else None
    if not isinstance(content, dict) or set(content) != {"overrides"} or not isinstance(listed, list):
        raise ConfigError(f'{OVERRIDES}: must hold one list, as in\noverrides: ["rl.optim.lr=3e-6", "scale=smoke"]')
    for at, entry in enumerate(listed):
        if not isinstance(entry, str) or not entry.strip():
            raise ConfigError(f"{OVERRIDES}, entry {at + 1}: {entry!r} is not a string like 'rl.optim.lr=3e-6'")
    return list(listed)


def override_key(override: str) -> str:
    """What an override sets: `rl.optim.lr` of `++rl.optim.lr=1`, `scale` of `scale=smoke`."""
    return override.partition("=")[0].strip().lstrip("+~")


def merge_overrides(earlier: Iterable[str], later: Iterable[str]) -> list[str]:
    """Both lists in order; an entry whose key comes again later is dropped, because Hydra takes one value a group."""
    merged: dict[str, str] = {}
    for override in (*earlier, *later):
        merged.pop(override_key(override), None)
        merged[override_key(override)] = override
    return list(merged.values())


def is_group(root: Path, override: str) -> bool:
    """Whether an override picks an option of a group in conf/ (scale=smoke) and does not set a key (rl.optim.lr=1)."""
    name = override_key(override).partition("@")[0]
    return bool(name) and (root / "conf" / name).is_dir()


def register_schema() -> None:
    """Make the dataclasses' keys and defaults known to Hydra as config `schema`, the first of conf/config.yaml's list.

    As plain values: types are checked on the whole, where a section may refer to another one (`${reward.verifier}`).
    """
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    store = ConfigStore.instance()
    if "schema.yaml" not in store.repo:
        store.store(name="schema", node=OmegaConf.to_container(OmegaConf.structured(Params)), provider="mathmill")


def compose_conf(root: Path, overrides: Sequence[str]) -> Params:
    """Compose conf/config.yaml with `overrides`; `choices` records the option of every group but Hydra's own.

    Raises ConfigError that names the key (and the file where it can be told).
    """
    config = _compose(root, root / "conf", "config", overrides)
    chosen = config.hydra.runtime.choices
    plain = {key: config._get_node(key) for key in config if key != "hydra"}
    plain["choices"] = recorded_choices(chosen)
    return typed(root, plain, overrides)


def recorded_choices(chosen: Mapping[Any, Any]) -> dict[str, str]:
    """Group -> option of Hydra's runtime choices, without Hydra's own groups and the machine's (conf/local)."""
    names = sorted(str(group) for group in chosen if chosen[group] is not None)
    return {name: str(chosen[name]) for name in names if not name.startswith("hydra/") and name != "local"}


def override_params(root: Path, params: dict[str, Any], overrides: Sequence[str]) -> Params:
    """`params` (the content of params.yaml) with `overrides` of single keys; groups are composed by then.

    Raises ConfigError that names the key.
    """
    from hydra.core.config_store import ConfigStore

    register_schema()
    ConfigStore.instance().store(
        name="snapshot", node={"defaults": ["schema", "_self_"], **params}, provider="mathmill"
    )
    config = _compose(root, root / "conf", "snapshot", overrides)
    return typed(root, {key: config._get_node(key) for key in config if key != "hydra"}, overrides)


def _compose(root: Path, folder: Path, name: str, overrides: Sequence[str]) -> Any:
    import yaml
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder}: no config.yaml in it; is this a mathmill checkout?")
    register_schema()
    try:
        with initialize_config_dir(config_dir=str(folder.resolve()), version_base="1.3"):
            return compose(name, overrides=list(overrides), return_hydra_config=True)
    except yaml.YAMLError as error:
        raise ConfigError(f"conf/: not YAML: {error}") from None
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise explained(root, error, overrides) from None


def typed(root: Path, plain: dict[str, Any], overrides: Sequence[str]) -> Params:
    """The typed configuration of composed sections; a complaint also says where the key was set."""
    from omegaconf import OmegaConf

    from mathmill.workflow.validate import KeyedError, to_params

    try:
        return to_params(OmegaConf.create(plain))
    except KeyedError as error:
        raise _located(root, error, overrides) from None


def _located(root: Path, error: Any, overrides: Sequence[str]) -> ConfigError:
    """A KeyedError with the place of each key."""
    return ConfigError("\n".join(f"{message}{origin(root, key, overrides)}" for key, message in error.problems))


def explained(root: Path, error: Exception, overrides: Sequence[str]) -> ConfigError:
    """Hydra's complaint in a user's words."""
    from hydra.errors import MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    from mathmill.workflow.validate import explain

    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options is not None:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        close = difflib.get_close_matches(option, error.options, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        known = f"one of {', '.join(error.options)}" if error.options else f"conf/{group}/ is empty"
        if group == "hydra/launcher":
            known += " (joblib and Slurm's are an extra: pip install 'mathmill[sweep]')"
        return ConfigError(f"{group}={option}: no such choice{meant}; {known}")
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OmegaConfBaseException) and (cause.full_key or cause.key)):
        cause = cause.__cause__
    if isinstance(cause, OmegaConfBaseException):
        return _located(root, explain(cause), overrides)
    if isinstance(error, OverrideParseException):
        if "=" not in error.override and not error.override.startswith("~"):
            return ConfigError(f"override {error.override}: write key=value (rl.seed=1, scale=smoke)")
        return ConfigError(
            f"override {error.override}: {str(error).splitlines()[0]} (quote a value with special signs)"
        )
    return ConfigError(str(error).split("\nConfig search path")[0].split("\nSee https")[0])
