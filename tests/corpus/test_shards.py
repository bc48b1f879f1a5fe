"""Scoring: one model a process, a score for every page; passes that see one shard only."""

from pathlib import Path

import pytest
import yaml

from mathmill.corpus import shards
from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.documents import Document, Examples
from mathmill.corpus.examples import examples
from mathmill.corpus.pool import SMALL, Pool
from mathmill.corpus.run import make_corpus
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.files import read_parquet

from .conftest import SERIAL, config


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every load of a model in this process."""
    found: list[Path] = []
    read = shards.Linear.read

    def counting(path: Path) -> object:
        found.append(path)
        return read(path)

    monkeypatch.setattr(shards.Linear, "read", counting)
    monkeypatch.setattr(shards, "_models", {})
    return found


def test_a_process_loads_a_model_once_for_all_its_shards(world: Path, tmp_path: Path, loads: list[Path]) -> None:
    inputs = (world / "pages", [world / "seed.parquet"], world / "annotations.yaml")
    folder, report = make_corpus(*inputs, config(rounds=2), tmp_path / "s", SERIAL)
    assert [path.parent.name for path in loads] == ["round_1", "round_2"]
    tables = [read_parquet(path) for path in sorted((folder / "round_2" / "scores").glob("*.parquet"))]
    assert len(tables) == 2
    assert sum(table.num_rows for table in tables) == report["pool_pages"] == 160


def test_small_pools_start_no_processes_for_passes_of_milliseconds() -> None:
    pool = EngineConfig(backend="pool")
    assert Pool([], SMALL - 1).light(pool).backend == "serial"
    assert Pool([], SMALL).light(pool) == pool


def test_negatives_are_the_lowest_draws_however_the_limit_was_guessed(world: Path, tmp_path: Path) -> None:
    """Twice as many: every page of the pool is asked for, which takes several limits, and each page comes once."""
    pool = Pool.read(world / "pages")
    seed = [Document(f"seed-{n}", "x y z") for n in range(20)]
    params = config()
    found: dict[float, Examples] = {}
    for share in (1.0, 4.0, 50.0):
        params.classifier.negatives = share
        found[share] = examples(1, tmp_path / str(share), pool, seed, params, SERIAL)
    few, more, everything = ([one.id for one in found[share].negatives] for share in (1.0, 4.0, 50.0))
    assert len(few) == 20
    assert len(more) == 80
    assert few == more[:20]
    assert more == everything[:80]
    assert len(everything) == len(set(everything)) == 160


def test_the_scale_of_the_paper_holds_the_papers_classifier(project_root: Path) -> None:
    """Paper 2.1: dimension 256, rate 0.1, 3-grams, minimal count 3, 3 epochs, 500,000 documents of each class."""
    for scale in ("1b", "7b"):
        found = yaml.safe_load((project_root / "conf" / "scale" / f"{scale}.yaml").read_text())["corpus"]
        params = ClassifierConfig(**found["classifier"])
        assert (params.dim, params.lr, params.word_ngrams, params.min_count, params.epochs) == (256, 0.1, 3, 3, 3)
        assert (params.max_positives, params.negatives, params.row_words) == (500_000, 1.0, None)
        assert params.threads is None
        assert found["budget_tokens"][0] == 40_000_000_000
