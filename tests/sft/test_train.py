from dataclasses import replace

import pytest
from training.toys import SHAPE, ToyStage, toy_tokenizer

from mathmill.sft.config import SftConfig
from mathmill.sft.readers import Example
from mathmill.sft.train import chosen, is_validation, train
from mathmill.training import template
from mathmill.training.config import ModelShape, OptimConfig
from mathmill.training.model import build, load_tokenizer, save
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, write_jsonl

CONFIG = SftConfig(
    optim=OptimConfig(lr=5e-3, schedule="constant", warmup=2),
    batch=4,
    context=96,
    epochs=2.0,
    validation=0.1,
    suffixes={"cot_en": "\nThink."},
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sft")
    shape = ModelShape(**{**SHAPE.__dict__, "context": 96})
    save(build(shape, toy_tokenizer()), toy_tokenizer(), folder / "base")
    rows = [
        {
            "question": f"{n} + 1?",
            "solution": f"\\boxed{{{n + 1}}}",
            "lang": "zh" if n % 4 == 0 else "en",
            "format": form,
        }
        for n in range(40)
        for form in ("cot", "pot")
    ]
    rows.append({"question": "long", "solution": "x" * 200, "lang": "en", "format": "cot"})
    write_jsonl(folder / "instruct.jsonl", rows)
    return folder


@pytest.fixture(scope="module")
def tuned(files):
    report = train(ToyStage(files / "scratch"), CONFIG, files / "base", [files / "instruct.jsonl"], files / "model")
    return report


def test_report(tuned) -> None:
    assert tuned["too_long"] == 1
    assert tuned["examples"] + tuned["validation"]["examples"] == 80
    assert tuned["formats"] == {"cot": 41, "pot": 40}
    assert tuned["epochs"] == pytest.approx(2.0, rel=0.1)
    assert 0.5 < tuned["filled"] <= 1
    assert tuned["history"][-1]["loss"] < tuned["history"][0]["loss"]
    assert {row["lr"] for row in tuned["history"][2:]} == {5e-3}


def test_the_tokenizer_carries_template_and_suffixes(tuned, files) -> None:
    tokenizer = load_tokenizer(files / "model")
    assert template.suffixes_of(tokenizer) == CONFIG.suffixes
    assert tokenizer.chat_template == template.CHAT_TEMPLATE


def test_the_same_run_gives_the_same_bytes(tuned, files, tmp_path) -> None:
    again = train(ToyStage(tmp_path / "s"), CONFIG, files / "base", [files / "instruct.jsonl"], tmp_path / "model")
    assert again == tuned
    assert digest(tmp_path / "model") == digest(files / "model")


def test_steps_replace_epochs(files, tmp_path) -> None:
    config = replace(CONFIG, steps=3)
    report = train(ToyStage(tmp_path / "s"), config, files / "base", [files / "instruct.jsonl"], tmp_path / "model")
    assert report["steps"] == 3


def test_forms_and_languages_are_chosen(files) -> None:
    paths = [files / "instruct.jsonl"]
    assert {example.format for example in chosen(paths, replace(CONFIG, formats=["pot"]))} == {"pot"}
    assert len(chosen(paths, replace(CONFIG, languages=["zh"]))) == 20
    with pytest.raises(UserError, match="no example passes"):
        chosen(paths, replace(CONFIG, formats=["tir"]))


def test_all_solutions_of_a_question_are_on_one_side() -> None:
    kept = [is_validation(Example(str(n), f"{n % 50}?", str(n)), 0.3) for n in range(200)]
    assert kept[:50] == kept[50:100] == kept[150:]
    assert 0 < sum(kept[:50]) < 50


def test_what_is_wrong_is_named(files, tmp_path) -> None:
    def attempt(config: SftConfig):
        train(ToyStage(tmp_path / "s"), config, files / "base", [files / "instruct.jsonl"], tmp_path / "m")

    with pytest.raises(UserError, match=r"sft\.context=1000"):
        attempt(replace(CONFIG, context=1000))
    with pytest.raises(UserError, match=r"longer than sft\.context"):
        attempt(replace(CONFIG, context=8))
