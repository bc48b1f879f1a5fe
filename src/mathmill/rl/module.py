"""The unified paradigm as a Lightning module (paper, section 5.2 and Algorithm 1, lines 4 to 11).

One training step is one exploration stage: ask, take G outputs for each question from the method's source, score them,
turn rewards into the credit of each token, and make `updates` gradient updates with the method's coefficient.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mathmill.reward.config import VerifierConfig
from mathmill.rl.advantage import generalised_advantages, group_advantages, preference_pairs, process_advantages
from mathmill.rl.config import RlConfig
from mathmill.rl.critic import token_values, value_losses
from mathmill.rl.engines.base import Engine
from mathmill.rl.engines.local import TransformersEngine
from mathmill.rl.likelihood import token_logprobs
from mathmill.rl.objective import Settings, Tokens
from mathmill.rl.paradigm import PARADIGM, Credit
from mathmill.rl.parts import Experience, Part, parts_of
from mathmill.rl.questions import Question
from mathmill.rl.replica import Replica, is_spread
from mathmill.rl.rewards import Judge, Scorer
from mathmill.rl.rollout import Rollout, Sampling
from mathmill.rl.watch import figures_of, samples_of
from mathmill.training.data import Batch
from mathmill.training.model import cast
from mathmill.training.phase import PhaseModule
from mathmill.training.schedule import Schedule
from mathmill.training.template import encode_prompt
from mathmill.workflow.errors import UserError

# Outputs in one pass where ranks must make as many passes as each other, or pairs must stay together.
_ROWS = 16


class RlModule(PhaseModule):
    """The policy, what the method holds beside it, and the step.

    start: the model that training begins with, frozen: the reference of the KL terms and the source of offline outputs;
    None where the method wants neither (see `wants_start`). critic: PPO's, else None. scorer: the reward model, None
    under rl.reward=rule. engine: who samples, the policy itself where None. held_out: questions that only measure.
    history: one row of figures for each step, kept in checkpoints. samples: the first outputs of the last step, for
    people to read.
    """

    gathers = True

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        start: PreTrainedModel | None,
        config: RlConfig,
        schedule: Schedule,
        held_out: list[Question],
        verifier: VerifierConfig | None = None,
        critic: Any = None,
        scorer: Scorer | None = None,
        engine: Engine | None = None,
    ) -> None:
        super().__init__(model, config.optim, schedule)
        self.config, self.method = config, PARADIGM[config.method]
        self.judge = Judge(config, verifier or VerifierConfig(), tokenizer, scorer)
        self.held_out = held_out
        self.tokenizer = tokenizer
        self.critic = critic  # trained beside the policy, by the same optimiser
        # In a list, so that Lightning neither trains it nor writes it into every checkpoint.
        self._frozen = [start.eval().requires_grad_(False)] if start is not None else []
        self._replica: list[Replica] = []  # of a policy that ZeRO-3 has spread
        self.engine: Engine = engine or TransformersEngine(model, tokenizer.eos_token_id, config.rollout_rows)
        self.history: list[dict[str, float]] = []
        self.samples: list[dict[str, Any]] = []
        self._seconds: dict[str, float] = defaultdict(float)
        self._moved = True  # the policy's weights since the engine was given them
        on_loss = self.method.credit is Credit.GROUP
        self._settings = Settings(
            config.clip,
            config.clip_high,
            config.beta if on_loss else 0.0,
            config.kl,
            config.ratio,
            config.dpo.beta,
            config.dpo.margin,
            self.method.offline,
        )

    @property
    def trained(self) -> list[Any]:
        """The policy, and PPO's critic."""
        return [self.model] if self.critic is None else [self.model, self.critic]

    def training_step(self, batch: Batch, index: int) -> dict[str, Any]:
        """One exploration stage on batch["questions"]; returns the figures of the step."""
        self._seconds.clear()
        accuracy = self._measured_together() if self.done % self.config.eval_every == 0 else None
        experience = self._explore(batch)
        with self._clock("score"):
            parts = self._parts(experience)
        figures: dict[str, float] = {}
        with self._clock("update"):
            for _ in range(self.config.updates):
                self._watch: dict[str, float] = defaultdict(float)
                figures = self.descend(parts, self.share)
                self._moved = True
        watched = {name: value / len(experience.rollouts) for name, value in self._watch.items()}
        figures |= self._over_ranks(watched | figures_of(experience, self.config.reward))
        self._require_near(figures, parts)
        if accuracy is not None:  # of the policy before this step's update
            figures["held_out_accuracy"] = accuracy
        self.history.append({"step": self.done, **figures})
        self.samples = samples_of(experience, self.judge, self.done)
        seconds = {f"seconds/{name}": value for name, value in self._seconds.items()}
        return {**figures, **seconds, "tokens": sum(len(rollout.tokens) for rollout in experience.rollouts)}

    def share(self, part: Any) -> torch.Tensor:
        """Minus this part's share of the objective: its value with the gradient that the coefficient says (Eq. 5)."""
        policy, entropy = token_logprobs(self.model, part.batch, self.config.sampling.temperature)
        if part.old is None:
            part.old = policy.detach()
        mask = part.batch.mask
        tokens = Tokens(
            policy.detach(), part.old, part.reference, part.credit, mask, part.partner, self._importance(part)
        )
        objective = self.method.objective(tokens, self._settings)
        weight = self._token_weights(mask)
        # The difference is zero and carries the gradient.
        carried = objective.value + objective.coefficient * (policy - policy.detach())
        loss = -(carried * weight).sum()
        length = mask.sum(1)
        for name, values in (("kl", objective.kl), ("clipped", objective.clipped), ("entropy", entropy)):
            self._watch[name] += float(((values * mask).sum(1) / length).sum())
        if part.returns is not None:
            values = token_values(self.critic, part.batch)
            errors = value_losses(values, part.values, part.returns, self.config.ppo.value_clip)
            self._watch["value_loss"] += float(((errors.detach() * mask).sum(1) / length).sum())
            loss = loss + self.config.ppo.value_weight * (errors * weight).sum()
        return loss

    def _token_weights(self, mask: torch.Tensor) -> torch.Tensor:
        """[rows, tokens]: how much each token counts in the step's objective (rl.aggregation)."""
        if self.config.aggregation == "token":
            return mask / self._tokens
        if self.config.aggregation == "constant":
            return mask / (self._outputs * self.config.sampling.max_new_tokens)
        return mask / (self._outputs * mask.sum(1, keepdim=True).clamp(min=1))

    def _importance(self, part: Part) -> torch.Tensor | None:
        """Truncated importance weights of the engine's outputs (rl.importance_cap)."""
        if self.config.importance_cap is None:
            return None
        assert part.old is not None
        return (part.old - part.sampler).exp().clamp(max=self.config.importance_cap)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """A batch is questions; tensors are made where they are needed."""
        return batch

    def measure(self) -> float:
        """Share of the held-out questions answered right by greedy decoding (pass@1), by this process alone."""
        return self._right(0, 1) / len(self.held_out)

    def _measured_together(self) -> float:
        """The same by all ranks, each of which asks a share of the questions."""
        right = self._right(self.global_rank, self.trainer.world_size)
        return self._summed([right])[0] / len(self.held_out)

    def _right(self, first: int, every: int) -> float:
        """How many held-out questions are answered right, of each `every`-th from `first` by length."""
        settings = Sampling(self.config.sampling.max_new_tokens, temperature=0)
        prompts = self._prompts(self.held_out)
        order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))[first::every]
        with self._clock("measure"):
            engine = self._present()  # of all ranks, also of one without a question
            rollouts = engine.generate([prompts[row] for row in order], 1, settings) if order else []
            answers = zip(rollouts, (self.held_out[row] for row in order), strict=True)
            return float(sum(self.judge.right(self.judge.text(rollout), asked) for rollout, asked in answers))

    def _present(self) -> Engine:
        """The engine, sampling from the policy as it is now."""
        if not self._moved:
            return self.engine
        model: Any = self.model
        if is_spread(model):
            if not self._replica:
                self._replica.append(Replica(model, self.device))
            model = self._replica[0].refresh(model)
        self.engine.update(model)
        self._moved = False
        return self.engine

    def _explore(self, batch: Batch) -> Experience:
        """The outputs of a step's questions and their rewards; groups without variance are replaced (rl.resample)."""
        experience = self._asked(batch["questions"], batch["row_ids"])
        size = experience.size
        for spare in batch["spare"]:
            reward = experience.judged.reward
            flat = [place for place, group in enumerate(reward) if group.amax() == group.amin()]
            if not flat:
                break
            other = self._asked(spare["questions"][: len(flat)], spare["row_ids"][: len(flat) * size])
            experience.take(flat, other)
        return experience

    def _asked(self, questions: list[Question], row_ids: list[int]) -> Experience:
        prompts = self._prompts(questions)
        with self._clock("sample"):
            rollouts = self._sample(prompts, row_ids)
        with self._clock("score"):
            judged = self.judge.judge(questions, prompts, rollouts)
        return Experience(list(questions), prompts, rollouts, judged)

    def _prompts(self, questions: list[Question]) -> list[list[int]]:
        return [encode_prompt(self.tokenizer, item.question, item.lang) for item in questions]

    def _sample(self, prompts: list[list[int]], row_ids: list[int]) -> list[Rollout]:
        config, sampling = self.config, self.config.sampling
        settings = Sampling(sampling.max_new_tokens, sampling.temperature, sampling.top_p, config.seed)
        if not self.method.offline:
            return self._present().generate(prompts, config.outputs, settings, row_ids)
        offline = TransformersEngine(self._start(), self.tokenizer.eos_token_id, config.rollout_rows)
        return offline.generate(prompts, config.outputs, settings, row_ids)

    def _start(self) -> Any:
        """The start model in the policy's type (bfloat16 under DeepSpeed): equal weights give equal probabilities."""
        return cast(self._frozen[0], self.device, next(self.model.parameters()).dtype)

    def _parts(self, experience: Experience) -> list[Part]:
        """The micro-batches of the updates, with credit, reference and (PPO) values."""
        alone = self.trainer.world_size == 1
        credit, partner = self._credit(experience)
        self._count(experience, credit, partner)
        rows = list(partner) or list(range(len(experience.rollouts)))
        if alone and self.critic is None and not self._settings.beta:
            # Nothing pulls on an output without credit where there is no KL term.
            rows = [row for row in rows if bool(credit[row].any())] or list(partner)[:2] or rows[:1]
        # Ranks must make as many passes as each other: they cut by rows, one process cuts by tokens.
        each = self.micro_batch or (None if alone and not partner else _ROWS)
        parts = list(parts_of(experience, credit, partner, rows, self.config.update_tokens, self.device, each))
        if self._frozen:
            start = self._start()
            for part in parts:
                with torch.no_grad():
                    part.reference, _ = token_logprobs(start, part.batch, self.config.sampling.temperature)
        if self.critic is not None:
            self._criticise(parts, experience)
        return parts

    def _credit(self, experience: Experience) -> tuple[list[torch.Tensor], dict[int, int]]:
        """(for each output its credit: [1] or [length]; for each output in a pair the other one)."""
        judged, kind, advantage = experience.judged, self.method.credit, self.config.advantage
        if kind is Credit.PAIR:
            pairs = preference_pairs(judged.reward, self.config.dpo.pairs)
            credit = torch.zeros(len(experience.rollouts), 1)
            for better, worse, differs in pairs:
                credit[better], credit[worse] = float(differs), -float(differs)
            return list(credit), {one: other for a, b, _ in pairs for one, other in ((a, b), (b, a))}
        if kind is Credit.GROUP and advantage.supervision == "process":
            lengths = [len(rollout.tokens) for rollout in experience.rollouts]
            return process_advantages(judged.ends, judged.steps, lengths, experience.size, advantage), {}
        if kind is Credit.GROUP:
            return list(group_advantages(judged.reward, advantage).view(-1, 1)), {}
        # A verdict of a reward model is a probability: above one half it says right.
        right = (judged.reward > 0.5).float() if kind is Credit.RIGHT else torch.zeros_like(judged.reward)
        return list(right.view(-1, 1)), {}

    def _count(self, experience: Experience, credit: list[torch.Tensor], partner: dict[int, int]) -> None:
        """What the step's objective is a mean over, on all ranks together: outputs (or pairs), and tokens."""
        outputs = sum(float(one > 0) for one in credit) if partner else len(experience.rollouts)
        tokens = sum(len(rollout.tokens) for rollout in experience.rollouts)
        self._outputs, self._tokens = (max(1.0, value) for value in self._summed([float(outputs), float(tokens)]))

    def _criticise(self, parts: list[Part], experience: Experience) -> None:
        """PPO's credit (paper 4.1.1): the reward at the last token, the KL in the reward (Eq. 2), GAE, whitening."""
        config, reward = self.config, experience.judged.reward.flatten()
        sums = torch.zeros(3, dtype=torch.float64)
        for part in parts:
            mask = part.batch.mask
            with torch.no_grad():
                part.old, _ = token_logprobs(self.model, part.batch, config.sampling.temperature)
                part.values = token_values(self.critic, part.batch)
            rewards = torch.zeros_like(mask)
            if part.reference is not None:
                rewards = -config.beta * (part.old - part.reference) * mask
            last = mask.sum(1).long() - 1
            rewards[torch.arange(len(last)), last] += reward[part.batch.rows].to(rewards)
            part.credit, part.returns = generalised_advantages(
                rewards, part.values, mask, config.ppo.discount, config.ppo.trace
            )
            some = part.credit[mask > 0].double()
            sums += torch.tensor([len(some), float(some.sum()), float(some.square().sum())], dtype=torch.float64)
        if config.ppo.whiten:
            count, total, squares = self._summed(sums.tolist())
            mean = total / count
            deviation = max(squares / count - mean**2, 0.0) ** 0.5
            for part in parts:
                part.credit = (part.credit - mean) / (deviation + config.advantage.epsilon) * part.batch.mask

    def _summed(self, values: list[float]) -> list[float]:
        """The sums of numbers over the ranks."""
        if self.trainer.world_size == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        return list(self.trainer.strategy.reduce(tensor, reduce_op="sum").tolist())

    def _over_ranks(self, figures: dict[str, float]) -> dict[str, float]:
        """The mean of every figure over the ranks; each has a share of the step's questions."""
        summed = self._summed(list(figures.values()))
        return dict(zip(figures, (value / self.trainer.world_size for value in summed), strict=True))

    def _require_near(self, figures: dict[str, Any], parts: list[Part]) -> None:
        """Stop where the policy has run away from its reference (rl.max_kl), keeping the evidence."""
        if self.config.max_kl is None or figures["kl"] <= self.config.max_kl:
            return
        raise UserError(
            f"step {self.done}: KL to the reference {figures['kl']:.4g} exceeds rl.max_kl={self.config.max_kl}. "
            f"The batch of this step was saved to {self.keep_evidence(parts, 'kl')}. A smaller learning rate or a "
            "larger beta keeps the policy closer."
        )

    @contextmanager
    def _clock(self, phase: str) -> Iterator[None]:
        """Add the time of the block to the seconds of a phase of this step."""
        began = time.perf_counter()
        yield
        self._seconds[phase] += time.perf_counter() - began

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history, so that a resumed run reports all of it."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["mathmill_rl"] = {"history": self.history, "samples": self.samples}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the history up again."""
        super().on_load_checkpoint(checkpoint)
        self.history = checkpoint["mathmill_rl"]["history"]
        self.samples = checkpoint["mathmill_rl"]["samples"]


def wants_start(config: RlConfig) -> bool:
    """Whether a method holds the model it starts from: as source of outputs, in its margin, or for a KL term."""
    method = PARADIGM[config.method]
    keeps_near = method.credit in (Credit.CRITIC, Credit.GROUP) and config.beta > 0
    return method.offline or keeps_near or config.max_kl is not None
