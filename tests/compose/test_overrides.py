"""`make exp` and `python -m mathmill.compose set`: what is typed arrives in overrides.yaml, or nothing changes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mathmill.compose.overrides import changed, set_overrides
from mathmill.workflow.composition import read_overrides
from mathmill.workflow.errors import UserError


def test_replace_in_place_append_and_drop() -> None:
    assert changed(["a=1", "b=2"], ["a=3", "c=4"]) == ["a=3", "b=2", "c=4"]
    assert changed(["a=1", "+b=2"], ["b=5"]) == ["a=1", "b=5"]
    assert changed(["a=1", "b=2"], ["a="]) == ["b=2"]


@pytest.mark.parametrize(("wanted", "said"), [("c=", "nothing to drop"), ("word", "write key=value")])
def test_what_cannot_be_set_is_said(wanted: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        changed(["a=1"], [wanted])


def test_comments_stay_and_a_bad_value_changes_nothing(project: Path) -> None:
    path = project / "overrides.yaml"
    assert set_overrides(project, ["seed=4", "scale=smoke"]) == ["seed=4", "scale=smoke"]
    text = path.read_text()
    assert text == "# a comment\noverrides:\n  - seed=4\n  - scale=smoke\n"
    with pytest.raises(UserError, match="seed = -1: must be >= 0"):
        set_overrides(project, ["seed=-1"])
    assert path.read_text() == text
    set_overrides(project, ["seed=", "scale="])
    assert path.read_text() == "# a comment\noverrides: []\n"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["PYTHON=python3", "seed=4", "scale=smoke"], ["seed=4", "scale=smoke"]),
        (
            ["runtime.scratch=/tmp/a b/c", "runtime.threads=null"],
            ["runtime.scratch=/tmp/a b/c", "runtime.threads=null"],
        ),
        (["runtime.scratch='x;touch y'"], ["runtime.scratch='x;touch y'"]),
        (["runtime.scratch='$(touch y) `touch y` $HOME'"], ["runtime.scratch='$(touch y) `touch y` $HOME'"]),
        (["runtime.scratch='a\\b,[c]'"], ["runtime.scratch='a\\b,[c]'"]),
        ([], []),
    ],
)
def test_make_hands_every_sign_down(project: Path, words: list[str], expected: list[str]) -> None:
    (project / "Makefile").write_text("exp:\n\t@python -m mathmill.compose set --from-make\n")
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "exp", *words], cwd=project, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert read_overrides(project) == expected
    assert not (project / "y").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize("target", ["exp", "plan", "compare"])
def test_words_without_a_value_stop_make_before_it_runs(project_root: Path, tmp_path: Path, target: str) -> None:
    """make takes them for goals, and would do all before them first."""
    shutil.copy(project_root / "Makefile", tmp_path)
    (tmp_path / ".venv").mkdir()
    for name in ("pyproject.toml", "constraints.txt", ".venv/.ready"):
        (tmp_path / name).touch()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}  # of `make test`
    done = subprocess.run(
        ["make", target, "rl.seed", "1"], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 2
    assert f"rl.seed 1: write key=value after `make {target}`" in done.stderr
    assert not done.stdout


def test_the_makefile_reads_make_variables_like_the_test(project_root: Path) -> None:
    text = (project_root / "Makefile").read_text()
    assert "python -m mathmill.compose set --from-make" in text
