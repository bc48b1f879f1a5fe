"""GRPO steps a second beside TRL's GRPOTrainer on a CPU: same weights, prompts, group size, lengths and threads.

    python benchmarks/rl.py [--threads 2] [--rounds 3] [--ragged] [--out result.json]

TRL is no dependency of this project. Install it beside, and say where:

    pip install --target trl_packages --no-deps trl==1.16.0 accelerate datasets multiprocess dill xxhash
    MATHMILL_TRL=trl_packages python benchmarks/rl.py

Before anything is timed, both sides get the same tokens: log-probabilities, the loss of each type that both have, and
the gradients must agree (in bfloat16 each side is 1 % away from the gradient in float32). Then every
contender runs in a process of its own (so that its peak memory is its own), and the processes take turns, one step at
a time, after a step to warm up. A random Llama of 2.85 million parameters
continues 16 prompts of 39 to 48 tokens 8 times, by at most 64 tokens, at temperature 1; reward: the share of low
token ids; loss: token mean (TRL's "dapo"), no KL term, one update of AdamW at 1e-4. --ragged: the policy ends its
outputs at random, after 28 tokens in the mean and 64 at most. Contenders: this project's RlModule under Lightning in
float32 and in bfloat16 (autocast, weights in float32), and TRL in float32 with two sizes of micro-batch, with `medium`
products, with bfloat16 weights, with autocast, and as shipped (autocast, checkpointing, micro-batch 8: its leanest).
Ours in float32 is compared with TRL's fastest in float32, ours in bfloat16 with TRL's fastest of all. Prints a table
and JSON; CPU seconds are the figure to read where other work runs on the machine.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rl_sides import LR, agrees, check, run_ours, run_trl
from turns import Contender, answer, beside, child, close, environment, say

OURS = ("mathmill", "mathmill-bf16")
CONTENDERS = {
    "mathmill": {"precision": "32-true"},
    "mathmill-bf16": {"precision": "bf16-mixed"},
    "trl-fp32-32": {"micro": 32},
    "trl-fp32-8": {"micro": 8},
    "trl-fp32-32-medium": {"micro": 32, "products": "medium"},
    "trl-bf16-32": {"micro": 32, "weights": "bfloat16"},
    "trl-autocast-32": {"micro": 32, "autocast": True},
    "trl-shipped": {"micro": 8, "autocast": True, "checkpointing": True},
}
QUICK = [*OURS, "trl-fp32-32", "trl-fp32-8", "trl-bf16-32"]


def summary(rows: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians, and TRL's best against each of ours: the median over rounds of its time by ours in that round."""
    table = {
        name: {key: statistics.median(row[key] for row in some) for key in some[0]} | {"steps": len(some)}
        for name, some in rows.items()
    }
    theirs = [name for name in rows if name not in OURS]
    result: dict[str, Any] = {"median": table, "ratios": []}
    for ours in OURS:
        rivals = theirs if ours.endswith("bf16") else [name for name in theirs if "fp32" in name]
        for clock in ("wall", "cpu"):
            best = min(rivals, key=lambda name: table[name][clock])
            ratios = [other[clock] / own[clock] for own, other in zip(rows[ours], rows[best], strict=True)]
            # A ratio of tokens as well, because ragged outputs of two samplers differ in length.
            tokens = table[best]["tokens"] / table[ours]["tokens"]
            found = {"ours": ours, "clock": clock, "trl": best, "median": statistics.median(ratios), "rounds": ratios}
            result["ratios"].append({**found, "tokens": tokens})
    result["leanest_trl_mb"] = min(table[name]["peak_mb"] for name in theirs)
    return result


def show(result: dict[str, Any]) -> None:
    print(f"{'':18} {'wall s':>7} {'CPU s':>7} {'sample':>7} {'rest':>7} {'tokens':>7} {'peak MB':>8}")
    for name, row in result["median"].items():
        rest = row["cpu"] - row["generate_cpu"]
        print(
            f"{name:18} {row['wall']:7.2f} {row['cpu']:7.2f} {row['generate_cpu']:7.2f} {rest:7.2f} "
            f"{row['tokens']:7.0f} {row['peak_mb']:8.0f}"
        )
    for ratio in result["ratios"]:
        rounds = f"{min(ratio['rounds']):.2f} to {max(ratio['rounds']):.2f}"
        print(f"TRL's best by {ratio['clock']} ({ratio['trl']}) / {ratio['ours']}: {ratio['median']:.2f} ({rounds})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--ragged", action="store_true", help="a policy that ends its outputs at random")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--lr", type=float, default=LR, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    beside(
        "MATHMILL_TRL",
        "trl",
        "TRL is not installed. Put it beside the project and name the folder:\n"
        "  pip install --target trl_packages --no-deps trl==1.16.0 accelerate datasets multiprocess dill xxhash\n"
        "  MATHMILL_TRL=trl_packages python benchmarks/rl.py",
    )
    if given.child:
        child(given.threads)
        if given.child == "check":
            say(json.dumps(check()))
        else:
            run = run_ours if given.child in OURS else run_trl
            run(given.ragged, {**CONTENDERS[given.child], "lr": given.lr, "seed": given.seed})
        return
    options = ["--threads", str(given.threads), *(["--ragged"] if given.ragged else [])]
    names = QUICK if given.quick else list(CONTENDERS)
    commands = {name: [sys.executable, __file__, "--child", name, *options] for name in ["check", *names]}
    setting = environment(given.threads)
    equality = answer(commands["check"], setting)
    print(json.dumps(equality, indent=1))
    if not agrees(equality):
        sys.exit("the two do not compute the same: nothing to time")
    contenders = {name: Contender(commands[name], setting) for name in names}
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(given.rounds + 1):
        for name, contender in contenders.items():
            figures = contender.turn()
            if turn:  # the first step warms up
                rows[name].append(figures)
    for contender in contenders.values():
        contender.stop()
    result = {"threads": given.threads, "ragged": given.ragged, "equality": equality, **summary(rows)}
    show(result)
    close(result, given.out)


if __name__ == "__main__":
    main()
