"""The choices of `reward.verifier` reach reinforcement learning."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from rl_models import tiny

from mathmill.reward.config import VerifierConfig
from mathmill.rl.config import RlConfig
from mathmill.rl.module import RlModule
from mathmill.rl.questions import Question
from mathmill.training.schedule import constant
from mathmill.workflow import graph


def question(answer: str) -> Question:
    return Question("1", "q", answer)


def test_rewards_follow_the_verifier(tokenizer) -> None:
    def rewards(verifier: VerifierConfig | None) -> list[bool]:
        module = RlModule(tiny(len(tokenizer)), tokenizer, None, RlConfig(beta=0), constant(0), [], verifier)
        pairs = [("\\boxed{50\\%}", "0.5"), ("\\boxed{0.333}", "1/3"), ("\\boxed{\\sqrt{4}x}", "2x")]
        return [module.judge.right(text, question(answer)) for text, answer in pairs]

    assert rewards(None) == [False, False, True]
    assert rewards(VerifierConfig(percent="ratio", tolerance=0.01, symbolic=False)) == [True, True, False]


def test_the_stage_listens_to_it_and_passes_it_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mathmill.rl import __main__, train

    assert "reward" in graph.node("rl").params
    seen = []

    def trained(*arguments, **_) -> dict:
        seen.extend(arguments)
        return {"final": {"held_out_accuracy": 0.5}, "steps": 1, "samples": []}

    monkeypatch.setattr(train, "train", trained)
    verifier = VerifierConfig(seconds=7.0)
    stage = SimpleNamespace(
        section=RlConfig(),
        params=SimpleNamespace(reward=SimpleNamespace(verifier=verifier)),
        input=lambda label: tmp_path / label,
        output=lambda label: tmp_path / f"{label}.json",
        run=SimpleNamespace(metrics=lambda *_, **__: None, table=lambda *_: None),
    )
    __main__.body(stage)  # type: ignore[arg-type]
    assert verifier in seen
