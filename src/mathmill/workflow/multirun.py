"""A sweep of one stage: Hydra composes and launches the jobs, each job is a run of the stage in its own folder."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from mathmill.workflow.composition import merge_overrides, read_overrides, recorded_choices, register_schema
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.launch import Body, execute
from mathmill.workflow.project import home
from mathmill.workflow.validate import to_params


class Job:
    """What one job of a sweep runs; a class, so that a launcher can send it to another process."""

    def __init__(self, root: Path, name: str, body: Body) -> None:
        self.root, self.name, self.body = root, name, body
        # hydra.main reads these two of the function that it wraps.
        self.__name__ = name
        self.__code__ = body.__code__

    def __call__(self, config: DictConfig) -> float | None:
        """Run the stage with this job's configuration; its outputs go to Hydra's folder for the job."""
        from hydra.core.hydra_config import HydraConfig

        hydra = HydraConfig.get()
        folder = Path(hydra.runtime.output_dir)
        sections = {str(key): config._get_node(key) for key in config}
        params = to_params({**sections, "choices": recorded_choices(hydra.runtime.choices)})
        # A single run (sweep=none, or hydra.mode=RUN) writes where the graph says.
        job = folder if hydra.mode is not None and hydra.mode.name == "MULTIRUN" else None
        return execute(self.name, self.body, self.root, params, job)


def multirun(root: Path, name: str, body: Body, overrides: Sequence[str]) -> None:
    """Run a stage for every combination that the overrides name; overrides.yaml comes before them.

    Raises ConfigError for a configuration that does not compose.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from mathmill.workflow.sweep import sweep_folder
    from mathmill.workflow.sweep_parent import sweeping

    merged = merge_overrides(read_overrides(root), overrides)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that an exception comes out of hydra.main as it is
    register_schema()
    # The callback opens the sweep's run in MLflow; the folder is the same for the same command, so a sweep resumes.
    callback = "+hydra.callbacks.mathmill._target_=mathmill.workflow.sweep_parent.SweepCallback"
    folder = home(root) / sweep_folder(name, merged)
    sys.argv = [sys.argv[0], f"hydra.job.name={name}", f"hydra.sweep.dir={folder}", callback, *merged, "--multirun"]
    start: Any = hydra.main(config_path=str((root / "conf").resolve()), config_name="config", version_base="1.3")
    try:
        with sweeping():
            start(Job(root, name, body))()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(str(error).split("\nConfig search path")[0]) from None
