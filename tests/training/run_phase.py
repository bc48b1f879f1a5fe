"""A training run as its own process: python run_phase.py SCRATCH OUT STRATEGY DEVICES STEPS [key=value of runtime].

DIE_AT=n in the environment: every rank kills itself in step n.

Writes OUT/losses.json and the trained model OUT/model (rank 0), and as it goes OUT.RANK.jsonl: a line for each step,
with what the rank read. Lightning starts the other ranks by calling it again.
"""

import json
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    from training.toys import ToyPhase, ToyStage, toy_batch, toy_model, toy_tokenizer

    from mathmill.training.config import OptimConfig
    from mathmill.training.model import save
    from mathmill.training.trainer import fit
    from mathmill.workflow.environment import rank

    class Mortal(ToyPhase):
        def training_step(self, batch, index):
            if str(self.done) == os.environ.get("DIE_AT"):
                os.kill(os.getpid(), signal.SIGKILL)
            step, figures = self.done, super().training_step(batch, index)
            row = {"step": step, "world": self.trainer.world_size, "loss": float(figures["loss"])}
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            with open(f"{out}.{rank()}.jsonl", "a") as seen:
                seen.write(json.dumps({**row, "ids": batch["input_ids"].tolist()}) + "\n")
            return figures

    scratch, out, strategy, devices, steps, *runtime = sys.argv[1:]
    stage = ToyStage(Path(scratch), **{key: json.loads(value) for key, value in (item.split("=") for item in runtime)})
    stage.runtime.trainer.strategy = strategy
    stage.runtime.trainer.devices = int(devices)
    module = Mortal(toy_model(), OptimConfig(lr=1e-2, clip=0.5))
    print("started", flush=True)
    fit(module, toy_batch, int(steps), stage, seed=0)
    if rank() == 0:
        Path(out).mkdir(parents=True, exist_ok=True)
        save(module.model, toy_tokenizer(), Path(out) / "model")
        (Path(out) / "losses.json").write_text(json.dumps(stage.run.curve("train/loss")))


if __name__ == "__main__":
    main()
