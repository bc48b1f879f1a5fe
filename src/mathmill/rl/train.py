"""From a model and questions to a tuned policy: assemble the module, train it, report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mathmill.reward.config import VerifierConfig
from mathmill.rl.config import RlConfig
from mathmill.rl.module import GrpoModule
from mathmill.rl.questions import Question, drawn, read_questions
from mathmill.training import devices
from mathmill.training.data import Batch, rank_share
from mathmill.training.model import load, load_tokenizer, save
from mathmill.training.schedule import schedule_of
from mathmill.training.trainer import Host, fit
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError


def batches(questions: list[Question], config: RlConfig) -> Callable[[int, int, int], Batch]:
    """make_batch of mathmill.training: a rank's questions of a step, and the identity of each of its rollouts."""

    def make(step: int, rank: int, world: int) -> Batch:
        share = rank_share(config.questions_per_step, rank, world)
        asked = drawn(questions, step, config.questions_per_step, config.seed)
        first = (step * config.questions_per_step + share.start) * config.outputs
        return {
            "questions": [asked[place] for place in share],
            "row_ids": list(range(first, first + len(share) * config.outputs)),
        }

    return make


def train(
    host: Host,
    config: RlConfig,
    checkpoint: Path,
    questions: Path,
    validation: Path,
    out: Path,
    verifier: VerifierConfig | None = None,
) -> dict[str, Any]:
    """Tune the model of folder `checkpoint` on `questions`, save it to folder `out`, return the report.

    On another rank than the first nothing is saved, and {} is returned.
    The report: history (a row for each step; held_out_accuracy where it was measured, before that step's update), final
    accuracy on the held-out questions, the share of zero-variance groups, samples. Raises UserError where a question
    file is unusable, a training question is among the held-out ones, or the figures are no longer finite.
    """
    devices.prepare(host.runtime)
    asked, held_out = read_questions(questions, config.languages), read_questions(validation)
    if config.eval_questions:
        held_out = held_out[: config.eval_questions]
    overlap = {item.question for item in asked} & {item.question for item in held_out}
    if overlap:
        raise UserError(f"{validation}: {len(overlap)} questions stand also in {questions}, such as {min(overlap)!r}")
    tokenizer = load_tokenizer(checkpoint)
    module = GrpoModule(
        load(checkpoint),
        tokenizer,
        load(checkpoint) if config.beta else None,
        config,
        schedule_of(config.optim, config.steps * config.updates),
        held_out,
        verifier,
    )
    fit(module, batches(asked, config), config.steps, host, seed=config.seed, name=config.method)
    final = module.measure()
    if rank() > 0:
        return {}
    save(module.model, tokenizer, out)
    return report(module, config, final)


def report(module: GrpoModule, config: RlConfig, final: float) -> dict[str, Any]:
    """The stage's JSON: no times, so that equal runs give equal bytes."""
    rounded = [{key: round(float(value), 6) for key, value in row.items()} for row in module.history]
    return {
        "method": config.method,
        "steps": config.steps,
        "outputs_sampled": config.steps * config.questions_per_step * config.outputs,
        "history": rounded,
        "final": {
            "held_out_accuracy": round(final, 6),
            "held_out_questions": len(module.held_out),
            "start_held_out_accuracy": rounded[0]["held_out_accuracy"],
            "reward_last_tenth": round(_tail(rounded, "reward"), 6),
            "zero_variance_last_tenth": round(_tail(rounded, "zero_variance"), 6),
        },
        "samples": module.samples,
    }


def _tail(history: list[dict[str, float]], key: str) -> float:
    last = history[-max(1, len(history) // 10) :]
    return sum(row[key] for row in last) / len(last)
