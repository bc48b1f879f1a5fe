"""The reward model of a run and its rounds: continued training on what the policy now writes (Algorithm 1, line 12)."""

from dataclasses import dataclass, replace
from pathlib import Path

from mathmill.reward.config import RewardConfig
from mathmill.reward.labelling import Completer, label, sampled
from mathmill.reward.learn import read_labelled, retrain, write_labelled
from mathmill.reward.model import Scorer
from mathmill.rl.module import RlModule
from mathmill.rl.questions import Question, drawn
from mathmill.training.template import encode_prompt
from mathmill.training.trainer import Host


@dataclass(frozen=True)
class RewardSource:
    """folder: of the reward model, with the samples that it has learned from; config: section `reward`."""

    folder: Path
    config: RewardConfig

    def scorer(self) -> Scorer:
        """The frozen reward model."""
        return Scorer.load(self.folder)

    def after(self, round_folder: Path) -> "RewardSource":
        """The reward model that the round in `round_folder` has left."""
        return replace(self, folder=round_folder / "reward")

    def retrain(self, host: Host, module: RlModule, asked: list[Question], round_folder: Path, number: int) -> None:
        """Label outputs of the present policy and go on training the model on them, with a share of old samples.

        Sampler and completer are the policy. The questions are the next ones in the order of rl.seed + 2 + number.
        """
        config, seed = self.config, module.config.seed + 2 + number
        questions = [
            asked[place] for place in drawn(len(asked), 0, min(config.train_questions or len(asked), len(asked)), seed)
        ]
        prompts = [encode_prompt(module.tokenizer, item.question, item.lang) for item in questions]
        completer = Completer(module.model.eval(), module.tokenizer, config, module.judge.verifier)
        kind = module.config.reward
        judged = label(kind, questions, prompts, sampled(questions, prompts, completer), completer, seed)
        new = [one.labelled(config.labels) for one in judged]
        old = read_labelled(self.folder)
        out = round_folder / "reward"
        retrain(host, config, self.folder, new, old, out, f"reward_{number}", seed)
        write_labelled(out, [*old, *new])
