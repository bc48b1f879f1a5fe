"""Fixtures that every test may use."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The root of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that lies beside the checkout on some machines (WARC files, benchmarks); the test skips without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout: the tests with real data need it")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what configures this project (conf/, dvc.yaml, an empty overrides.yaml), to change at will."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / "dvc.yaml", folder)
    (folder / "overrides.yaml").write_text("# a comment\noverrides: []\n")
    return folder
