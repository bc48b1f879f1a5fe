"""A copy of this checkout in which the whole chain runs at scale=smoke, for the tests that need the real thing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "conf",
    "src",
    "data",
    "models",
    "reports/comparisons",
    "dvc.yaml",
    ".dvcignore",
    ".gitignore",
    "pyproject.toml",
    "README.md",
)
BUILT = shutil.ignore_patterns("__pycache__", "*.egg-info", "local")


class Chain:
    """A checkout of its own: git, DVC, overrides `scale=smoke`; nothing that this machine's checkout has built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, overrides: list[str]) -> "Chain":
        """Copy what git would hold, and make it a repository."""
        folder.mkdir(parents=True)
        for name in COPIED:
            source = ROOT / name
            if source.is_file():
                shutil.copy(source, folder)
            elif name in ("data", "models"):
                (folder / name).mkdir()
                for kept in (*source.glob(".gitignore"), *source.glob("README.md")):
                    shutil.copy(kept, folder / name)
            else:
                shutil.copytree(source, folder / name, ignore=BUILT)
        (folder / "overrides.yaml").write_text(yaml.safe_dump({"overrides": overrides}))
        chain = cls(folder)
        chain.call("git", "init", "-q")
        chain.call("dvc", "init", "-q")
        chain.call("dvc", "config", "core.analytics", "false")
        shutil.copy(ROOT / ".dvcignore", folder)
        return chain

    @property
    def environment(self) -> dict[str, str]:
        """This interpreter first in the path, the copy's own source, one thread, and no DVC stage around us."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DVC_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        return {
            **kept,
            "PATH": path,
            "PYTHONPATH": str(self.folder / "src"),
            "OMP_NUM_THREADS": "1",
            "DO_NOT_TRACK": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, so that all of it can be killed."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, *command: str, fails: bool = False) -> str:
        """Run a command to its end; its output, stdout and stderr together."""
        process = self.start(*command)
        output, _ = process.communicate(timeout=900)
        assert (process.returncode != 0) == fails, (
            f"{' '.join(command)}: exit code {process.returncode}\n{output[-6000:]}"
        )
        return output

    def repro(self, *arguments: str) -> list[str]:
        """`dvc repro`; the names of the stages that ran."""
        output = self.call("dvc", "repro", *arguments)
        return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")]

    def hashes(self) -> dict[str, str]:
        """Output path -> hash, as dvc.lock records them."""
        lock = yaml.safe_load((self.folder / "dvc.lock").read_text())
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}

    def forget(self, stage: str) -> None:
        """Make DVC forget that `stage` ever ran; it would otherwise take the finished outputs from its cache."""
        path = self.folder / "dvc.lock"
        lock = yaml.safe_load(path.read_text())
        del lock["stages"][stage]
        path.write_text(yaml.safe_dump(lock, sort_keys=False))
        shutil.rmtree(self.folder / ".dvc/cache/runs")

    def kill_in_the_middle(self, stage: str, sign: str) -> None:
        """Start `dvc repro`, wait for `sign` (a pattern in the stage's scratch folder), kill all of it."""
        self.forget(stage)
        process = self.start("dvc", "repro", stage)
        work = self.folder / ".work" / stage
        limit = time.monotonic() + 120
        while not any(work.glob(sign)):
            assert process.poll() is None, f"{stage} ended before it could be killed:\n{process.communicate()[0]}"
            assert time.monotonic() < limit, f"{stage}: no {sign} in {work} after two minutes"
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert any(work.glob("*")), f"{stage}: nothing was left to go on from"
