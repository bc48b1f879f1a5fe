"""Searches with Optuna: the space, the trials, and a search through Hydra that is killed and goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from hydra.core.override_parser.overrides_parser import OverridesParser
from toy_sweep import runs

from hydra_plugins.mathmill_optuna import neighbours
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.search import Search, Trial, distribution

optuna = pytest.importorskip("optuna", reason="Optuna is not installed (extra search)")
WORDS = ("-m", "hydra/sweeper=optuna", "hydra.sweeper.trials=6", "hydra.sweeper.startup=2")
SPACE = ("rl.seed=range(4,10)", "rl.optim.lr=tag(log,interval(0.001,0.1))")


def parsed(*texts):
    return OverridesParser.create().parse_overrides(list(texts))


def search(folder, **changed):
    given = {"direction": "maximize", "sampler": "tpe", "startup": 3, "seed": 0, **changed}
    return Search(folder, parsed("a=interval(0,1)", "b=choice(x,y)"), **given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1,2,3", optuna.distributions.CategoricalDistribution(["1", "2", "3"])),
        ("a=choice(grpo,dapo)", optuna.distributions.CategoricalDistribution(["grpo", "dapo"])),
        ("a=range(2,9)", optuna.distributions.IntDistribution(2, 8)),
        ("a=range(0.5,2,step=0.5)", optuna.distributions.FloatDistribution(0.5, 1.5, step=0.5)),
        ("a=interval(0,1)", optuna.distributions.FloatDistribution(0.0, 1.0)),
        ("a=int(interval(1,8))", optuna.distributions.IntDistribution(1, 8)),
        ("a=tag(log,interval(1e-5,1e-3))", optuna.distributions.FloatDistribution(1e-5, 1e-3, log=True)),
    ],
)
def test_sweeps_of_hydra_are_spaces(text, expected):
    assert distribution(parsed(text)[0]) == expected


@pytest.mark.parametrize("text", ["a=glob(*)", "a=tag(log,interval(0,1))", "a=interval(2,1)", "a=range(3,3)"])
def test_a_space_that_cannot_be_searched_is_named(text):
    with pytest.raises(ConfigError, match="a="):
        distribution(parsed(text)[0])


def value_of(trial):
    values = dict(text.split("=") for text in trial.overrides)
    return float(values["a"]) + (values["b"] == "x")


def run_to_the_end(one, trials):
    asked = []
    while one.asked() < trials:
        trial = one.ask()
        asked.append(trial)
        one.tell(trial.number, value_of(trial))
    return asked


def test_a_search_that_was_stopped_asks_what_it_would_have_asked(tmp_path):
    whole = run_to_the_end(search(tmp_path / "whole"), 9)
    first = search(tmp_path / "parts")
    begun = run_to_the_end(first, 5)
    left = first.ask()
    again = search(tmp_path / "parts")
    assert again.unfinished() == [left]
    again.tell(left.number, value_of(left))
    assert [*begun, left, *run_to_the_end(again, 9)] == whole
    assert len({trial.overrides for trial in whole}) == 9


def test_a_trial_without_all_its_values_is_drawn_again(tmp_path):
    expected = search(tmp_path / "whole").ask().overrides
    one = search(tmp_path / "half")
    half = one.study.ask()
    half.suggest_float("a", 0, 1)
    again = search(tmp_path / "half")
    assert again.unfinished() == []
    assert again.ask() == Trial(1, expected)


def test_a_search_without_space_or_with_a_wrong_word_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs a space"):
        Search(tmp_path, [], direction="maximize", sampler="tpe", startup=1, seed=0)
    with pytest.raises(ConfigError, match="direction=up"):
        search(tmp_path, direction="up")
    with pytest.raises(ConfigError, match="sampler=grid"):
        search(tmp_path, sampler="grid")


def test_jobs_that_follow_one_another_are_launched_together():
    trials = [Trial(number, ()) for number in (1, 2, 3, 5)]
    assert neighbours(trials, 2) == (trials[:2], trials[2:])
    assert neighbours(trials, 9) == (trials[:3], trials[3:])
    assert neighbours(trials[3:], 9) == (trials[3:], [])


def test_a_killed_search_goes_on_and_its_winner_is_known(sweep, project):
    process = subprocess.Popen(
        [sys.executable, "toy.py", *WORDS, *SPACE],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", "SECONDS_A_JOB": "0.3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    (project / "calls").write_text("")
    while len((project / "calls").read_text().splitlines()) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = [line.split()[:2] for line in (project / "calls").read_text().splitlines()]
    done, calls = sweep(*WORDS, *SPACE)
    assert done.returncode == 0, done.stderr
    assert calls[0][:2] == before[2], "the job that was killed comes first, with its values"
    _, (parent,), children = runs(project)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 7
    assert parent.data.metrics["jobs_finished"] == 6
    assert parent.info.run_name == "sweep rl over rl.optim.lr rl.seed"
    values = [json.loads(path.read_text())["objective"] for path in project.glob("multirun/rl/*/*/job.json")]
    assert len(values) == 6
    winner = next(run for run in children if run.info.run_id == parent.data.tags["best"])
    assert f"best: {winner.data.tags['overrides']}; as an experiment: make promote run=" in done.stdout
    assert parent.data.metrics["objective/best"] == max(values)
    # more trials: the same search goes on, in the same folder
    more, calls = sweep(*WORDS[:2], "hydra.sweeper.trials=7", WORDS[3], *SPACE)
    assert more.returncode == 0, more.stderr
    assert len(calls) == 1
    assert len(runs(project)[2]) == 7
    assert winner.data.tags["sweep"] == parent.info.run_id


def test_a_failed_trial_stops_no_other_and_is_tried_again(sweep, project):
    (project / "fail").touch()
    words = (*WORDS[:2], "hydra.sweeper.trials=3", "rl.seed=choice(2,1)", "rl.optim.lr=interval(0.1,0.2)")
    done, calls = sweep(*words, "hydra.sweeper.seed=1")
    assert len(calls) == 3
    failing = sum(call[0] == "2" for call in calls)
    assert failing, "the seed of this test is chosen so that one trial fails"
    assert done.returncode != 0
    assert "seed 2 is not to my taste" in done.stderr
    (project / "fail").unlink()
    done, calls = sweep(*words, "hydra.sweeper.seed=1")
    assert done.returncode == 0, done.stderr
    assert [call[0] for call in calls] == ["2"] * failing
    assert len(runs(project)[2]) == 3
