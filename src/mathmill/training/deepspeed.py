"""DeepSpeed under Lightning, mended: ZeRO on GPUs as well as on CPU ranks (gloo).

Versions that this was checked with: lightning 2.6, deepspeed 0.19. Each mend names what it mends.
"""

import atexit
import logging
import os
import re
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.plugins.precision import DeepSpeedPrecision
from lightning.pytorch.strategies import DeepSpeedStrategy
from transformers import PreTrainedModel

from mathmill.training.reshape import TAG, for_world
from mathmill.training.size import EXCHANGE
from mathmill.workflow.errors import ConfigError

NAMES = re.compile(r"deepspeed_(?:stage_|zero)([123])(_offload)?")


def strategy_of(name: str, clip: float, parameters: int, gathers: bool = False) -> "TrainingDeepSpeedStrategy":
    """The strategy that a name such as deepspeed_stage_2 or deepspeed_stage_3_offload stands for.

    parameters: of the model; no bucket of gradients needs to be larger. gathers: the phase gathers whole weights inside
    its step, which ZeRO-3 (0.19) refuses for those that it is just fetching ahead.
    """
    found = NAMES.fullmatch(name)
    if found is None:
        raise ConfigError(
            f"runtime.trainer.strategy={name}: expected deepspeed_stage_1, 2 or 3, with or without _offload"
        )
    offload = found[2] is not None
    strategy = TrainingDeepSpeedStrategy(
        stage=int(found[1]),
        offload_optimizer=offload,
        offload_parameters=offload and found[1] == "3",
        reduce_bucket_size=min(EXCHANGE, parameters),
        allgather_bucket_size=min(EXCHANGE, parameters + parameters % 2),  # DeepSpeed wants it even
        logging_level=logging.ERROR,
        logging_batch_size_per_gpu=1,  # batches are made by step; the number only feeds DeepSpeed's own log
    )
    assert isinstance(strategy.config, dict)
    if gathers:
        strategy.config["zero_optimization"]["stage3_prefetch_bucket_size"] = 0
    strategy.config.update(
        gradient_clipping=clip,
        data_types={"grad_accum_dtype": "fp32"},
        # Else offloading compiles DeepSpeed's own Adam with a C++ compiler at the first step.
        zero_force_ds_cpu_optimizer=False,
    )
    return strategy


class KeepInputs(DeepSpeedPrecision):
    """Lightning would cast every float in a batch (advantages, log-probabilities) to bfloat16; inputs stay as made."""

    def convert_input(self, data: Any) -> Any:
        """The batch, unchanged."""
        return data


def _close_group() -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class TrainingDeepSpeedStrategy(DeepSpeedStrategy):
    """Lightning's DeepSpeedStrategy with CPU ranks allowed and with resume mended."""

    def setup_environment(self) -> None:
        """Join the process group; on CPU ranks without the CUDA check that Lightning makes."""
        atexit.register(_close_group)  # else a rank now and then aborts at exit
        if not isinstance(self.accelerator, CPUAccelerator):
            return super().setup_environment()
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # read at the first `import deepspeed`
        import deepspeed.ops

        # A shared-memory all-reduce that only inference uses, built with g++ and ninja when the group starts.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
        # Lightning's CPU devices carry no index; Lightning's own check and DeepSpeed's want one.
        self.parallel_devices = [torch.device("cpu", index) for index in range(len(self.parallel_devices or []))]
        super(DeepSpeedStrategy, self).setup_environment()
        return None

    def backward(self, closure_loss: torch.Tensor, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Backward without DeepSpeed's division by the accumulation steps: shares of a loss are summed here."""
        kwargs.setdefault("scale_wrt_gas", False)
        return super().backward(closure_loss, optimizer, *args, **kwargs)

    def resumable(self, state: Path, world: int) -> Path:
        """What to load for a checkpoint that perhaps another number of processes wrote; called before the start."""
        found, universal = for_world(state, world)
        assert isinstance(self.config, dict)
        if universal:
            self.config["checkpoint"] = {"load_universal": True}
        return found

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """Load, and under ZeRO-3 with a changed world size give each group its own hyper-parameters back.

        DeepSpeed 0.19 copies group 0's to every group there, and shares one `step` tensor among all sub-groups.
        """
        groups = self.optimizers[0].param_groups if self.optimizers else []
        kept = ("weight_decay", "betas", "eps", "initial_lr")
        before = [{key: group[key] for key in kept if key in group} for group in groups]
        state = super().load_checkpoint(checkpoint_path, weights_only)
        assert isinstance(self.config, dict)
        if self.zero_stage_3 and self.config.get("checkpoint", {}).get("load_universal"):
            for group, values in zip(groups, before, strict=True):
                group.update(values)
            wrapped: Any = self.optimizers[0] if self.optimizers else None
            for entry in wrapped.optimizer.state.values() if wrapped else ():
                if torch.is_tensor(entry.get("step")):
                    entry["step"] = entry["step"].clone()
        return state


def consolidated(model: PreTrainedModel, state: Path) -> PreTrainedModel:
    """A whole float32 copy of `model` with the weights of a DeepSpeed checkpoint (any ZeRO stage, any world size).

    The model itself may be partitioned; only its type and its configuration are used.
    """
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    found = get_fp32_state_dict_from_zero_checkpoint(str(state), tag=TAG)
    # Under the names of a PhaseModule, which holds the model as `model`, and beside it perhaps a critic.
    names = {key: key.removeprefix("_forward_module.") for key in found}
    weights = {name.removeprefix("model."): found[key] for key, name in names.items() if name.startswith("model.")}
    whole = type(model)(model.config)
    missing, unexpected = whole.load_state_dict(weights, strict=False)
    tied = set(getattr(whole, "_tied_weights_keys", None) or ())
    if unexpected or set(missing) - tied:
        raise RuntimeError(f"{state}: weights do not fit the model: missing {missing}, unexpected {unexpected}")
    whole.tie_weights()
    return whole
