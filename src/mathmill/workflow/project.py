"""Where things are: the project's root, its store of unfinished work, and how paths are written down."""

import os
from pathlib import Path

from mathmill.workflow.errors import UserError


def find_root() -> Path:
    """The nearest folder at or above the working directory that holds dvc.yaml.

    Under `dvc exp run --temp` this is the copy that the experiment runs in. Raises UserError outside a project.
    """
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file():
            return folder
    raise UserError(f"{here}: not inside a mathmill project (no dvc.yaml here or above); change into the checkout")


def home(root: Path) -> Path:
    """The checkout that owns `root`: unfinished work and the MLflow store live here.

    In a temporary copy (`dvc exp run --temp`) DVC names the checkout in DVC_ROOT, so nothing is lost with the copy.
    """
    named = os.environ.get("DVC_ROOT")
    return Path(named).resolve() if named else root


def scratch_root(root: Path, configured: str | None) -> Path:
    """The folder of unfinished work: `runtime.scratch`, or .work at the checkout."""
    return home(root) / (configured or ".work")


def short(path: Path, root: Path) -> str:
    """`path` as one writes it from the root: relative where it lies inside, absolute where it does not."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)
