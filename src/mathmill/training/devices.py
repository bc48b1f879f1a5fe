"""The machine's side of a training phase: threads, precision of products, device. No result depends on it."""

import ctypes
import logging
import os
import sys
import warnings

import torch
from transformers import PreTrainedModel

from mathmill.workflow.config import RuntimeConfig, TrainerConfig

# glibc's mallopt: parameters, and the largest threshold that every version takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_FROM, _TRIM_FROM = 1 << 25, 1 << 30


def prepare(runtime: RuntimeConfig) -> None:
    """Apply the runtime's threads and precision of float32 products to this process, and quieten the libraries."""
    keep_freed_memory()
    if runtime.threads is not None:
        torch.set_num_threads(runtime.threads)
    torch.set_float32_matmul_precision(runtime.trainer.precision_matmul)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Hints about loader workers and loggers; both are chosen on purpose in trainer.py.
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch\..*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def keep_freed_memory() -> bool:
    """Have the C library keep what a training step frees, for the next step; whether it could be told (glibc can).

    By itself glibc hands large tensors back to the system and takes them again, zeroed page by page, in every step:
    about two per cent of the time of a small model on CPUs. No number changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    # The order matters: a trim threshold alone would fix the other one at its smallest.
    return mallopt is not None and bool(
        mallopt(_M_MMAP_THRESHOLD, _MMAP_FROM) and mallopt(_M_TRIM_THRESHOLD, _TRIM_FROM)
    )


def equip(model: PreTrainedModel, trainer: TrainerConfig) -> None:
    """Switch on activation checkpointing and compilation of the blocks, in place, where the configuration wants them.

    Neither reaches the saved folder; sampling from the model (in eval mode) is not checkpointed.
    """
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
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("mps" if accelerator == "mps" else "cpu")
