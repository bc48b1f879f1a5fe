"""Configuration of stage `pretrain`: model, mixture, optimiser and budget of every run (paper 2.2, 2.3, 5.1)."""

from dataclasses import dataclass

from mathmill.training.config import ModelShape, OptimConfig
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.option import option


@dataclass
class RunConfig:
    """One run. Its init is the graph's (the tokenizer alone, or the run before) unless a folder is given."""

    init: str | None = option(
        None, "Hugging Face folder to start from: its weights, or fresh ones where it has none; null: the graph's"
    )
    mixture: dict[str, float] = option(dict, "source -> share of the tokens; shares are scaled to sum to one", ge=0)
    tokens: int = option(1_000_000, "budget: tokens trained on, rounded to whole steps", ge=1)
    ablation: str | None = option(None, "the comparison that this run belongs to; runs of one have equal budgets")
    lr: float | None = option(None, "peak learning rate; null: optim.lr", gt=0)
    warmup: int | None = option(None, "steps of warm-up; null: optim.warmup", ge=0)


@dataclass
class PretrainConfig:
    """Section `pretrain` of the configuration."""

    seed: int = option(0, "seed of fresh weights and of the order of documents", ge=0)
    run: str = option("base", "the run: the item of the stage")
    runs: dict[str, RunConfig] = option(dict, "run -> where it starts, what it reads and how much")
    model: ModelShape = option(ModelShape, "shape of runs that start without weights")
    optim: OptimConfig = option(OptimConfig, "AdamW and the multi-step schedule (paper 2.2)")
    batch: int = option(32, "sequences in one step", ge=1)
    context: int = option(256, "tokens in one sequence; documents are packed end to end", ge=8)
    isolate: bool = option(
        False, "keep attention inside a document and reset positions at its start; the paper is silent"
    )
    heldout_tokens: int = option(20_000, "held-out tokens of each source that bits per byte are measured on", ge=1)

    def faults(self) -> dict[str, str]:
        """The run must be one of the runs."""
        if not self.runs or self.run in self.runs:
            return {}
        return {"run": f"{self.run!r} is not one of {', '.join(self.runs)}"}


def run_of(config: PretrainConfig, name: str) -> RunConfig:
    """The run's own configuration; ConfigError where there is none or its mixture is empty."""
    run = config.runs.get(name)
    if run is None:
        raise ConfigError(f"pretrain.runs.{name}: no such run; there are {', '.join(sorted(config.runs)) or 'none'}")
    if not any(run.mixture.values()):
        raise ConfigError(f"pretrain.runs.{name}.mixture: at least one source needs a positive share")
    return run


def steps_of(config: PretrainConfig, run: RunConfig) -> int:
    """Optimiser steps of a budget in tokens; raises ConfigError where it is less than one batch."""
    batch = config.batch * config.context
    if run.tokens < batch:
        raise ConfigError(
            f"a run of {run.tokens:,} tokens is less than one batch of {config.batch:,} x {config.context:,}: "
            "raise pretrain.runs.<run>.tokens, or lower pretrain.batch"
        )
    return round(run.tokens / batch)
