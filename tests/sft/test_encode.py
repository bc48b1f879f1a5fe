import pytest
from tokens.conftest import texts
from training.toys import toy_tokenizer

from mathmill.sft.encode import encode
from mathmill.sft.readers import Example
from mathmill.training import template

TIR = (
    "Let us compute.\n```python\nprint(2 * 3)\n```\n```output\n6\n```\nSo it is\n"
    "```python\nprint(6 + 1)\n```\n```output\n7\n```\nThe answer is \\boxed{7}."
)
SUFFIXES = {"cot_en": "\nReason step by step.", "tir_en": "\nUse programs."}


def words(example: Example, **options) -> tuple[str, str]:
    """(the whole text, what is learned of it)."""
    tokenizer = toy_tokenizer()
    encoded = encode(example, tokenizer, SUFFIXES, **options)
    return tokenizer.decode(encoded.ids), tokenizer.decode(encoded.ids[encoded.learned])


def test_the_answer_and_eos_are_learned() -> None:
    whole, learned = words(Example("1", "1 + 1?", "It is \\boxed{2}."))
    assert whole == "<bos>User: 1 + 1?\nReason step by step.\n\nAssistant: It is \\boxed{2}.<eos>"
    assert learned == " It is \\boxed{2}.<eos>"


def test_the_output_of_programs_is_not() -> None:
    whole, learned = words(Example("1", "?", TIR, "en", "tir"))
    assert whole.endswith(TIR + "<eos>")
    assert learned == (
        " Let us compute.\n```python\nprint(2 * 3)\n```\n```output\nSo it is\n"
        "```python\nprint(6 + 1)\n```\n```output\nThe answer is \\boxed{7}.<eos>"
    )
    assert words(Example("1", "?", TIR, "en", "tir"), tool_output=True)[1] == f" {TIR}<eos>"


def test_it_is_the_conversation_of_the_chat_template() -> None:
    tokenizer = toy_tokenizer()
    template.attach(tokenizer, SUFFIXES)
    question, solution = "小明有3个, how many?", "3 and 4 is 7: \\boxed{7}"
    talk = [*template.messages(question, "en", "cot", SUFFIXES), {"role": "assistant", "content": solution}]
    expected = tokenizer.apply_chat_template(talk, return_dict=False)
    assert encode(Example("1", question, solution), tokenizer, SUFFIXES).ids.tolist() == expected


@pytest.mark.parametrize("solution", ["7", "It is 7.", "答案是 7", "\\boxed{7}", "= 7"])
def test_also_with_merges(clean_tokenizer, solution: str) -> None:
    """The border between prompt and answer is a border between tokens, so both ways of encoding agree."""
    template.attach(clean_tokenizer, {})
    talk = [*template.messages("the sum of 12?"), {"role": "assistant", "content": solution}]
    expected = clean_tokenizer.apply_chat_template(talk, return_dict=False)
    assert encode(Example("1", "the sum of 12?", solution), clean_tokenizer, {}).ids.tolist() == expected


@pytest.fixture(scope="module")
def clean_tokenizer(tmp_path_factory):
    from mathmill.tokens.config import TokensConfig
    from mathmill.tokens.tokenizer import train
    from mathmill.workflow.files import write_parquet
    from mathmill.workflow.tables import TEXT

    clean = tmp_path_factory.mktemp("clean")
    write_parquet(clean / "corpus" / "part-00000.parquet", texts("corpus", 100), TEXT())
    return train(clean, TokensConfig(vocab=330, weights={"corpus": 1.0}, characters=20_000))
