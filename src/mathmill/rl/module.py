"""GRPO as a Lightning module (paper, Algorithm 1, lines 4 to 11, with outcome supervision).

One training step is one exploration stage: ask, sample G outputs for each question from the policy, score them by the
verifier, turn rewards into group-relative advantages, and make `updates` gradient updates on Eq. 3.
"""

from collections import defaultdict
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import verify
from mathmill.rl.advantage import group_advantages
from mathmill.rl.config import RlConfig
from mathmill.rl.likelihood import Padded, Sequence, micro_batches, token_logprobs
from mathmill.rl.objective import grpo
from mathmill.rl.questions import Question
from mathmill.rl.rollout import Rollout, Sampling, generate
from mathmill.training.data import Batch
from mathmill.training.phase import PhaseModule
from mathmill.training.schedule import Schedule
from mathmill.training.template import encode_prompt


class Part:
    """What one forward and backward pass of an update works on; tensors are [rows, tokens]."""

    def __init__(self, batch: Padded, advantages: torch.Tensor, reference: torch.Tensor | None) -> None:
        self.batch, self.advantages, self.reference = batch, advantages, reference
        self.ids = batch.ids  # by its own name, so that it is saved when a step breaks down
        self.old: torch.Tensor | None = None  # filled by the first update: there the policy is the old policy


class GrpoModule(PhaseModule):
    """The policy, its frozen reference, and the step.

    reference: the model of the KL term, None where beta is 0. held_out: questions that only measure. history: one row
    of figures for each step, kept in checkpoints. samples: the first outputs of the last step, for people to read.
    verifier: how answers are compared; where they are found is `config.answer_mode`.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        reference: PreTrainedModel | None,
        config: RlConfig,
        schedule: Schedule,
        held_out: list[Question],
        verifier: VerifierConfig | None = None,
    ) -> None:
        super().__init__(model, config.optim, schedule)
        self.verifier = verifier or VerifierConfig()
        self.config = config
        self.held_out = held_out
        self.tokenizer = tokenizer
        # In a list, so that Lightning neither trains it nor writes it into every checkpoint.
        self._frozen = [reference.eval().requires_grad_(False)] if reference is not None else []
        self.history: list[dict[str, float]] = []
        self.samples: list[dict[str, Any]] = []

    def training_step(self, batch: Batch, index: int) -> dict[str, Any]:
        """One exploration stage on batch["questions"]; returns the figures of the step."""
        accuracy = self.measure() if self.done % self.config.eval_every == 0 else None
        questions: list[Question] = batch["questions"]
        prompts = [encode_prompt(self.tokenizer, item.question, item.lang) for item in questions]
        rollouts = self._sample(prompts, batch["row_ids"])
        rewards = self._score(questions, rollouts)
        advantages = group_advantages(rewards, self.config.advantage.epsilon, self.config.advantage.unbiased)
        parts = self._parts(prompts, rollouts, advantages.flatten())
        self._outputs = rewards.numel() * self.trainer.world_size
        figures: dict[str, float] = {}
        for _ in range(self.config.updates):
            self._watch: dict[str, float] = defaultdict(float)
            figures = self.descend(parts, self.share)
        watched = {name: value / rewards.numel() for name, value in self._watch.items()}
        figures |= self._over_ranks(watched | self._figures(rewards, rollouts))
        if accuracy is not None:  # of the policy before this step's update
            figures["held_out_accuracy"] = accuracy
        self.history.append({"step": self.done, **figures})
        self._keep_samples(questions, rollouts, rewards, advantages)
        return {**figures, "tokens": sum(len(rollout.tokens) for rollout in rollouts)}

    def share(self, part: Any) -> torch.Tensor:
        """Minus the objective of this part's outputs, over all outputs of the step (Eq. 3: 1/G sum over outputs)."""
        policy, entropy = token_logprobs(self.model, part.batch, self.config.sampling.temperature)
        if part.old is None:
            part.old = policy.detach()
        objective = grpo(
            policy,
            part.old,
            part.reference,
            part.advantages,
            part.batch.mask,
            self.config.clip,
            self.config.beta,
        )
        mask = part.batch.mask
        self._watch["kl"] += float(objective.kl.sum())
        self._watch["clipped"] += float(objective.clipped.sum())
        self._watch["entropy"] += float(((entropy * mask).sum(1) / mask.sum(1)).sum())
        return -objective.value.sum() / self._outputs

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """A batch is questions; tensors are made where they are needed."""
        return batch

    def measure(self) -> float:
        """Share of the held-out questions answered right by greedy decoding (pass@1)."""
        questions = self.held_out
        settings = Sampling(self.config.sampling.max_new_tokens, temperature=0)
        prompts = [encode_prompt(self.tokenizer, item.question, item.lang) for item in questions]
        order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))
        right = 0
        self.model.eval()
        for start in range(0, len(order), self.config.rollout_rows):
            rows = order[start : start + self.config.rollout_rows]
            rollouts = generate(self.model, [prompts[row] for row in rows], 1, settings, self.tokenizer.eos_token_id)
            for row, rollout in zip(rows, rollouts, strict=True):
                text = self._text(rollout)
                right += self._right(text, questions[row])
        self.model.train()
        return right / len(questions)

    def _sample(self, prompts: list[list[int]], row_ids: list[int]) -> list[Rollout]:
        config, sampling = self.config, self.config.sampling
        settings = Sampling(sampling.max_new_tokens, sampling.temperature, sampling.top_p, config.seed)
        per_batch = max(1, config.rollout_rows // config.outputs)
        rollouts: list[Rollout] = []
        self.model.eval()
        for start in range(0, len(prompts), per_batch):
            rows = row_ids[start * config.outputs : (start + per_batch) * config.outputs]
            some = prompts[start : start + per_batch]
            rollouts += generate(self.model, some, config.outputs, settings, self.tokenizer.eos_token_id, row_ids=rows)
        self.model.train()
        return rollouts

    def _text(self, rollout: Rollout) -> str:
        return str(self.tokenizer.decode(rollout.tokens, skip_special_tokens=True))

    def _right(self, text: str, question: Question) -> bool:
        return verify(text, question.answer, mode=self.config.answer_mode, config=self.verifier).correct

    def _score(self, questions: list[Question], rollouts: list[Rollout]) -> torch.Tensor:
        """[questions, outputs] of 0 or 1: whether the final answer is right (the paper's rule reward)."""
        size = self.config.outputs
        rewards = torch.zeros(len(questions), size)
        for row, rollout in enumerate(rollouts):
            if rollout.finished or self.config.reward_truncated:
                text = self._text(rollout)
                rewards[row // size, row % size] = float(self._right(text, questions[row // size]))
        return rewards

    def _parts(self, prompts: list[list[int]], rollouts: list[Rollout], advantages: torch.Tensor) -> list[Part]:
        """The rollouts as micro-batches, with their advantages and the reference's log-probabilities."""
        size, config = self.config.outputs, self.config
        sequences = [Sequence(prompts[row // size], rollout.tokens) for row, rollout in enumerate(rollouts)]
        rows = list(range(len(rollouts)))
        if self.trainer.world_size == 1 and config.beta == 0:
            # Nothing pulls on an output without advantage where there is no KL term.
            rows = [row for row in rows if advantages[row] != 0] or rows[:1]
        # Ranks must make as many passes as each other: they cut by rows, one process cuts by tokens.
        rows_each = self.micro_batch or (None if self.trainer.world_size == 1 else 16)
        parts = []
        for batch in micro_batches(sequences, rows, config.update_tokens, self.device, rows_each):
            reference = None
            if self._frozen:
                with torch.no_grad():
                    reference, _ = token_logprobs(self._frozen[0].to(self.device), batch, config.sampling.temperature)
            parts.append(Part(batch, advantages[batch.rows][:, None].to(self.device), reference))
        return parts

    def _over_ranks(self, figures: dict[str, float]) -> dict[str, float]:
        """The mean of every figure over the ranks; each has a share of the step's questions."""
        if self.trainer.world_size == 1:
            return figures
        values = torch.tensor(list(figures.values()), dtype=torch.float64, device=self.device)
        values = self.trainer.strategy.reduce(values, reduce_op="mean")
        return dict(zip(figures, values.tolist(), strict=True))

    def _figures(self, rewards: torch.Tensor, rollouts: list[Rollout]) -> dict[str, float]:
        flat = (rewards.amax(1) == rewards.amin(1)).float()
        return {
            "reward": float(rewards.mean()),
            "reward_std": float(rewards.std(dim=1).mean()),
            "zero_variance": float(flat.mean()),
            "all_right": float((rewards.amin(1) == 1).float().mean()),
            "length": sum(len(rollout.tokens) for rollout in rollouts) / len(rollouts),
            "truncated": sum(not rollout.finished for rollout in rollouts) / len(rollouts),
        }

    def _keep_samples(
        self, questions: list[Question], rollouts: list[Rollout], rewards: torch.Tensor, advantages: torch.Tensor
    ) -> None:
        size = self.config.outputs
        self.samples = [
            {
                "step": self.done,
                "question": questions[row // size].question,
                "expected": questions[row // size].answer,
                "output": self._text(rollouts[row]),
                "reward": float(rewards[row // size, row % size]),
                "advantage": round(float(advantages[row // size, row % size]), 4),
            }
            for row in range(0, min(len(rollouts), 4 * size), max(1, size // 2))
        ]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history, so that a resumed run reports all of it."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["mathmill_rl"] = {"history": self.history, "samples": self.samples}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the history up again."""
        super().on_load_checkpoint(checkpoint)
        self.history = checkpoint["mathmill_rl"]["history"]
        self.samples = checkpoint["mathmill_rl"]["samples"]
