"""Fixtures that every test may use."""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import hypothesis
import pytest
from chain import Chain

from mathmill.workflow.environment import collect_rarely
from mathmill.workflow.graph import nodes

ROOT = Path(__file__).resolve().parents[1]
# A deadline by the clock fails where the machine is busy; what may not take long says so with cpu_limit.
hypothesis.settings.register_profile("mathmill", deadline=None)
hypothesis.settings.load_profile("mathmill")
collect_rarely()


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For `make test`: one process begins with the whole chain and what needs it, the other takes file after file."""
    needs_chain = {item: "smoke_chain" in getattr(item, "fixturenames", ()) for item in items}
    for item, needed in needs_chain.items():
        item.add_marker(pytest.mark.xdist_group("chain" if needed else item.nodeid.partition("::")[0]))
    # The chain first, then what starts processes and trains on ranks: short files fill the end of the slower worker.
    slow = ("workflow/", "training/", "rl/", "plan/", "evaluate/")
    items.sort(key=lambda item: (not needs_chain[item], not item.nodeid.removeprefix("tests/").startswith(slow)))


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


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block and the processes that it waits for take more CPU time (a busy machine does not count)."""
    before = _cpu_seconds()
    yield
    assert _cpu_seconds() - before < seconds


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@pytest.fixture
def cpu_limit() -> Callable[[float], AbstractContextManager[None]]:
    """`with cpu_limit(5.0):` for claims like "answers within seconds"."""
    return within


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what configures this project (conf/, dvc.yaml, an empty overrides.yaml), to change at will."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / "dvc.yaml", folder)
    (folder / "overrides.yaml").write_text("# a comment\noverrides: []\n")
    return folder


@pytest.fixture(scope="session")
def smoke_chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A checkout of its own in which every stage has run once at scale=smoke; tests that change something copy it."""
    made = Chain.create(
        tmp_path_factory.mktemp("chain") / "project",
        ["scale=smoke", "runtime.checkpoint_every_seconds=0", "runtime.progress=false", "runtime.threads=1"],
    )
    assert sorted(made.repro()) == sorted(["compose", *(node.name for node in nodes())])
    return made


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sqlite file with MLflow's tables and no runs: making one takes seconds, a copy does not."""
    from mlflow import MlflowClient

    root = tmp_path_factory.mktemp("store")
    MlflowClient(f"sqlite:///{root / 'mlflow.db'}").search_experiments(max_results=1)
    return root / "mlflow.db"


@pytest.fixture
def tracked(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project root with an empty store of runs."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "project"
    root.mkdir()
    (root / "dvc.yaml").write_text("stages: {}\n")
    shutil.copy(empty_store, root / "mlflow.db")
    return root
