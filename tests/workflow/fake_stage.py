"""A stage for the tests of tracking and sweeps: what open_run reads of a Stage, and nothing else."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Runtime:
    tracking_uri: str | None = None


@dataclass
class Section:
    lr: float = 3e-5
    seed: int = 1
    optimizer: dict[str, Any] = field(default_factory=lambda: {"betas": [0.9, 0.95], "name": "adamw"})


@dataclass
class Params:
    scale: str = "smoke"
    seed: int = 0
    rl: Any = field(default_factory=Section)
    choices: dict[str, Any] = field(default_factory=lambda: {"engine": "serial", "trainer": "cpu"})


@dataclass
class FakeStage:
    root: Path
    name: str = "rl"
    item: str | None = "grpo"
    section: Any = field(default_factory=Section)
    params: Any = field(default_factory=Params)
    runtime: Any = field(default_factory=Runtime)
    work: str = "one"

    @property
    def scratch(self) -> Path:
        folder = self.root / ".work" / self.name / self.work
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def weights(folder: Path, content: bytes) -> Path:
    """A folder that passes for a checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(content)
    (folder / "config.json").write_text("{}")
    return folder
