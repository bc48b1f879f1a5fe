"""The machine's side of a training phase: threads, precision of products, device. No result depends on it."""

import logging
import os
import sys
import warnings

import torch
from transformers import PreTrainedModel

from mathmill.training import gated, norm, rotary
from mathmill.workflow.config import RuntimeConfig, TrainerConfig


def prepare(runtime: RuntimeConfig) -> None:
    """Apply the runtime's threads and precision of float32 products to this process, and quieten the libraries."""
    if runtime.threads is not None:
        torch.set_num_threads(runtime.threads)
    torch.set_float32_matmul_precision(runtime.trainer.precision_matmul)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Hints about loader workers and loggers; both are chosen on purpose in trainer.py.
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch\..*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def equip(model: PreTrainedModel, trainer: TrainerConfig) -> None:
    """Rotary positions and norms of our own; by configuration, activation checkpointing and compiled blocks.

    Nothing of it reaches the saved folder; sampling from the model (in eval mode) is not checkpointed.
    """
    rotary.install(model)
    norm.install(model)
    gated.install(model)
    if trainer.activation_checkpointing:
        # Reentrant checkpoints hide the backward pass from the hooks of DDP and ZeRO.
        model.activation_checkpointing_enable({"use_reentrant": False})
    if trainer.compile:
        for block in model.get_decoder().layers:
            block.compile()


def most_memory() -> int:
    """The most bytes that this process has taken so far: of its GPU, or of the machine's memory without one."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def device(runtime: RuntimeConfig) -> torch.device:
    """Where this process computes outside the trainer (evaluation, sampling before training)."""
    accelerator = runtime.trainer.accelerator
    if accelerator in ("gpu", "cuda") or (accelerator == "auto" and torch.cuda.is_available()):
        # Lightning's launchers and torchrun say which of the node's GPUs is this process's, or Slurm does.
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK") or os.environ.get("SLURM_LOCALID") or 0))
    return torch.device("mps" if accelerator == "mps" else "cpu")
