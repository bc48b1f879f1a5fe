from mathmill.evaluate.config import VerifierConfig
from mathmill.evaluate.curves import summarise_samples, votes
from mathmill.evaluate.grade import Graded
from mathmill.rl.rollout import Completion


def test_equal_answers_have_one_vote() -> None:
    keys = votes(["1/2", "0.5", "x+1", "1+x", "\\frac{1}{2}", "x+2", None, "2, 1", "1,2", "nonsense"])
    assert keys[0] == keys[1] == keys[4]
    assert keys[2] == keys[3] != keys[5]
    assert keys[6] is None
    assert keys[7] == keys[8]
    assert len(set(keys)) == 6


def test_the_order_of_the_answers_does_not_matter() -> None:
    answers = ["x+1", "1+x", "2x", "x\\cdot 2", "3", "1+x"]
    assert sorted(map(str, votes(answers))) == sorted(map(str, votes(answers[::-1])))


def test_curves() -> None:
    def one(text: str, right: bool) -> Graded:
        return Graded(Completion(text, 1, True), right, right, text, "boxed", official=not right)

    groups = [
        [one("x+1", True), one("1+x", True), one("2", False), one("3", False)],
        [one("5", False), one("5", False), one("6", True), one("7", False)],
    ]
    found = summarise_samples(groups, VerifierConfig(), 0.95, 0)
    assert list(found["pass_at"]) == list(found["maj_at"]) == ["1", "2", "4"]
    assert found["per_problem"]["correct"] == [2, 1]
    # two spellings of one formula win the vote against 2 and 3
    assert found["per_problem"]["maj_at"]["4"] == [1.0, 0.0]
    assert found["pass_at"]["1"]["value"] == (0.5 + 0.25) / 2
    assert found["pass_at"]["4"]["value"] == 1.0
    official = summarise_samples(groups, VerifierConfig(), 0.95, 0, "official")
    assert (official["mode"], official["per_problem"]["correct"]) == ("official", [2, 3])
