"""The object that a stage's body works with: its configuration, its paths, its scratch folder, its run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.engine_part import PartDone
from mathmill.workflow.errors import UserError
from mathmill.workflow.graph import ITEM_KEYS, Node, default_items, node, producer
from mathmill.workflow.inputs import is_remote, own_key, own_value, resolve
from mathmill.workflow.launch import launch
from mathmill.workflow.schema import Params

if TYPE_CHECKING:
    from tqdm import tqdm

    from mathmill.workflow.tracking import Run

__all__ = ["Stage", "launch"]


@dataclass
class Stage:
    """One stage at work.

    name, item: as in the graph (item: `base` of pretrain@base; None where the stage has none).
    root: the project; job: the folder of a multirun job, where its outputs go, else None; receipt: the folder where
    such a job says that it is done.
    scratch: this work's own folder, kept until it succeeds. run: where metrics go (see workflow.tracking).
    """

    name: str
    params: Params
    root: Path
    job: Path | None = None
    item: str | None = field(init=False)
    node: Node = field(init=False)
    receipt: Path | None = field(init=False, default=None)
    scratch: Path = field(init=False)
    run: "Run" = field(init=False)

    def __post_init__(self) -> None:
        key = ITEM_KEYS.get(self.name)
        self.item = None if key is None else str(getattr(self.section, key))
        self.node = node(self.name, self.item)

    @property
    def section(self) -> Any:
        """The stage's section, typed by its dataclass."""
        return getattr(self.params, self.name)

    @property
    def runtime(self) -> RuntimeConfig:
        """What may differ between machines without changing the result."""
        return self.params.runtime

    def input(self, label: str) -> Path:
        """The file or folder of an input; raises UserError that names the stage which makes it where it is missing."""
        found = self.inputs(label)
        if len(found) != 1:
            raise UserError(
                f"{own_key(self.node, label)}: this stage takes one file or folder here, not {len(found)}: "
                + ", ".join(str(path) for path in found[:3])
            )
        return found[0]

    def inputs(self, label: str) -> list[Path]:
        """All files and folders of an input; more than one only where the user gave a list or a pattern.

        Addresses (s3://, datasets:) are no paths and left out: the stage reads those from its section.
        """
        if label not in (*self.node.inputs, *self.node.own):
            raise KeyError(f"stage {self.node.name} declares no input {label!r} in workflow/graph.py")
        values = own_value(self.params, self.node, label)
        if values is not None:
            if own := self._made_here(values):
                return own
            return resolve(self.root, self.node, label, values)
        if label not in self.node.inputs:
            return []  # only a user can give it, and has not
        path = self._default(label)
        if not path.exists():
            raise UserError(self._missing(label, self.node.inputs[label]))
        return [path]

    def _used(self, label: str) -> bool:
        """Whether the section has the values under which the input is read."""
        wanted = self.node.only_if.get(label, {})
        return all(getattr(self.section, key) == value for key, value in wanted.items())

    def _default(self, label: str) -> Path:
        """Where the graph has an input: in the job's folder, if a stage before this one in the same job has made it."""
        made = None if self.job is None else self.job / self.node.inputs[label]
        return made if made is not None and made.exists() else self.root / self.node.inputs[label]

    def output(self, label: str) -> Path:
        """Where an output goes, its parent folder made: the graph's path, in a multirun job under the job's folder.

        Raises PartDone in a process that does a part of the shards (--shard): it publishes nothing.
        """
        if label not in self.node.outputs:
            raise KeyError(f"stage {self.node.name} declares no output {label!r} in workflow/graph.py")
        if self.runtime.engine.part is not None:
            raise PartDone("all shards of this stage are finished; run it without --shard to merge and publish them")
        path = (self.job or self.root) / self.node.outputs[label]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def all_inputs(self) -> dict[str, list[Path]]:
        """Label -> paths of every input that this run uses; raises UserError for the first that is missing."""
        labels = [*self.node.inputs, *(label for label in self.node.own if label not in self.node.inputs)]
        labels = [label for label in labels if self._used(label)]
        return {label: found for label in labels if (found := self.inputs(label))}

    def remote_inputs(self) -> dict[str, list[str]]:
        """Label -> addresses that stand in place of paths."""
        given = {label: own_value(self.params, self.node, label) or [] for label in self.node.own}
        return {label: remote for label, values in given.items() if (remote := [v for v in values if is_remote(v)])}

    @contextmanager
    def progress(self, total: int | None, description: str, unit: str = "it") -> "Iterator[tqdm[Any]]":
        """A progress bar on stderr with a rate and an estimate of the time left; `.update(n)` moves it."""
        from tqdm import tqdm

        with tqdm(
            total=total, desc=description, unit=unit, disable=not self.runtime.progress, dynamic_ncols=True
        ) as bar:
            yield bar

    def _made_here(self, values: list[str]) -> list[Path]:
        """The paths that a user's values name in the job's folder, where a step before this one made them all."""
        if self.job is None or any(is_remote(value) or Path(value).is_absolute() for value in values):
            return []
        found = [self.job / value for value in values]
        return found if all(path.exists() for path in found) else []

    def _missing(self, label: str, path: str) -> str:
        maker = producer(path)
        if maker is None:
            known = default_items(self.name)
            odd = self.item is not None and self.item not in known
            other = f"; {self.item} is none of the graph's {', '.join(known)}" if odd else ""
            return f"{self.node.name}: input {label} ({path}) is missing{other}"
        return f"{self.node.name}: input {label} ({path}) is missing; make it with `dvc repro {maker.name}`"
