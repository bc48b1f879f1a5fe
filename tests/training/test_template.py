import pytest
from training.toys import toy_model, toy_tokenizer

from mathmill.training import template
from mathmill.training.model import load_tokenizer, save

SUFFIXES = {
    "cot_en": "\nPlease reason step by step, and put your final answer within \\boxed{}.",
    "cot_zh": "\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
}


def test_strings_of_the_released_models() -> None:
    assert template.prompt("What is 1 + 1?") == "User: What is 1 + 1?\n\nAssistant:"
    assert template.prompt("1 + 1", "en", "cot", SUFFIXES).endswith("within \\boxed{}.\n\nAssistant:")
    assert "请通过逐步推理" in template.prompt("1 + 1", "zh", "cot", SUFFIXES)
    # No suffix for a form that the configuration names none for.
    assert template.prompt("1 + 1", "en", "pot", SUFFIXES) == "User: 1 + 1\n\nAssistant:"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("format", template.FORMATS)
def test_apply_chat_template_gives_the_same(lang: str, format: str) -> None:
    tokenizer = toy_tokenizer()
    template.attach(tokenizer, SUFFIXES)
    question = "小明有3个苹果。 How many?"
    messages = template.messages(question, lang, format, SUFFIXES)
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert ids == template.encode_prompt(tokenizer, question, lang, format)
    talk = [*messages, {"role": "assistant", "content": "3"}]
    expected = "<bos>" + template.prompt(question, lang, format, SUFFIXES) + template.answer("3", "<eos>")
    assert tokenizer.apply_chat_template(talk, tokenize=False) == expected
    second = tokenizer.apply_chat_template([*talk, *messages], tokenize=False)
    assert second.startswith(expected + "User: ")


def test_a_tokenizer_without_bos_begins_with_the_question() -> None:
    tokenizer = toy_tokenizer()
    tokenizer.bos_token = None
    ids = template.encode_prompt(tokenizer, "1 + 1")
    assert tokenizer.decode(ids) == "User: 1 + 1\n\nAssistant:"
    template.attach(tokenizer, {})
    messages = template.messages("1 + 1")
    assert ids == tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)


def test_suffixes_travel_with_the_model(tmp_path) -> None:
    tokenizer = toy_tokenizer()
    assert template.suffixes_of(tokenizer) == {}
    template.attach(tokenizer, SUFFIXES)
    save(toy_model(), tokenizer, tmp_path / "m")
    loaded = load_tokenizer(tmp_path / "m")
    assert template.suffixes_of(loaded) == SUFFIXES
    assert loaded.chat_template == template.CHAT_TEMPLATE
