"""A phase with every allocation of torch counted: python run_measured.py SCRATCH STRATEGY RANKS PRECISION ROWS MICRO.

Prints one line, `measured {...}`, on rank 0: the most bytes at one time in a training step, and the same as planned.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
STEP = 2  # by then the optimiser's states are there


def peak(events) -> int:
    """The most bytes allocated at one time inside the event `measured`; allocations are counted from the beginning."""
    window = next(event for event in events if event.name() == "measured")
    first, last = window.start_ns(), window.start_ns() + window.duration_ns()
    held = most = 0
    for moment, size in sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"):
        held += size
        if first <= moment <= last:
            most = max(most, held)
    return most


def measure(
    scratch: Path,
    strategy: str,
    ranks: int,
    precision: str,
    rows: int,
    micro: int,
    checkpointing: bool,
    reward: bool = False,
):
    """(planned Memory, measured peak in bytes) on this rank; rows: of one rank in a step. reward: a reward model."""
    import torch
    from torch.profiler import ProfilerActivity, profile, record_function
    from training.toys import ToyPhase, ToyStage, toy_tokenizer
    from transformers import LlamaForTokenClassification

    from mathmill.plan.memory import Setting, training_memory
    from mathmill.plan.reward import headless
    from mathmill.reward.learn import Labelled as Sample
    from mathmill.reward.learn import RewardModule, collate
    from mathmill.training import deepspeed
    from mathmill.training import size as sizes
    from mathmill.training.config import ModelShape, OptimConfig
    from mathmill.training.model import build
    from mathmill.training.schedule import constant
    from mathmill.training.trainer import fit

    # A small model under usual buckets would be nothing but buckets.
    deepspeed.EXCHANGE = sizes.EXCHANGE = 600_000
    shape = ModelShape(hidden=384, layers=4, heads=6, kv_heads=3, ffn=1024, context=128, vocab=2000)
    shape.tie_embeddings = False
    stage = ToyStage(scratch, micro_batch=micro)
    trainer = stage.runtime.trainer
    trainer.strategy, trainer.devices, trainer.activation_checkpointing = strategy, ranks, checkpointing

    class Measured(RewardModule if reward else ToyPhase):
        def training_step(self, batch, index):
            if self.done != STEP:
                return super().training_step(batch, index)
            with record_function("measured"):
                return super().training_step(batch, index)

    def batch(step: int, rank: int, world: int) -> dict[str, torch.Tensor]:
        ids = torch.randint(3, 200, (rows, 128), generator=torch.Generator().manual_seed(step))
        if not reward:
            return {"input_ids": ids}
        samples = [Sample(row[:32], row[32:], [95], [1.0]) for row in ids.tolist()]
        return {**collate(samples), "ends_in_step": rows * world}

    optim = OptimConfig(lr=1e-3, clip=0.5, precision=precision)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        model = build(shape, toy_tokenizer())
        size = sizes.size_of_config(model.config)
        if reward:
            model.config.num_labels, size = 1, headless(size)
            module = Measured(LlamaForTokenClassification(model.config), optim, constant(0), STEP + 1)
        else:
            module = Measured(model, optim)
        del model
        fit(module, batch, STEP + 1, stage, seed=0)
    setting = Setting(strategy, ranks, precision == "bf16-mixed", checkpointing, -(-rows // micro))
    planned = training_memory(size, setting, micro * 128, 0 if reward else micro * 127)
    return planned, peak(record.profiler.kineto_results.events())


def main() -> None:
    scratch, strategy, ranks, precision, rows, micro = sys.argv[1:]
    planned, measured = measure(Path(scratch), strategy, int(ranks), precision, int(rows), int(micro), False)
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        print("measured", json.dumps({"planned": planned.peak, "measured": measured, **planned.__dict__}), flush=True)


if __name__ == "__main__":
    main()
