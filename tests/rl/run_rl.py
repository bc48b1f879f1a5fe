"""An RL run as its own process: python run_rl.py FOLDER STRATEGY DEVICES PRECISION METHOD; Lightning starts the ranks.

FOLDER holds sft/, questions.jsonl and validation.jsonl; writes FOLDER/report-DEVICES.json and FOLDER/model-DEVICES.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]


def main() -> None:
    from rl_models import Host, config

    from mathmill.rl.train import train
    from mathmill.training import deepspeed
    from mathmill.training.config import OptimConfig

    made = deepspeed.strategy_of

    def spread(*words):
        """ZeRO-3 leaves weights as small as these whole, unless told otherwise."""
        found = made(*words)
        found.config["zero_optimization"]["stage3_param_persistence_threshold"] = 0
        return found

    deepspeed.strategy_of = spread
    folder, strategy, devices, precision = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    host = Host(folder / f"work-{devices}")
    host.runtime.trainer.strategy, host.runtime.trainer.devices = strategy, devices
    files = (folder / "sft", folder / "questions.jsonl", folder / "validation.jsonl")
    optim = OptimConfig(lr=1e-3, schedule="constant", drop_at=[], drop_to=[], precision=precision)
    report = train(
        host, config(questions_per_step=4, optim=optim, method=sys.argv[5]), *files, folder / f"model-{devices}"
    )
    if report:
        (folder / f"report-{devices}.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()
