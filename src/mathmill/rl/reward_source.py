"""The reward model of a run and its rounds: continued training on what the policy now writes (Algorithm 1, line 12)."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from mathmill.reward.config import RewardConfig
from mathmill.reward.labelling import Completer, label, sampled
from mathmill.reward.learn import Labelled, retrain
from mathmill.reward.model import Scorer
from mathmill.reward.samples import SAMPLES, read_samples, write_samples
from mathmill.rl.module import RlModule
from mathmill.rl.questions import Question, drawn
from mathmill.training import devices
from mathmill.training.model import cast
from mathmill.training.template import encode_prompt
from mathmill.training.trainer import Host
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class RewardSource:
    """folder: of the reward model, with the samples that it has learned from; config: section `reward`."""

    folder: Path
    config: RewardConfig

    def scorer(self, kind: str, tokenizer: PreTrainedTokenizerFast, device: torch.device) -> Scorer:
        """The frozen reward model; UserError unless it is of this kind (rl.reward) and reads the policy's token ids."""
        scorer = Scorer.load(self.folder, device, self.config.score_tokens)
        if scorer.kind != kind:
            raise UserError(f"{self.folder}: a reward model of kind {scorer.kind}, but rl.reward={kind}")
        scorer.check(tokenizer)
        return scorer

    def after(self, round_folder: Path) -> "RewardSource":
        """The reward model that the round in `round_folder` has left."""
        return replace(self, folder=round_folder / "reward")

    def retrain(self, host: Host, module: RlModule, asked: list[Question], round_folder: Path, number: int) -> None:
        """Label outputs of the present policy and go on training the model on them, with a share of old samples.

        Sampler and completer are the policy; which questions are answered is a function of (rl.seed, number). The new
        samples are labelled in one go by the first rank, which holds the trained policy; the others wait for them. A
        kill repeats the labelling of this round, and nothing else.
        """
        config, seed = self.config, module.config.seed + 2 + number
        labelled = round_folder / "labelled"
        if rank() == 0 and not (labelled / SAMPLES).exists():
            write_samples(labelled, self._labelled(module, asked, seed, devices.device(host.runtime)))
        while not (labelled / SAMPLES).exists():
            time.sleep(_POLL_SECONDS)
        new, old = read_samples(labelled), read_samples(self.folder)
        out = self.after(round_folder).folder
        retrain(host, config, self.folder, new, old, out, f"reward_{number}", seed)
        if rank() == 0:
            write_samples(out, [*old, *new])

    def _labelled(self, module: RlModule, asked: list[Question], seed: int, device: torch.device) -> list[Labelled]:
        """Outputs of the trained policy, judged."""
        config = self.config
        count = min(config.train_questions or len(asked), len(asked))
        questions = [asked[place] for place in drawn(len(asked), 0, count, seed)]
        prompts = [encode_prompt(module.tokenizer, item.question, item.lang) for item in questions]
        cast(module.model, device, getattr(torch, config.sampler_dtype)).eval()
        completer = Completer(module.model, module.tokenizer, config, module.judge.verifier)
        solutions = sampled(questions, prompts, completer)
        judged = label(module.config.reward, questions, prompts, solutions, completer, seed)
        return [one.labelled(config.labels) for one in judged]
