from mathmill.evaluate.config import PageConfig
from mathmill.evaluate.item import Item
from mathmill.evaluate.prompts import Prompter

EN = Item("1", "sums", 1, "en", "What is 1+1? {question}", "It is \\boxed{2}.", "2")
ZH = Item("2", "sums", 1, "zh", "1+1=？", "得\\boxed{2}。", "2")


def test_chat() -> None:
    prompter = Prompter(True, PageConfig(), {"cot_en": " Think."})
    assert prompter.prompt(EN) == "User: What is 1+1? {question} Think.\n\nAssistant:"
    assert prompter.continuation(EN) == " It is \\boxed{2}."
    assert prompter.stops() == ()


def test_page() -> None:
    prompter = Prompter(False, PageConfig(), {})
    assert prompter.prompt(EN) == "Question: What is 1+1? {question} Solution:"
    assert prompter.prompt(ZH) + prompter.continuation(ZH) == "例题：1+1=？解：得\\boxed{2}。"
    assert prompter.stops() == ("\n",)


def test_shots_are_of_the_language_and_the_same_for_all() -> None:
    pool = [Item(str(i), "sums", 1, "en" if i % 2 else "zh", f"q{i}", f"s{i}", str(i)) for i in range(20)]
    prompter = Prompter(False, PageConfig(shots=3), {}, pool, seed=1)
    text = prompter.prompt(EN)
    assert text.count("Question:") == 4
    assert text.startswith("Question: q")
    shots = text.split("\n\n")[:3]
    assert all(int(shot.split("q")[1].split(" ")[0]) % 2 for shot in shots)
    other = prompter.prompt(Item("9", "sums", 1, "en", "another", "", "0"))
    assert other.split("\n\n")[:3] == shots
