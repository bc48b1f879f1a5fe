"""fit: the Lightning trainer of every phase, with checkpoints and exact resume.

Killed at any moment, the next call with the same scratch folder goes on from the last whole checkpoint. The batch, the
schedule and the random numbers of a step are functions of (seed, step, rank), so on one CPU process the weights are
those of an uninterrupted run, bit for bit.
"""

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as lightning
import numpy
import torch
from lightning.pytorch.strategies import Strategy

from mathmill.training import devices
from mathmill.training.checkpoint import Checkpoints
from mathmill.training.data import MakeBatch, StepDataset, StepLoader
from mathmill.training.model import parameter_count
from mathmill.training.phase import PhaseModule
from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.errors import ConfigError, UserError


class Log(Protocol):
    """What fit needs of a tracking run."""

    def metrics(self, values: dict[str, float], step: int) -> None:
        """Record `values` at `step`."""

    def flush(self) -> None:
        """Send what is waiting."""


class Bar(Protocol):
    """What fit needs of a progress bar."""

    def update(self, n: int) -> Any:
        """Move on by `n`."""


class Host(Protocol):
    """What fit needs of a stage (mathmill.workflow.stage.Stage is one)."""

    @property
    def name(self) -> str:
        """The name of the stage."""

    @property
    def runtime(self) -> RuntimeConfig:
        """The section `runtime`."""

    @property
    def scratch(self) -> Path:
        """Folder of unfinished work."""

    @property
    def run(self) -> Log:
        """The tracking run."""

    def progress(self, total: int, description: str, unit: str) -> AbstractContextManager[Bar]:
        """A progress bar."""


def fit(
    module: PhaseModule, make_batch: MakeBatch, steps: int, stage: Host, *, seed: int, name: str = "training"
) -> None:
    """Train `module` until `steps` training steps are finished, going on from a checkpoint of the same scratch.

    make_batch(step, rank, world): see StepDataset. seed: of the random numbers drawn during steps. name: folder of
    the checkpoints in stage.scratch and words of the progress bar; a stage that calls fit twice gives two names.
    When it returns, module.model holds the trained weights on the CPU in float32, whole on rank 0.
    """
    runtime = stage.runtime
    devices.prepare(runtime)
    checkpoints = Checkpoints(stage.scratch / name)
    module.evidence = stage.scratch / name
    module.micro_batch, module.log_every = runtime.micro_batch, runtime.log_every
    module.train()
    for model in module.trained:
        devices.equip(model, runtime.trainer)
    strategy, plugins = _strategy(runtime, module)
    with stage.progress(steps, f"{stage.name} {name}", "step") as bar:
        trainer = lightning.Trainer(
            accelerator=runtime.trainer.accelerator,
            devices=runtime.trainer.devices,
            num_nodes=runtime.trainer.num_nodes,
            strategy=strategy,
            **({"plugins": plugins} if plugins else {"precision": module.optim.precision}),
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            callbacks=[_Steps(stage, checkpoints, steps, seed, bar)],
        )
        data = StepDataset(make_batch, lambda: module.done, steps, lambda: (trainer.global_rank, trainer.world_size))
        # Checkpoints are this program's own, in its own scratch folder.
        trainer.fit(module, StepLoader(data), ckpt_path=_resume(checkpoints, strategy, runtime), weights_only=False)
    if module.done != steps:
        raise RuntimeError(f"training stopped after {module.done} of {steps} steps")
    if plugins and trainer.is_global_zero:
        from mathmill.training.deepspeed import consolidated

        final = checkpoints.latest()
        assert final is not None
        module.model = consolidated(module.model, final)


def _resume(checkpoints: Checkpoints, strategy: str | Strategy, runtime: RuntimeConfig) -> Path | None:
    """What the trainer loads, None at the beginning; UserError for what another kind of strategy wrote."""
    found = checkpoints.latest()
    if found is None:
        return None
    if found.is_dir() == isinstance(strategy, str):
        raise UserError(
            f"{found}: written {'with' if found.is_dir() else 'without'} DeepSpeed, and runtime.trainer.strategy is "
            f"{runtime.trainer.strategy}; go on with the strategy of before, or start anew without {checkpoints.folder}"
        )
    if isinstance(strategy, str):
        return found
    from mathmill.training.deepspeed import TrainingDeepSpeedStrategy

    assert isinstance(strategy, TrainingDeepSpeedStrategy)
    return strategy.resumable(found, runtime.trainer.devices * runtime.trainer.num_nodes)


def _strategy(runtime: RuntimeConfig, module: PhaseModule) -> tuple[str | Strategy, list[Any]]:
    """Lightning's strategy, and the plugins that go with it."""
    name = runtime.trainer.strategy
    if not name.startswith("deepspeed"):
        return name, []
    if module.optim.on_spike == "skip":
        raise ConfigError(
            f"optim.on_spike=skip: DeepSpeed knows the gradient's norm only after the update; use stop with {name}"
        )
    from mathmill.training.deepspeed import KeepInputs, strategy_of

    if module.optim.precision == "bf16-mixed" and "stage_1" in name:
        raise ConfigError(
            f"runtime.trainer.strategy={name}: DeepSpeed 0.19 keeps bfloat16 under stage 1 in a form of its own that "
            "cannot be read back into a model; take deepspeed_stage_2, which also takes less memory"
        )
    strategy = strategy_of(name, module.optim.clip, parameter_count(module), module.gathers)
    return strategy, [KeepInputs(module.optim.precision)]  # type: ignore[arg-type]


class _Steps(lightning.Callback):
    """Around every step: random numbers, the count, figures, the progress bar, checkpoints."""

    def __init__(self, stage: Host, checkpoints: Checkpoints, steps: int, seed: int, bar: Bar) -> None:
        self.stage, self.checkpoints, self.steps, self.seed, self.bar = stage, checkpoints, steps, seed, bar
        self.tokens = 0
        self.logged = self.saved = time.monotonic()

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Show what an earlier attempt has done, and start the clocks."""
        self.bar.update(_phase(module).done)
        self.logged = self.saved = time.monotonic()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, batch: Any, index: int
    ) -> None:
        """Random numbers of a step do not depend on how the run came to it."""
        seed = step_seed(self.seed, _phase(module).done, trainer.global_rank)
        if trainer.strategy.root_device.type == "cpu":
            # torch.manual_seed also writes each call down, with its stack, for every kind of device that may yet come.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        """Count the step, log, save."""
        phase = _phase(module)
        phase.done += 1
        self.bar.update(1)
        figures = dict(outputs or {})
        self.tokens += int(figures.pop("tokens", 0)) * trainer.world_size
        every = self.stage.runtime.log_every
        if phase.done % every == 0 or phase.done == self.steps:
            self._log(trainer, phase.done, figures)
        if phase.done == self.steps or self._due(trainer, phase.done):
            self._save(trainer, phase.done)

    def _log(self, trainer: lightning.Trainer, done: int, figures: dict[str, Any]) -> None:
        now = time.monotonic()
        if trainer.is_global_zero:
            values = {f"train/{key}": float(value) for key, value in figures.items()}
            if self.tokens:
                values |= self._speed(trainer, self.tokens / max(now - self.logged, 1e-9))
            values["train/memory_gb"] = devices.most_memory() / 1e9
            self.stage.run.metrics(values, step=done)
        self.tokens, self.logged = 0, now

    def _speed(self, trainer: lightning.Trainer, rate: float) -> dict[str, float]:
        """Tokens per second, and the share of the devices' peak that they make."""
        found = {"train/tokens_per_second": rate}
        peak, each = self.stage.runtime.trainer.peak_flops, _phase(trainer.lightning_module).flops_per_token
        if peak is not None and each is not None:
            found["train/model_flop_utilisation"] = rate * each / (peak * trainer.world_size)
        return found

    def _due(self, trainer: lightning.Trainer, done: int) -> bool:
        """Whether it is time for a checkpoint; ranks ask rank 0, and not in every step (the answer is a collective)."""
        late = time.monotonic() - self.saved >= self.stage.runtime.checkpoint_every_seconds
        if trainer.world_size == 1:
            return late
        return done % self.stage.runtime.log_every == 0 and bool(trainer.strategy.broadcast(late))

    def _save(self, trainer: lightning.Trainer, done: int) -> None:
        if trainer.is_global_zero:
            self.checkpoints.clear(done)
            # A checkpoint never runs ahead of the curve: a resumed run logs no step before it again.
            self.stage.run.flush()
        trainer.strategy.barrier()
        trainer.save_checkpoint(self.checkpoints.begin(done))
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            self.checkpoints.seal(done)
        trainer.strategy.barrier()
        self.saved = time.monotonic()


def _phase(module: lightning.LightningModule) -> PhaseModule:
    assert isinstance(module, PhaseModule)
    return module


def step_seed(seed: int, step: int, rank: int) -> int:
    """A 63-bit seed for (seed, step, rank); neighbours are unrelated."""
    words = numpy.random.SeedSequence([seed, step, rank]).generate_state(2, numpy.uint32)
    return (int(words[0]) << 31) ^ int(words[1])
