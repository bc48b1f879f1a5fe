import pytest
import torch
from reward.reward_toys import base, config
from training.toys import toy_tokenizer

from mathmill.reward.config import SolutionsConfig, VerifierConfig
from mathmill.reward.labelling import Completer, Judged, label, row_id, sampled
from mathmill.rl import rollout
from mathmill.rl.questions import Question
from mathmill.rl.rollout import Rollout
from mathmill.training.model import load

TOKENIZER = toy_tokenizer()
EOS = TOKENIZER.eos_token_id
QUESTIONS = [Question("a", "What is 3?", "3"), Question("b", "What is 4?", "4")]
LENIENT = VerifierConfig(mode="lenient")


def ids(text: str) -> list[int]:
    return TOKENIZER.encode(text, add_special_tokens=False)


PROMPTS = [ids("What is 3?"), ids("What is 4?")]


def ended(text: str) -> Rollout:
    return Rollout([*ids(text), EOS], [], finished=True)


class Oracle:
    """Stands in for `generate`: continuations by what the context says; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...]]] = []

    def __call__(self, model, prompts, n, sampling, eos, row_ids):
        found = []
        for place, prompt in enumerate(prompts):
            text = TOKENIZER.decode(prompt)
            rows = row_ids[place * n : (place + 1) * n]
            self.asked.append((text, tuple(rows)))
            good = 0 if "lost" in text else 1 if "half" in text else n
            gold = "3" if text.startswith("What is 3?") else "4"
            found += [ended(f" So {gold}" if copy < good else " So 99") for copy in range(n)]
        return found


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> Oracle:
    made = Oracle()
    monkeypatch.setattr("mathmill.reward.labelling.generate", made)
    return made


def completer(**changes) -> Completer:
    return Completer(None, TOKENIZER, config(**{"completions": 4, **changes}), LENIENT)


def test_an_outcome_is_right_by_the_verifier_and_only_if_it_ended(oracle: Oracle) -> None:
    cut = Rollout(ids("It is 3"), [], finished=False)
    outputs = [[ended("It is 3"), ended("It is 4"), cut], [ended("It is 4")]]
    judged = label("outcome", QUESTIONS, PROMPTS, outputs, completer(), 0)
    assert [one.correct for one in judged] == [True, False, False, True]
    assert [one.question for one in judged] == [0, 0, 0, 1]
    assert all(one.ends == [len(one.output) - 1] for one in judged)
    assert oracle.asked == []


def test_a_step_is_as_good_as_its_completions(oracle: Oracle) -> None:
    outputs = [[ended("A half. It is lost. It is 3")], [ended("Good. It is 5"), ended("It is 4")]]
    judged = label("process", QUESTIONS, PROMPTS, outputs, completer(), 0)
    assert [(one.right, one.tries) for one in judged] == [([1, 0, 1], [4, 4, 1]), ([4, 0], [4, 1]), ([1], [1])]
    assert judged[0].labelled("hard").labels == [1.0, 0.0, 1.0]
    assert judged[0].labelled("soft").labels == [0.25, 0.0, 1.0]
    texts = [text for text, _ in oracle.asked]
    assert sorted(texts) == ["What is 3?A half.", "What is 3?A half. It is lost.", "What is 4?Good."]


def test_equal_prefixes_of_a_question_are_completed_once(oracle: Oracle) -> None:
    outputs = [[ended("Good. It is 3"), ended("Good. It is 5")], [ended("Good. It is 4")]]
    label("process", QUESTIONS, PROMPTS, outputs, completer(), 0)
    assert sorted(text for text, _ in oracle.asked) == ["What is 3?Good.", "What is 4?Good."]
    rows = [row for _, rows in oracle.asked for row in rows]
    assert len(set(rows)) == 8  # every continuation has random numbers of its own


def test_random_numbers_belong_to_question_and_prefix(oracle: Oracle) -> None:
    label("process", QUESTIONS, PROMPTS, [[ended("Good. It is 3")], [ended("Good. It is 4")]], completer(), 0)
    together = dict(oracle.asked)
    oracle.asked.clear()
    label("process", QUESTIONS[1:], PROMPTS[1:], [[ended("Other. 4"), ended("Good. It is 4")]], completer(), 0)
    assert dict(oracle.asked)["What is 4?Good."] == together["What is 4?Good."]


def test_repeated_outputs_are_left_out_if_so_wished(oracle: Oracle) -> None:
    outputs = [[ended("It is 3"), ended("It is 3")], [ended("It is 3")]]
    assert len(label("outcome", QUESTIONS, PROMPTS, outputs, completer(unique=True), 0)) == 2
    assert len(label("outcome", QUESTIONS, PROMPTS, outputs, completer(unique=False), 0)) == 3


def test_solutions_do_not_depend_on_the_questions_beside(tmp_path) -> None:
    """The real `generate` on a toy model."""
    settings = config(outputs=3, rollout_rows=4, solutions=SolutionsConfig(max_new_tokens=6))
    model = load(base(tmp_path / "base")).eval()
    whole = sampled(QUESTIONS, PROMPTS, Completer(model, TOKENIZER, settings))
    alone = sampled(QUESTIONS[1:], PROMPTS[1:], Completer(model, TOKENIZER, settings))
    assert [len(group) for group in whole] == [3, 3]
    assert [one.tokens for one in whole[1]] == [one.tokens for one in alone[0]]
    assert whole[0][0].tokens != whole[0][1].tokens


def test_rows_have_names_of_their_own() -> None:
    rows = {row_id(kind, "q", prefix, copy) for kind in "ab" for prefix in ((1,), (1, 2)) for copy in range(500)}
    assert len(rows) == 2000
    assert all(0 <= row < 1 << 48 for row in rows)
    # generate mixes them with the seed into 64 bits
    assert rollout.Sampling(1, seed=1 << 16).seed * 1_000_003 + max(rows) < 1 << 64
    torch.Generator().manual_seed((1 << 16) * 1_000_003 + max(rows))


def test_a_judged_output_knows_whether_it_is_right() -> None:
    assert Judged(0, [1], [2], [0], [1], [1]).correct
    assert not Judged(0, [1], [2, 3], [0, 1], [4, 0], [4, 1]).correct
