"""PhaseModule: the Lightning module that pre-training, instruction tuning and reinforcement learning extend.

One training step is one call of training_step: it may sample, score, and update any number of times. Updates go
through `descend`, which splits the work into parts that fit the memory and is the same on one process, under DDP and
under DeepSpeed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

from mathmill.training.config import OptimConfig
from mathmill.training.data import Batch
from mathmill.training.optim import adamw
from mathmill.training.schedule import Schedule
from mathmill.training.spike import SpikeWatch
from mathmill.workflow.errors import UserError


class PhaseModule(lightning.LightningModule):
    """A model, its optimiser and its schedule; subclasses give `share`, or a training_step of their own.

    model: trained in place. schedule: factor of the peak rate at each update. lr: the peak, optim.lr where None.
    done: training steps that have been finished, kept in checkpoints. micro_batch: sequences in one forward pass.
    """

    gathers = False  # whether a step needs the weights as a whole, to sample from them

    def __init__(self, model: PreTrainedModel, optim: OptimConfig, schedule: Schedule, lr: float | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model = model
        self.optim = optim
        self.schedule = schedule
        self.lr = lr
        self.done = 0
        self.micro_batch: int | None = None
        self.evidence = Path()  # where the batch of a step that went wrong is written; set by fit
        self.log_every = 1  # steps between two logged points; set by fit
        self.flops_per_token: float | None = None  # of a training pass, for the model FLOP utilisation
        self.watch = SpikeWatch(optim.spike)

    @property
    def trained(self) -> list[PreTrainedModel]:
        """All models that the optimiser changes."""
        return [self.model]

    def share(self, part: Batch) -> torch.Tensor:
        """What this part adds to the step's loss: the shares of all parts of all ranks sum to the loss."""
        raise NotImplementedError

    def training_step(self, batch: Batch, index: int) -> dict[str, Any]:
        """One update on `batch`. The returned figures are logged as train/<name>; `tokens` becomes a rate."""
        return {**self.descend(self.parts(batch), self.share), "tokens": batch["input_ids"].numel()}

    def parts(self, batch: Batch) -> list[Batch]:
        """The batch in pieces of at most `micro_batch` sequences; entries that are no tensors go to every piece."""
        size = self.micro_batch or len(batch["input_ids"])
        return [
            {key: value[i : i + size] if torch.is_tensor(value) else value for key, value in batch.items()}
            for i in range(0, len(batch["input_ids"]), size)
        ]

    def descend(self, parts: Sequence[Any], share: Callable[[Any], torch.Tensor]) -> dict[str, Any]:
        """One optimiser step on the sum over `parts` and ranks of `share(part)`; every rank has as many parts.

        Returns loss, grad_norm (before clipping) and lr. A spike (optim.spike; at least a loss or a norm that is not
        finite) stops the run with UserError or skips the update (figure `skipped`), as optim.on_spike says, and what
        the step worked on is saved beside the checkpoints.
        """
        optimizer: Any = self.optimizers()
        scheduler: Any = self.lr_schedulers()
        engine: Any = self.trainer.model  # the module itself, its DDP wrapper or DeepSpeed's engine
        total = torch.zeros((), device=self.device)
        for index, part in enumerate(parts):
            self._announce(first=index == 0, last=index == len(parts) - 1)
            loss = share(part)
            # Ranks' gradients are averaged, shares are summed.
            self.manual_backward(loss * self.trainer.world_size)
            total += loss.detach()
            del loss  # and what is left of its graph, before the next one is built
        value = float(self.trainer.strategy.reduce(total, reduce_op="sum"))
        lr = optimizer.param_groups[0]["lr"]
        norm = self._clip()
        sound = norm is None or self._sound(value, norm, parts)
        if sound:
            optimizer.step()
        if norm is None:  # DeepSpeed reduces and clips inside its step
            norm = float(engine.get_global_grad_norm() or 0.0)
            self._sound(value, norm, parts)
        else:
            optimizer.zero_grad()
        # Autocast keeps bfloat16 copies of the weights as long as the training step lasts; they are out of date now.
        torch.clear_autocast_cache()
        scheduler.step()
        # Lightning wants a tensor under this one name.
        figures = {"loss": torch.tensor(value, dtype=torch.float64), "grad_norm": norm, "lr": lr}
        return figures if self.optim.on_spike == "stop" else {**figures, "skipped": float(not sound)}

    def configure_optimizers(self) -> Any:
        """AdamW and the schedule; Lightning keeps the state of both in the checkpoints."""
        optimizer = adamw(self.parameters(), self.optim, self.lr)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, self.schedule),
                "interval": "step",
            },
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the number of finished steps: all that is needed to know which batch comes next."""
        checkpoint["mathmill_done"] = self.done
        checkpoint["mathmill_watch"] = self.watch.means

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on after the last finished step."""
        self.done = checkpoint["mathmill_done"]
        self.watch.means = checkpoint["mathmill_watch"]

    @property
    def _deepspeed(self) -> bool:
        return hasattr(self.trainer.strategy, "deepspeed_engine")

    def _announce(self, first: bool, last: bool) -> None:
        """Tell the strategy about the next part: gradients are exchanged in the backward pass of the last one."""
        wrapped: Any = self.trainer.model
        if self._deepspeed:
            wrapped.set_gradient_accumulation_boundary(last)
            if not first:
                # DeepSpeed does this at the start of its forward, which here is the whole training step; without it
                # ZeRO-3 (0.19) overwrites the gradient of the part before instead of adding to it.
                wrapped.optimizer.clear_backward_seen_flag()
        elif hasattr(wrapped, "require_backward_grad_sync"):
            wrapped.require_backward_grad_sync = last

    def _clip(self) -> float | None:
        """Clip the gradient to optim.clip and return its norm before; None where DeepSpeed does it."""
        if self._deepspeed:
            return None
        limit = self.optim.clip or float("inf")
        return float(torch.nn.utils.clip_grad_norm_(self.parameters(), limit, foreach=True))

    def _sound(self, loss: float, norm: float, parts: Sequence[Any]) -> bool:
        """Whether the update may be made. Where training has broken down, keep the evidence, and stop or say no."""
        if not self.watch.is_spike(loss, norm):
            return True
        place = self.keep_evidence(parts, "spike")
        if self.optim.on_spike == "skip":
            return False
        raise UserError(
            f"step {self.done}: loss {loss}, gradient norm {norm}. The batch of this step was saved to {place}. "
            "A smaller learning rate, a longer warm-up or tighter clipping usually helps; optim.on_spike=skip leaves "
            "such updates out."
        )

    def keep_evidence(self, parts: Sequence[Any], fault: str) -> Path:
        """Save what this step worked on beside the checkpoints; returns the file."""
        place = self.evidence / f"{fault}_step_{self.done}_rank_{self.global_rank}.safetensors"
        place.parent.mkdir(parents=True, exist_ok=True)
        save_file(evidence(parts), place)
        return place


def evidence(parts: Sequence[Any]) -> dict[str, torch.Tensor]:
    """The tensors of a step's parts by name (`part_0.input_ids`); attributes of objects and entries of mappings."""
    found = {}
    for index, part in enumerate(parts):
        entries = part if isinstance(part, dict) else getattr(part, "__dict__", {})
        for key, value in entries.items():
            if torch.is_tensor(value):
                found[f"part_{index}.{key}"] = value.detach().cpu().clone().contiguous()
    return found
