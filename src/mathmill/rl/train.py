"""From a model and questions to a tuned policy: the rounds of Algorithm 1 (paper, section 4.1.4), and the report."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from mathmill.reward.config import VerifierConfig
from mathmill.rl.config import RlConfig
from mathmill.rl.critic import critic_from
from mathmill.rl.engines.base import engine_of
from mathmill.rl.module import RlModule, wants_start
from mathmill.rl.paradigm import PARADIGM, Credit
from mathmill.rl.questions import Question, drawn, read_questions
from mathmill.training import devices
from mathmill.training.data import Batch, rank_share
from mathmill.training.model import cast, load, load_tokenizer, parameter_count, save
from mathmill.training.schedule import schedule_of
from mathmill.training.trainer import Host, fit
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, write_json

if TYPE_CHECKING:
    from mathmill.rl.reward_source import RewardSource

_SPARE = 1 << 40  # identities of the rows of spare questions begin here


def batches(questions: list[Question], config: RlConfig, first: int = 0) -> Callable[[int, int, int], Batch]:
    """make_batch of mathmill.training: a rank's questions of a step, and the identity of each of its rollouts.

    first: steps of the rounds before. An offline method gives a question's outputs the same identity whenever it is
    asked: the same outputs. `spare` holds the questions that may take the place of groups without variance.
    """
    offline, size = PARADIGM[config.method].offline, config.outputs

    def part(step: int, share: range, seed: int, base: int) -> Batch:
        places = drawn(len(questions), step, config.questions_per_step, seed)
        heads = [places[at] if offline else base + step * config.questions_per_step + at for at in share]
        return {
            "questions": [questions[places[at]] for at in share],
            "row_ids": [head * size + copy for head in heads for copy in range(size)],
        }

    def make(step: int, rank: int, world: int) -> Batch:
        share = rank_share(config.questions_per_step, rank, world)
        step += first
        spare = [part(step * config.resample + turn, share, config.seed + 1, _SPARE) for turn in range(config.resample)]
        return {**part(step, share, config.seed, 0), "spare": spare}

    return make


def train(
    host: Host,
    config: RlConfig,
    checkpoint: Path,
    questions: Path,
    validation: Path,
    out: Path,
    verifier: VerifierConfig | None = None,
    reward: "RewardSource | None" = None,
) -> dict[str, Any]:
    """Tune the model of folder `checkpoint` on `questions`, save it to folder `out`, return the report.

    reward: the reward model, where rl.reward names one. On another rank than the first nothing is saved, and {} is
    returned. The report: history (a row for each step; held_out_accuracy where it was measured, before that step's
    update), final accuracy on the held-out questions, the share of zero-variance groups, samples. Raises UserError
    where a question file is unusable, a training question is among the held-out ones, or the figures are no longer
    finite.
    """
    devices.prepare(host.runtime)
    asked, held_out = _questions(config, questions, validation)
    start, history = checkpoint, []
    module: RlModule | None = None
    for number in range(config.rounds):
        if module is not None:
            module = None
            gc.collect()  # it is part of a cycle, and holds models: the policy, the reference
        done, before = host.scratch / f"round_{number}", number * config.steps
        if not (done / "history.json").exists():
            module = _module(host, config, start, held_out, verifier, reward)
            name = config.method if config.rounds == 1 else f"{config.method}_{number}"
            fit(module, batches(asked, config, before), config.steps, Later(host, before), seed=config.seed, name=name)
            rows = [_rounded({**row, "step": row["step"] + before}) for row in module.history]
            if number + 1 < config.rounds:
                _finish(host, module, rows, done, reward, asked, number)
        if number + 1 < config.rounds:
            start, rows = done / "model", read_json(done / "history.json")
            reward = reward.after(done) if reward else None
        history += rows
    assert module is not None
    if rank() > 0:
        return {}  # only the first rank holds the trained model as a whole
    save(module.model, module.tokenizer, out)
    # A large policy is sampled from in the type that it was trained in: its cache would not fit in float32.
    mixed = config.optim.precision == "bf16-mixed" and devices.device(host.runtime).type == "cuda"
    cast(module.model, devices.device(host.runtime), torch.bfloat16 if mixed else torch.float32)
    return report(module, config, history, module.measure())


def _questions(config: RlConfig, questions: Path, validation: Path) -> tuple[list[Question], list[Question]]:
    """(what is asked in training, what only measures); UserError where the two overlap."""
    asked, held_out = read_questions(questions, config.languages), read_questions(validation)
    if config.eval_questions:
        held_out = held_out[: config.eval_questions]
    overlap = {item.question for item in asked} & {item.question for item in held_out}
    if overlap:
        raise UserError(f"{validation}: {len(overlap)} questions stand also in {questions}, such as {min(overlap)!r}")
    return asked, held_out


def _module(
    host: Host,
    config: RlConfig,
    start: Path,
    held_out: list[Question],
    verifier: VerifierConfig | None,
    reward: "RewardSource | None",
) -> RlModule:
    """The module of a round: policy, reference and critic begin with the weights of folder `start`."""
    model, tokenizer, engine = load(start), load_tokenizer(start), config.engine
    ranks = host.runtime.trainer.devices * host.runtime.trainer.num_nodes
    if engine.name != "transformers" and ranks > 1:
        raise UserError(
            f"rl.engine.name={engine.name}: takes new weights from one process so far, and there are {ranks} "
            "(runtime.trainer.devices x num_nodes); take rl.engine.name=transformers, or one device for training"
        )
    return RlModule(
        model,
        tokenizer,
        load(start) if wants_start(config) else None,
        config,
        schedule_of(config.optim, config.steps * config.updates),
        held_out,
        verifier,
        critic_from(start) if PARADIGM[config.method].credit is Credit.CRITIC else None,
        reward.scorer(config.reward, tokenizer, devices.device(host.runtime)) if reward else None,
        engine_of(
            engine.name,
            model,
            tokenizer.eos_token_id,
            config.rollout_rows,
            folder=start,
            scratch=host.scratch / "engine",
            address=engine.address,
            options={key: yaml.safe_load(value) for key, value in engine.options.items()},
        ),
    )


def _finish(
    host: Host,
    module: RlModule,
    rows: list[dict[str, float]],
    done: Path,
    reward: "RewardSource | None",
    asked: list[Question],
    number: int,
) -> None:
    """Keep what a round has made: the policy, the reward model trained on (Algorithm 1, line 12), the curve (last)."""
    if rank() == 0:
        save(module.model, module.tokenizer, done / "model")
    if reward is not None:
        reward.retrain(host, module, asked, done, number)
    if rank() == 0:
        write_json(done / "history.json", rows)
    module.trainer.strategy.barrier()


class Later:
    """A host whose steps come after those of the rounds before."""

    def __init__(self, host: Host, before: int) -> None:
        self._host, self._before = host, before
        self.run = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def metrics(self, values: dict[str, float], step: int) -> None:
        """Record `values` at the step of the whole run."""
        self._host.run.metrics(values, step=step + self._before)

    def flush(self) -> None:
        """Send what is waiting."""
        self._host.run.flush()


def report(module: RlModule, config: RlConfig, history: list[dict[str, float]], final: float) -> dict[str, Any]:
    """The stage's JSON: no times, so that equal runs give equal bytes.

    models: parameters that the method holds, by role; those of the policy and the critic are trained.
    """
    held = {"policy": module.model, "start": next(iter(module._frozen), None), "critic": module.critic}
    scorer = module.judge.scorer
    held["reward"] = getattr(scorer, "model", None)
    return {
        "method": config.method,
        "reward": config.reward,
        "supervision": config.advantage.supervision,
        "rounds": config.rounds,
        "steps": config.rounds * config.steps,
        "outputs_sampled": config.rounds * config.steps * config.questions_per_step * config.outputs,
        "models": {role: parameter_count(model) for role, model in held.items() if model is not None},
        "history": history,
        "final": {
            "held_out_accuracy": round(final, 6),
            "held_out_questions": len(module.held_out),
            "start_held_out_accuracy": history[0]["held_out_accuracy"],
            "reward_last_tenth": round(_tail(history, "reward"), 6),
            "zero_variance_last_tenth": round(_tail(history, "zero_variance"), 6),
        },
        "samples": module.samples,
    }


def _rounded(row: dict[str, Any]) -> dict[str, float]:
    return {key: round(float(value), 6) for key, value in row.items()}


def _tail(history: list[dict[str, float]], key: str) -> float:
    last = history[-max(1, len(history) // 10) :]
    return sum(row[key] for row in last) / len(last)
