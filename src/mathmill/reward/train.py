"""A reward model from a base model, a sampler and questions: sample, label, train, measure on held-out questions."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from mathmill.reward.config import RewardConfig
from mathmill.reward.labelling import Judged
from mathmill.reward.learn import learn
from mathmill.reward.model import Scorer, build
from mathmill.reward.quality import outcome_quality, process_quality, rounded
from mathmill.reward.samples import write_samples
from mathmill.reward.shards import SETS, labelled_sets
from mathmill.training import devices
from mathmill.training.model import identity, load_tokenizer, save
from mathmill.training.trainer import Host
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_json

_POLL_SECONDS = 0.5


def labelled(
    host: Host, config: RewardConfig, sampler: Path, questions: Path, validation: Path
) -> dict[str, list[Judged]]:
    """The judged solutions of both SETS (questions: train, validation: held_out); shards in the host's scratch.

    The first rank makes them, the others wait for it.
    """
    ready = host.scratch / "labels.json"
    while rank() > 0 and not ready.exists():
        time.sleep(_POLL_SECONDS)
    files = dict(zip(SETS, (questions, validation), strict=True))
    found = labelled_sets(config.kind, files, sampler, config, host.runtime, host.scratch / "labels")
    if rank() == 0:
        write_json(ready, {name: len(judged) for name, judged in found.items()})
    return found


def train(
    host: Host, config: RewardConfig, checkpoint: Path, sampler: Path, found: dict[str, list[Judged]], out: Path
) -> dict[str, Any]:
    """Train the reward model of `config.kind`, save it to `out` (rank 0), return the report ({} on other ranks).

    checkpoint: the causal language model that it starts from. sampler: the model whose solutions `found` holds. A
    killed run goes on from its checkpoints. What was learned from is kept in `out`, for when the model is trained on.
    UserError where the two have different tokenizers.
    """
    tokenizer = load_tokenizer(checkpoint)
    if identity(tokenizer) != identity(load_tokenizer(sampler)):
        raise UserError(f"{checkpoint} and {sampler} have different tokenizers: a reward model reads the sampler's ids")
    start = build(checkpoint, config.kind, config.steps.delimiters, config.seed, host.runtime.trainer.attention)
    samples = [one.labelled(config.labels) for one in found["train"]]
    model, curve = learn(host, config, start, samples, "training", config.seed)
    if rank() > 0:
        return {}
    save(model, tokenizer, out)
    write_samples(out, samples)
    torch.nn.Module.to(model, devices.device(host.runtime))  # transformers hides the signature of its own
    held_out = found["held_out"]
    scored = Scorer(model, tokenizer, config.score_tokens).score(
        [one.prompt for one in held_out], [one.output for one in held_out]
    )
    if config.kind == "outcome":
        quality = outcome_quality(held_out, scored)
    else:
        quality = process_quality(held_out, scored, config.labels)
    data = {name: counts(found[name], config.labels) for name in SETS}
    return rounded({"kind": config.kind, "labels": config.labels, "data": data, **curve, "held_out": quality})


def counts(judged: Sequence[Judged], labels: str) -> dict[str, int | float]:
    """What was learnt from, or measured on: solutions, right ones, labelled ends, and the mean of their labels."""
    ends = [label for one in judged for label in one.labelled(labels).labels]
    return {
        "questions": len({one.question for one in judged}),
        "solutions": len(judged),
        "right": sum(one.correct for one in judged),
        "ends": len(ends),
        "mean_label": sum(ends) / max(1, len(ends)),
        "completed_steps": sum(len(one.ends) - 1 for one in judged),
        "tokens": sum(len(one.prompt) + len(one.output) for one in judged),
    }
