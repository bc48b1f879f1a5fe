"""Inputs that a user brings in place of the microworld's."""

from pathlib import Path

import pytest

from mathmill.workflow import inputs
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.graph import node
from mathmill.workflow.inputs import input_digests, is_remote, notes, own_value, resolve
from mathmill.workflow.schema import Params


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_text(name)
    return folder


def with_questions(value: object) -> Params:
    params = Params()
    params.rl.questions = value  # type: ignore[assignment]
    return params


def test_the_default_is_no_own_input(tmp_path: Path) -> None:
    block = input_digests(tmp_path, Params())
    assert block["rl"] == {"checkpoint": None, "questions": None, "validation": None, "reward_model": None}
    assert block["pretrain"]["base"] == {"init": None}
    spelled_out = with_questions("data/clean/questions.jsonl")
    assert input_digests(tmp_path, spelled_out) == block


def test_the_bytes_at_the_users_path_are_the_digest(tmp_path: Path, mine: Path) -> None:
    params = with_questions("mine/a.jsonl")
    first = input_digests(tmp_path, params)["rl"]["questions"]
    assert input_digests(tmp_path, params)["rl"]["questions"] == first
    (mine / "a.jsonl").write_text("other bytes")
    assert input_digests(tmp_path, params)["rl"]["questions"] != first


@pytest.mark.parametrize("value", ["mine", "mine/*.jsonl", ["mine/a.jsonl", "mine/b.jsonl"]])
def test_folders_patterns_and_lists(tmp_path: Path, mine: Path, value: object) -> None:
    params = with_questions(value)
    values = own_value(params, node("rl"), "questions")
    assert values is not None
    found = resolve(tmp_path, node("rl"), "questions", values)
    assert found == ([mine] if value == "mine" else [mine / "a.jsonl", mine / "b.jsonl"])
    digest = input_digests(tmp_path, params)["rl"]["questions"]
    (mine / "b.jsonl").write_text("other")
    assert input_digests(tmp_path, params)["rl"]["questions"] != digest


def test_a_model_folder_is_looked_into(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    params = Params()
    params.sft.checkpoint = "model"
    with pytest.raises(UserError, match=r"sft\.checkpoint = model: no config\.json and no tokenizer\.json in "):
        input_digests(tmp_path, params)
    (folder / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"no tokenizer\.json in"):
        input_digests(tmp_path, params)
    (folder / "tokenizer.json").write_text("{}")
    assert input_digests(tmp_path, params)["sft"]["checkpoint"]


def test_an_address_is_refused_until_a_stage_reads_it(tmp_path: Path) -> None:
    assert is_remote("s3://bucket/x")
    assert is_remote("datasets:gsm8k")
    assert not is_remote("/data/x")
    with pytest.raises(UserError, match=r"rl\.questions = s3://b/q\.jsonl: only pages"):
        input_digests(tmp_path, with_questions("s3://b/q.jsonl"))


def test_a_missing_path_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rl\.questions = nowhere\.jsonl: no such file"):
        input_digests(tmp_path, with_questions("nowhere.jsonl"))


@pytest.mark.parametrize("value", [[], ""])
def test_nothing_is_not_the_default(tmp_path: Path, value: object) -> None:
    with pytest.raises(ConfigError, match=r"rl\.questions: nothing is named"):
        input_digests(tmp_path, with_questions(value))


def test_a_path_of_another_stage_is_noted_and_not_read(tmp_path: Path) -> None:
    params = Params()
    params.rl.checkpoint = "models/pretrain/math"
    assert input_digests(tmp_path, params)["rl"]["checkpoint"]
    (note,) = notes(params)
    assert "rl.checkpoint = models/pretrain/math is made by stage pretrain@math" in note


def test_a_huge_folder_is_known_by_names_sizes_and_times(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_content = inputs.signature(mine)
    monkeypatch.setattr(inputs, "HASHED_BYTES", 1)
    by_names = inputs.signature(mine)
    assert by_names not in (by_content, None)
    assert inputs.signature(mine) == by_names
    (mine / "a.jsonl").write_text("longer than before")
    assert inputs.signature(mine) != by_names
