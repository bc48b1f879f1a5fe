"""Reward against samples beside TRL's GRPOTrainer: same weights, prompts, reward, loss and rate, seed by seed.

    MATHMILL_TRL=trl_packages python benchmarks/rl_rewards.py [--seeds 3] [--steps 40] [--out result.json]

The task, the two sides and the installation of TRL are those of benchmarks/rl.py; the rate is larger, so that the
reward moves within the steps, and only the seeds of sampling differ. Both sides of a seed run at the same time, one
thread each. Prints the mean reward of the last quarter of the steps for each seed, and the difference of the two sides:
its mean over seeds with Student's t interval, beside the standard deviation over seeds of either side.
"""

import argparse
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from turns import Contender, close, environment

from mathmill.compare.intervals import paired

SIDES = ("mathmill", "trl-fp32-32")


def curve(side: str, seed: int, lr: float, steps: int) -> list[float]:
    """The mean reward of each step's samples."""
    script = Path(__file__).with_name("rl.py")
    command = [sys.executable, str(script), "--child", side, "--seed", str(seed), "--lr", str(lr)]
    contender = Contender(command, environment(1))
    rewards = [contender.turn()["reward"] for _ in range(steps)]
    contender.stop()
    return rewards


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    given = parser.parse_args()
    if given.seeds < 2:
        parser.error("--seeds: an interval needs 2")
    curves: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    ends: dict[str, list[float]] = {side: [] for side in SIDES}
    last = max(1, given.steps // 4)
    print(f"{'seed':>4} {'first step':>22} {'last quarter':>22}   ({', '.join(SIDES)})")
    for seed in range(given.seeds):
        with ThreadPoolExecutor(len(SIDES)) as pool:
            rewards_of = list(pool.map(lambda side: curve(side, seed, given.lr, given.steps), SIDES))  # noqa: B023
        for side, rewards in zip(SIDES, rewards_of, strict=True):
            curves[side].append(rewards)
            ends[side].append(statistics.mean(rewards[-last:]))
        first = "".join(f"{rewards[0]:11.4f}" for rewards in rewards_of)
        print(f"{seed:4} {first} " + "".join(f"{ends[side][-1]:11.4f}" for side in SIDES), flush=True)
    ours, theirs = (dict(enumerate(ends[side])) for side in SIDES)
    found = paired(theirs, ours)
    noise = {side: statistics.stdev(values) for side, values in ends.items()}
    print(f"ours minus TRL's: {found.mean:+.4f} ({found.low:+.4f} to {found.high:+.4f}, 95 %)")
    print("standard deviation over seeds: " + ", ".join(f"{side} {value:.4f}" for side, value in noise.items()))
    setting = {"seeds": given.seeds, "steps": given.steps, "lr": given.lr}
    close({**setting, "difference": asdict(found), "noise": noise, "curves": curves}, given.out)


if __name__ == "__main__":
    main()
