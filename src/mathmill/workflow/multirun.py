"""A sweep of one stage: Hydra composes and launches the jobs, each job is a run of the stage in its own folder.

The folder, the skipping of finished jobs and the parent run are `workflow.sweep`'s and `workflow.sweep_parent`'s.
"""

import os
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from mathmill.workflow.composition import (
    compose_conf,
    explained,
    merge_overrides,
    read_overrides,
    recorded_choices,
    register_schema,
    typed,
)
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.fingerprint import lookup
from mathmill.workflow.graph import STAGES
from mathmill.workflow.launch import Body, execute
from mathmill.workflow.schema import Params
from mathmill.workflow.stage import Stage
from mathmill.workflow.sweep import sweep_folder

_CALLBACK = "mathmill.workflow.sweep_parent.SweepCallback"


class Job:
    """What one job of a sweep runs; a class, so that a launcher can send it to another process."""

    def __init__(self, root: Path, name: str, body: Body) -> None:
        self.root, self.name, self.body = root, name, body
        self.__name__ = name  # hydra.main asks for it

    def __call__(self, config: DictConfig) -> float | None:
        """Run the stage with this job's configuration; its outputs go to Hydra's folder for the job."""
        params, folder = job_params(self.root, config)
        return execute(self.name, self.body, self.root, params, folder)


def job_params(root: Path, config: DictConfig) -> tuple[Params, Path]:
    """The typed configuration of the job that this process runs, and the job's folder."""
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    sections: dict[str, Any] = {str(key): config._get_node(key) for key in config}
    sections["choices"] = recorded_choices(hydra.runtime.choices)
    return typed(root, sections, list(hydra.overrides.task)), Path(hydra.runtime.output_dir)


def multirun(root: Path, name: str, body: Body, overrides: Sequence[str]) -> None:
    """Run a stage for every combination that the overrides name; overrides.yaml comes before them."""
    _refuse_idle(root, name, merge_overrides(read_overrides(root), overrides))
    sweep(root, name, Job(root, name, body), overrides)


def _refuse_idle(root: Path, name: str, overrides: Sequence[str]) -> None:
    """Raise ConfigError for a swept key of another stage that says nothing to this one: all its jobs would be equal."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException:
        return  # the sweep itself will say what is wrong with it
    values = {
        one.key_or_group: [f"{one.key_or_group}={value}" for value in islice(one.sweep_string_iterator(), 2)]
        for one in parsed
        if one.is_discrete_sweep()
    }
    plain = [one.input_line for one in parsed if not one.is_sweep_override() and one.input_line is not None]
    for key, swept in values.items():
        section = key.partition(".")[0]
        if "." not in key or section == name or section not in STAGES or len(set(swept)) < 2:
            continue
        others = [first for other, (first, *_) in values.items() if other != key]
        if _heard(root, name, [*plain, *others, swept[0]]) == _heard(root, name, [*plain, *others, swept[1]]):
            raise ConfigError(f"{key}: stage {name} does not read it, so all jobs of the sweep would be the same")


def _heard(root: Path, name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """What a stage listens to in the configuration of some overrides."""
    params = compose_conf(root, list(overrides))
    return {key: lookup(params, key) for key in Stage(name, params, root).node.params}


def sweep(
    root: Path,
    name: str,
    job: Callable[[DictConfig], float | None],
    overrides: Sequence[str],
    items: Sequence[str] = (),
) -> None:
    """Run a job for every combination that the overrides name; overrides.yaml comes before them.

    items: what else names the work, so that another list goes to another folder (see workflow.chain).
    Raises ConfigError for a configuration that does not compose, and at the end what the first failed job has raised.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from mathmill.workflow.sweep_parent import sweeping

    merged = merge_overrides(read_overrides(root), overrides)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that an exception comes out of hydra.main as it is
    register_schema()
    folder = root / sweep_folder(name, [*merged, *items])
    ours = [f"hydra.sweep.dir='{folder}'", f"hydra.job.name={name}", f"+hydra.callbacks.sweep._target_={_CALLBACK}"]
    sys.argv = [sys.argv[0], *ours, *merged, "--multirun"]
    start: Any = hydra.main(config_path=str((root / "conf").resolve()), config_name="config", version_base="1.3")
    try:
        with sweeping():
            start(job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(root, error, merged) from None
