"""A stage from its command line to its outputs: configuration, inputs, locks, resume, signals, sweeps."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from mathmill.compose.compose import write_params
from mathmill.workflow.errors import UserError
from mathmill.workflow.launch import configure
from mathmill.workflow.schema import Params
from mathmill.workflow.stage import Stage

# A stage `tokens` whose runs are lines in runs.jsonl: what is tested here does not need MLflow's seconds.
SCRIPT = '''
"""python -m mathmill.tokens: a stage for the tests."""
import json, os, sys, time
from pathlib import Path
import mathmill.workflow.tracking as tracking
from mathmill.workflow.errors import UserError
from mathmill.workflow.stage import launch

class Recorder:
    id = "run"
    def __init__(self, stage, fingerprint):
        self.stage = stage
    def inputs(self, paths):
        self.read = sorted(paths)
    def outputs(self, paths):
        self.wrote = sorted(paths)
    def finish(self, status):
        line = {"status": status, "seed": self.stage.params.seed, "read": self.read}
        with open(self.stage.root / "runs.jsonl", "a") as log:
            log.write(json.dumps(line) + "\\n")

tracking.open_run = lambda stage, fingerprint: Recorder(stage, fingerprint)

def check(stage):
    if (stage.root / "bad").exists():
        raise UserError("bad: line 3 is wrong")

def body(stage):
    stage.scratch.joinpath("visits").open("a").write("x")
    if (stage.root / "wait").exists():
        print("waiting", flush=True)
        time.sleep(60)
    if (stage.root / "fail").exists():
        raise RuntimeError("the body fails")
    visits = stage.scratch.joinpath("visits").read_text()
    for label in ("tokenizer", "tokens"):
        stage.output(label).mkdir(parents=True, exist_ok=True)
    if not (stage.root / "forget").exists():
        stage.output("report").write_text(json.dumps({"visits": len(visits), "threads": os.environ["OMP_NUM_THREADS"],
            "offline": os.environ["HF_HUB_OFFLINE"], "heavy": sorted({"torch", "mlflow"} & set(sys.modules))}))
    return float(stage.params.seed)

if __name__ == "__main__":
    launch("tokens", body, check)
'''


@pytest.fixture
def runnable(project: Path) -> Path:
    """A project with stage `tokens` as fake.py, its input and its params.yaml in place."""
    (project / "fake.py").write_text(textwrap.dedent(SCRIPT))
    (project / "data" / "clean").mkdir(parents=True)
    (project / "data" / "clean" / "a").write_text("1")
    write_params(project)
    return project


def environment() -> dict[str, str]:
    dropped = ("DVC_STAGE", "DVC_ROOT", "HF_HUB_OFFLINE", "OMP_NUM_THREADS", "RANK", "LOCAL_RANK")
    return {key: value for key, value in os.environ.items() if key not in dropped}


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "fake.py", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=environment())


def runs(project: Path) -> list[dict]:
    path = project / "runs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_run_writes_its_outputs_and_leaves_no_work_behind(runnable: Path) -> None:
    done = run(runnable, "runtime.threads=1")
    assert done.returncode == 0, done.stderr
    assert runs(runnable) == [{"status": "FINISHED", "seed": 0, "read": ["clean"]}]
    report = json.loads((runnable / "reports" / "tokens.json").read_text())
    assert report == {"visits": 1, "threads": "1", "offline": "1", "heavy": []}
    assert not list((runnable / ".work").rglob("visits"))


def test_a_failed_run_keeps_its_work_and_the_next_goes_on(runnable: Path) -> None:
    (runnable / "fail").touch()
    assert run(runnable).returncode == 1
    (runnable / "fail").unlink()
    assert run(runnable).returncode == 0
    assert [line["status"] for line in runs(runnable)] == ["FAILED", "FINISHED"]
    assert json.loads((runnable / "reports" / "tokens.json").read_text())["visits"] == 2


def test_bad_input_stops_before_there_is_a_run(runnable: Path) -> None:
    (runnable / "bad").touch()
    done = run(runnable)
    assert done.returncode == 2
    assert done.stderr == "error: bad: line 3 is wrong\n"
    assert runs(runnable) == []
    assert not (runnable / ".work").exists()


def test_cfg_shows_the_configuration_of_a_sweep_file_and_runs_nothing(runnable: Path) -> None:
    done = run(runnable, "sweep=rl_seed", "--cfg")
    assert done.returncode == 0, done.stderr
    assert "sweep: rl_seed" in done.stdout
    assert runs(runnable) == []


def test_other_parameters_begin_anew(runnable: Path) -> None:
    (runnable / "fail").touch()
    run(runnable)
    (runnable / "fail").unlink()
    (runnable / "data" / "clean" / "a").write_text("2")
    run(runnable)
    assert json.loads((runnable / "reports" / "tokens.json").read_text())["visits"] == 1


def test_a_stage_that_forgets_an_output_fails(runnable: Path) -> None:
    (runnable / "forget").touch()
    done = run(runnable)
    assert done.returncode == 1
    assert "without its outputs: report" in done.stderr
    assert runs(runnable)[-1]["status"] == "FAILED"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_as_killed(runnable: Path, number: int, code: int) -> None:
    (runnable / "wait").touch()
    process = subprocess.Popen(
        [sys.executable, "fake.py"],
        cwd=runnable,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    other = run(runnable, "runtime.lock_timeout=0.2")
    assert other.returncode == 2
    assert f"process {process.pid} still works on it" in other.stderr
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert "stopped; the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert [line["status"] for line in runs(runnable)] == ["KILLED"]
    (runnable / "wait").unlink()
    assert run(runnable).returncode == 0
    assert json.loads((runnable / "reports" / "tokens.json").read_text())["visits"] == 2


def test_a_missing_input_names_its_maker(runnable: Path) -> None:
    (runnable / "data" / "clean" / "a").unlink()
    (runnable / "data" / "clean").rmdir()
    done = run(runnable)
    assert done.returncode == 2
    assert done.stderr == (
        "error: tokens: input clean (data/clean) is missing; make it with `dvc repro decontaminate`\n"
    )


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("runtime.thread=1", "error: runtime.thread: no such key (did you mean runtime.threads?)"),
        ("runtime.threads=0", "error: runtime.threads = 0: must be >= 1"),
        ("scale=smok", "error: scale=smok: no such choice (did you mean smoke?)"),
        ("--fast", "error: --fast: no such option"),
    ],
)
def test_mistakes_on_the_command_line_end_at_once(
    runnable: Path, argument: str, said: str, cpu_limit: Callable
) -> None:
    with cpu_limit(5.0):
        done = run(runnable, argument)
    assert done.returncode == 2
    assert done.stderr.startswith(said)


def test_without_params_or_outside_a_project(runnable: Path, tmp_path: Path) -> None:
    (runnable / "params.yaml").unlink()
    assert "python -m mathmill.compose" in run(runnable).stderr
    (runnable / "dvc.yaml").unlink()
    done = run(runnable)
    assert done.returncode == 2
    assert "not inside a mathmill project" in done.stderr


def test_single_keys_change_params_and_groups_compose_anew(runnable: Path) -> None:
    (runnable / "overrides.yaml").write_text('overrides: ["runtime.log_every=3"]')  # newer than params.yaml
    assert configure(runnable, []).runtime.log_every == 10
    changed = configure(runnable, ["runtime.threads=4"])
    assert (changed.runtime.threads, changed.runtime.log_every) == (4, 10)
    anew = configure(runnable, ["scale=smoke", "runtime.threads=4"])
    assert (anew.scale, anew.runtime.threads, anew.runtime.log_every) == ("smoke", 4, 3)
    assert configure(runnable, ["scale=smoke", "runtime.log_every=5"]).runtime.log_every == 5


def test_the_projects_seed_reaches_the_sections(runnable: Path) -> None:
    assert configure(runnable, ["seed=9"]).evaluate.seed == 9


def test_show_configuration(runnable: Path) -> None:
    done = run(runnable, "--cfg", "runtime.threads=3")
    assert "threads: 3" in done.stdout
    assert not runs(runnable)


def test_inputs_and_outputs_of_a_stage(project: Path, tmp_path: Path) -> None:
    stage = Stage("rl", Params(), project)
    assert (stage.item, stage.node.name) == ("grpo", "rl@grpo")
    assert stage.output("model") == project / "models" / "rl" / "grpo"
    assert (
        Stage("rl", Params(), project, tmp_path / "job").output("model") == tmp_path / "job" / "models" / "rl" / "grpo"
    )
    with pytest.raises(KeyError, match="no input 'modle'"):
        stage.input("modle")
    with pytest.raises(UserError, match="dvc repro sft"):
        stage.input("checkpoint")
    params = Params()
    params.evaluate.model = "gpro"
    with pytest.raises(UserError, match=r"gpro is none of the graph's base, .*grpo"):
        Stage("evaluate", params, project).input("checkpoint")
    (tmp_path / "mine").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "mine" / name).write_text("{}")
    stage.section.checkpoint = str(tmp_path / "mine")
    assert stage.input("checkpoint") == tmp_path / "mine"
    stage.section.questions = str(tmp_path / "*")
    with pytest.raises(UserError, match=r"rl\.questions: this stage takes one file or folder here, not 3"):
        stage.input("questions")
    assert Stage("tokens", Params(), project).inputs("base_checkpoint") == []
    stage.section.questions = "datasets:gsm8k"
    assert stage.inputs("questions") == []
    assert stage.remote_inputs() == {"questions": ["datasets:gsm8k"]}
