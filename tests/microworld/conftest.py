"""One small world for all tests of the microworld."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mathmill.microworld.config import CrawlConfig, MathConfig, MicroworldConfig, SetsConfig, TextConfig
from mathmill.microworld.world import make_world
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.files import read_parquet

LABELS = ("crawl", "text", "seed", "annotations", "instruct", "questions", "benchmarks", "truth")
SUFFIX = {"seed": ".parquet", "annotations": ".yaml", "instruct": ".jsonl", "questions": ".jsonl"}


def small_config(seed: int = 0, pages: int = 320) -> MicroworldConfig:
    """A configuration of seconds."""
    return MicroworldConfig(
        seed=seed,
        crawl=CrawlConfig(hosts=24, pages=pages, warc_files=2, huge_page_bytes=100_000),
        math=MathConfig(examples=1.0, planted=6, lookalikes=6),
        sets=SetsConfig(instruct=150, questions=150, validation=24, test=40, planted=4),
        text=TextConfig(code=9000, algebraic_stack=6000, arxiv=12000, general=12000, planted=2, seed_documents=20),
    )


def build_world(config: MicroworldConfig, folder: Path, workers: int | None = None) -> dict[str, Path]:
    """Make a world under `folder`; workers: None for this process alone."""
    out = {label: folder / "out" / (label + SUFFIX.get(label, "")) for label in LABELS}
    backend = "serial" if workers is None else "pool"
    engine = EngineConfig(backend=backend, workers=workers, progress=False)
    make_world(config, out, folder / "scratch", engine)
    return out


@dataclass
class Small:
    """A finished world: its outputs, its truth."""

    config: MicroworldConfig
    out: dict[str, Path]
    rows: list[dict[str, Any]]


@pytest.fixture(scope="package")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("microworld")


@pytest.fixture(scope="package")
def made(world_folder: Path) -> Small:
    config = small_config()
    out = build_world(config, world_folder / "first")
    return Small(config, out, read_parquet(out["truth"] / "pages.parquet").to_pylist())


@pytest.fixture
def small() -> Callable[..., MicroworldConfig]:
    return small_config


@pytest.fixture
def build() -> Callable[..., dict[str, Path]]:
    return build_world
