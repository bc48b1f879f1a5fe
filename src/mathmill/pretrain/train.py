"""One pre-training run: from a folder and token files to a model and a report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mathmill.pretrain.config import PretrainConfig, run_of, steps_of
from mathmill.pretrain.heldout import bits_per_byte
from mathmill.pretrain.mixture import Mixture
from mathmill.pretrain.module import PretrainModule, batches, bits_per_nat
from mathmill.pretrain.source import Source
from mathmill.training import devices
from mathmill.training.data import rows_of
from mathmill.training.model import (
    WEIGHTS,
    build,
    has_weights,
    identity,
    load,
    load_tokenizer,
    parameter_count,
    save,
)
from mathmill.training.schedule import schedule_of
from mathmill.training.size import flops_per_token
from mathmill.training.trainer import Host, fit
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import ConfigError, UserError


def start(init: Path, config: PretrainConfig, attention: str) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model of folder `init`, or a fresh one where it holds a tokenizer alone; UserError where it is too short."""
    tokenizer = load_tokenizer(init)
    if not has_weights(init) and (init / "config.json").is_file():
        raise UserError(
            f"{init}: config.json but no {' or '.join(WEIGHTS)}; a fresh model is only made of a folder that holds a "
            "tokenizer alone"
        )
    model = load(init, attention) if has_weights(init) else build(config.model, tokenizer, config.seed, attention)
    if model.config.max_position_embeddings < config.context:
        raise UserError(
            f"pretrain.context={config.context} is longer than the {model.config.max_position_embeddings} positions "
            f"of {init if has_weights(init) else 'pretrain.model.context'}"
        )
    return model, tokenizer


def open_sources(tokens: Path, names: list[str], tokenizer: PreTrainedTokenizerFast, seed: int) -> dict[str, Source]:
    """The named sources; ConfigError for one that is absent, UserError for one that another tokenizer wrote."""
    known = sorted(folder.name for folder in tokens.iterdir() if folder.is_dir())
    sources = {}
    for name in names:
        if name not in known:
            raise ConfigError(f"pretrain: a mixture names {name}, which is no source; there are {', '.join(known)}")
        sources[name] = Source(tokens / name, seed)
        if sources[name].index["tokenizer"] != identity(tokenizer):
            raise UserError(f"{tokens / name}: written with another tokenizer than the one of the model to train")
    return sources


def train(stage: Host, name: str, config: PretrainConfig, tokens: Path, init: Path, out: Path) -> dict[str, Any]:
    """Train run `name`, save the model to `out` (rank 0), return the report.

    The report: budget, epochs of each source, bits per byte on held-out documents of every source, the loss curve.
    """
    run = run_of(config, name)
    devices.prepare(stage.runtime)
    model, tokenizer = start(init, config, stage.runtime.trainer.attention)
    mixture = Mixture(run.mixture, config.seed)
    sources = open_sources(tokens, mixture.names, tokenizer, config.seed)
    if empty := [name for name, source in sources.items() if not source.train.total]:
        raise UserError(f"{tokens / empty[0]}: no training tokens in it, and the mixture wants some")
    steps = steps_of(config, run)
    optim = config.optim if run.warmup is None else replace(config.optim, warmup=run.warmup)
    module = PretrainModule(
        model,
        optim,
        schedule_of(optim, steps),
        steps,
        config.batch * (config.context - 1),
        run.lr,
    )
    module.bits = {name: bits_per_nat(sources[name]) for name in mixture.names}
    module.flops_per_token = flops_per_token(model.config, config.context)
    fit(module, batches(sources, mixture, config.batch, config.context, config.isolate), steps, stage, seed=config.seed)
    if rank() > 0:
        return {}
    save(module.model, tokenizer, out)
    dealt = mixture.counts(steps * config.batch)
    return {
        "run": name,
        "ablation": run.ablation,
        "parameters": parameter_count(module.model),
        "steps": steps,
        "tokens": steps * config.batch * config.context,
        "mixture": run.mixture,
        "epochs": {
            source: round(dealt[source] * config.context / sources[source].train.total, 4) for source in mixture.names
        },
        "bits_per_byte": score(module.model, tokenizer, tokens, config, stage),
        "history": module.history,
    }


def score(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tokens: Path, config: PretrainConfig, stage: Host
) -> dict[str, Any]:
    """Bits per byte of every source of `tokens` that has held-out documents, in the mixture or not."""
    names = sorted(folder.name for folder in tokens.iterdir() if folder.is_dir())
    torch.nn.Module.to(model, devices.device(stage.runtime))  # transformers hides the signature of its own
    rows = rows_of(config.batch, config.context)
    found = {}
    with stage.progress(len(names), "held-out text", "source") as bar:
        for name in names:
            heldout = Source(tokens / name, config.seed).heldout
            figures = bits_per_byte(model, tokenizer, heldout, config.context, config.heldout_tokens, rows)
            if figures is not None:
                found[name] = figures
            bar.update(1)
    return found
