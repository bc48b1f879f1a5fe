"""The registry: the best checkpoint by held-out questions, once, whatever is run again."""

import pytest
from workflow.fake_stage import FakeStage, Section, weights

from mathmill.workflow.champion import ALIAS, METRIC, NAME, crown
from mathmill.workflow.errors import UserError
from mathmill.workflow.tracking import open_run
from mathmill.workflow.tracking_store import open_store


def run(root, content: bytes, accuracy: float, questions: str = "q") -> str:
    """A finished RL run whose checkpoint has these bytes; returns its id."""
    model = weights(root / "models" / "rl" / "grpo", content)
    held_out = root / "validation.jsonl"
    held_out.write_text(questions)
    stage = FakeStage(root, section=Section(seed=int(accuracy * 100)), work=content.decode())
    made = open_run(stage, content.decode())
    made.inputs({"validation": [held_out]})
    made.metrics({METRIC: accuracy})
    made.outputs({"model": model})
    made.finish()
    return made.id


def test_the_best_is_champion_and_nothing_is_registered_twice(tracked) -> None:
    store = open_store(tracked, None)
    with pytest.raises(UserError, match="no finished run of stage rl"):
        crown(store)
    first = run(tracked, b"one", 0.5)
    made = crown(store)
    assert (made.version, made.run, made.new) == ("1", first, True)
    again = crown(store)
    assert (again.version, again.new) == ("1", False)

    run(tracked, b"worse", 0.4)
    assert crown(store).version == "1"
    better = run(tracked, b"better", 0.7)
    assert (crown(store).version, crown(store).run) == ("2", better)
    assert crown(store).among == 3
    assert len(store.client.search_model_versions(f"name = '{NAME}'")) == 2

    found = store.client.get_model_version_by_alias(NAME, ALIAS)
    model = store.client.get_logged_model(found.source.removeprefix("models:/"))
    assert found.run_id == better
    assert found.tags["dvc.path"] == "models/rl/grpo"
    assert found.tags["dvc.md5"] == model.tags["dvc.md5"]


def test_the_same_bytes_made_again_are_the_same_version(tracked) -> None:
    store = open_store(tracked, None)
    run(tracked, b"one", 0.5)
    crown(store)
    run(tracked, b"one", 0.5)
    assert not crown(store).new
    assert len(store.client.search_model_versions(f"name = '{NAME}'")) == 1


def test_other_held_out_questions_are_not_compared(tracked) -> None:
    store = open_store(tracked, None)
    run(tracked, b"easy", 0.9, questions="easy")
    hard = run(tracked, b"hard", 0.2, questions="hard")
    assert (crown(store).run, crown(store).among) == (hard, 1)
