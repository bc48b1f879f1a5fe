"""GRPO steps a second beside TRL's GRPOTrainer on a CPU: same weights, prompts, group size, lengths and threads.

    python benchmarks/rl.py [--threads 2] [--rounds 3] [--ragged] [--out result.json]

TRL is no dependency of this project. Install it beside, and say where:

    pip install --target trl_packages --no-deps trl==1.16.0 accelerate datasets multiprocess dill xxhash
    MATHMILL_TRL=trl_packages python benchmarks/rl.py

Before anything is timed, both sides get the same tokens: log-probabilities, the loss of each type that both have, and
the gradients must agree. Then every contender runs in a process of its own (so that its peak memory is its own), and
the processes take turns, one step at a time, after a step to warm up. A random Llama of 2.85 million parameters
continues 16 prompts of 39 to 48 tokens 8 times, by at most 64 tokens, at temperature 1; reward: the share of low token
ids; loss: token mean (TRL's "dapo"), no KL term, one update of AdamW at 1e-4. --ragged: the policy ends its outputs
after about 20 tokens, at random. Contenders: this project's RlModule under Lightning in float32, and TRL in float32
with two sizes of micro-batch, with bfloat16 weights, and as shipped (autocast, checkpointing, micro-batch 8: its
leanest). Prints a table and JSON; CPU seconds are the figure to read where other work runs on the machine.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rl_sides import agrees, check, run_ours, run_trl

OURS = "mathmill"
CONTENDERS = {
    OURS: {},
    "trl-fp32-32": {"micro": 32},
    "trl-fp32-8": {"micro": 8},
    "trl-bf16-32": {"micro": 32, "weights": "bfloat16"},
    "trl-shipped": {"micro": 8, "autocast": True, "checkpointing": True},
}
QUICK = [OURS, "trl-fp32-32", "trl-fp32-8"]


class Contender:
    def __init__(self, name: str, options: list[str], environment: dict[str, str]) -> None:
        command = [sys.executable, __file__, "--child", name, *options]
        # A file: a pipe that nobody reads would fill and stop the child.
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.expect()

    def expect(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(("ready", "{")):
                return line
        self.process.wait()
        self.errors.seek(0)
        sys.exit(self.errors.read()[-4000:])

    def step(self) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        figures = json.loads(self.expect())
        self.expect()  # the next "ready": what happens between two steps is over
        return figures

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def summary(rows: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians, and TRL's best against ours: the median over rounds of its time divided by ours in that round."""
    table = {
        name: {key: statistics.median(row[key] for row in some) for key in some[0]} | {"steps": len(some)}
        for name, some in rows.items()
    }
    theirs = [name for name in rows if name != OURS]
    result: dict[str, Any] = {"median": table}
    for clock in ("wall", "cpu"):
        best = min(theirs, key=lambda name: table[name][clock])
        ratios = [other[clock] / own[clock] for own, other in zip(rows[OURS], rows[best], strict=True)]
        result[f"{clock}_ratio"] = {"trl": best, "median": statistics.median(ratios), "rounds": ratios}
    # A ratio of tokens, because ragged outputs of two samplers differ in length.
    result["tokens_ratio"] = table[result["cpu_ratio"]["trl"]]["tokens"] / table[OURS]["tokens"]
    result["leanest_trl_mb"] = min(table[name]["peak_mb"] for name in theirs)
    return result


def show(result: dict[str, Any]) -> None:
    print(f"{'':14} {'wall s':>7} {'CPU s':>7} {'sample':>7} {'rest':>7} {'tokens':>7} {'peak MB':>8}")
    for name, row in result["median"].items():
        rest = row["cpu"] - row["generate_cpu"]
        print(
            f"{name:14} {row['wall']:7.2f} {row['cpu']:7.2f} {row['generate_cpu']:7.2f} {rest:7.2f} "
            f"{row['tokens']:7.0f} {row['peak_mb']:8.0f}"
        )
    for clock in ("wall", "cpu"):
        ratio = result[f"{clock}_ratio"]
        print(f"TRL's best by {clock} ({ratio['trl']}) / {OURS}: {ratio['median']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--ragged", action="store_true", help="a policy that ends its outputs at random")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if place := os.environ.get("MATHMILL_TRL"):
        sys.path.append(place)
    if importlib.util.find_spec("trl") is None:
        sys.exit(
            "TRL is not installed. Put it beside the project and name the folder:\n"
            "  pip install --target trl_packages --no-deps trl==1.16.0 accelerate datasets multiprocess dill xxhash\n"
            "  MATHMILL_TRL=trl_packages python benchmarks/rl.py"
        )
    options = ["--ragged"] if given.ragged else []
    if given.child:
        import torch

        torch.set_num_threads(given.threads)
        sys.stdout = sys.stderr
        if given.child == "check":
            print(json.dumps(check()), file=sys.__stdout__, flush=True)
        elif given.child == OURS:
            run_ours(given.ragged)
        else:
            run_trl(given.ragged, CONTENDERS[given.child])
        return
    options += ["--threads", str(given.threads)]
    quiet = {"OMP_NUM_THREADS": str(given.threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment = {**os.environ, **quiet, "OMP_WAIT_POLICY": "passive"}
    checked = subprocess.run(
        [sys.executable, __file__, "--child", "check", *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if checked.returncode != 0:
        sys.exit(checked.stderr[-4000:])
    equality = json.loads(checked.stdout.strip().splitlines()[-1])
    print(json.dumps(equality, indent=1))
    if not agrees(equality):
        sys.exit("the two do not compute the same: nothing to time")
    names = QUICK if given.quick else list(CONTENDERS)
    contenders = {name: Contender(name, options, environment) for name in names}
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(given.rounds + 1):
        for name, contender in contenders.items():
            figures = contender.step()
            if turn:  # the first step warms up
                rows[name].append(figures)
    for contender in contenders.values():
        contender.stop()
    result = {"threads": given.threads, "ragged": given.ragged, "equality": equality, **summary(rows)}
    show(result)
    print(json.dumps(result))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
