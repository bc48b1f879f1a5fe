"""What a change reruns: the real dvc.yaml and `dvc repro`, with stages that only write digests of what they read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mathmill.workflow.files import write_json
from mathmill.workflow.graph import nodes
from mathmill.workflow.keys import declared
from mathmill.workflow.schema import section_type

ROOT = Path(__file__).resolve().parents[2]


class Project:
    """A small checkout whose stages are done by python_shim.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def repro(self) -> list[str]:
        """Run `dvc repro`; the stages that ran, in order."""
        (self.folder / "ran.txt").unlink(missing_ok=True)
        dropped = ("DVC_STAGE", "DVC_ROOT")
        environment = {key: value for key, value in os.environ.items() if key not in dropped}
        environment["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        ran = self.folder / "ran.txt"
        return ran.read_text().split() if ran.exists() else []

    def set(self, override: str) -> None:
        subprocess.run([sys.executable, "-m", "mathmill.compose", "set", override], cwd=self.folder, check=True)


def described() -> dict[str, dict[str, list[str]]]:
    """What python_shim.py needs of each stage: inputs, parameters, and the files that its outputs consist of."""
    wanted = {path for node in nodes() for path in node.inputs.values()}
    found = {}
    for node in nodes():
        written: list[str] = []
        for output in node.outputs.values():
            inside = sorted(path for path in wanted if path.startswith(output + "/"))
            written += inside or [output if Path(output).suffix else f"{output}/content"]
        found[node.name] = {"inputs": sorted(node.inputs.values()), "params": list(node.params), "files": written}
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which every stage has run once."""
    folder = tmp_path_factory.mktemp("reruns")
    for name in ("conf", "src/mathmill"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "local"))
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    (folder / "overrides.yaml").write_text("overrides: [rl.questions=mine.jsonl]\n")
    (folder / "mine.jsonl").write_text("1\n")
    shutil.copytree(ROOT / "reports/comparisons", folder / "reports/comparisons")
    (folder / "bin").mkdir()
    shim = folder / "bin" / "python"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent / "python_shim.py"}" "$@"\n')
    shim.chmod(0o755)
    write_json(folder / "nodes.json", described())
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=folder, check=True)
    shutil.copy(ROOT / ".dvcignore", folder)
    project = Project(folder)
    assert sorted(project.repro()) == sorted(["compose", *(node.name for node in nodes())])
    return project


def a_learning_rate(section: str) -> str:
    """A key of a section, and a new value for it."""
    for key in declared(section_type(section), f"{section}."):
        if key.type is float and key.name.endswith("lr"):
            return f"{key.name}={key.default / 2}"
    raise AssertionError(f"section {section} has no learning rate")


def test_nothing_changed_nothing_runs(done: Project) -> None:
    cache = done.folder / "src" / "mathmill" / "rl" / "__pycache__"
    cache.mkdir()
    (cache / "x.pyc").write_bytes(b"byte code is no change")
    assert done.repro() == []


def test_a_comment_in_conf_reruns_compose_alone(done: Project) -> None:
    path = done.folder / "conf" / "rl" / "default.yaml"
    path.write_text(path.read_text() + "# a comment\n")
    assert done.repro() == ["compose"]


def test_a_learning_rate_of_rl_reruns_rl_evaluation_and_report(done: Project) -> None:
    done.set("runtime.log_every=3")  # changes no result, so it adds nothing to what runs
    done.set(a_learning_rate("rl"))
    assert done.repro() == ["compose", "rl@grpo", "evaluate@grpo", "report"]


def test_the_users_own_bytes_are_a_change(done: Project) -> None:
    (done.folder / "mine.jsonl").write_text("2\n")
    subprocess.run([sys.executable, "-m", "mathmill.compose"], cwd=done.folder, check=True)  # as `make reproduce` does
    assert done.repro() == ["compose", "rl@grpo", "evaluate@grpo", "report"]


def test_an_edited_params_file_stops_everything(done: Project) -> None:
    path = done.folder / "params.yaml"
    before = path.read_text()
    path.write_text(before.replace("log_every: 3", "log_every: 4"))
    with pytest.raises(AssertionError, match=r"params\.yaml was edited"):
        done.repro()
    assert (done.folder / "ran.txt").read_text().split() == ["compose"]
    assert "log_every: 4" in path.read_text()
    path.write_text(before)
