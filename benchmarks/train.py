"""Pre-training steps beside a hand-written torch loop and transformers' Trainer: same weights, batches and updates.

    python benchmarks/train.py [--threads 1] [--rounds 8] [--steps 40] [--out result.json]
    python benchmarks/train.py --device cuda [--shape 1b]

transformers' Trainer wants accelerate, which is no dependency of this project. Install it beside, and say where:

    pip install --target train_packages --no-deps accelerate
    MATHMILL_ACCELERATE=train_packages python benchmarks/train.py

Before anything is timed, every contender makes the first steps (warm-up and both drops of the schedule) in a process
of its own: the ids that enter the model must be the same, losses and final weights equal up to rounding. Then the
processes take turns of `--steps` steps, after a turn to warm up. Contenders: `mathmill.pretrain.train.train`, as the
stage calls it (its own token files, mixture and module under its Lightning trainer, figures every 10 steps into a list
in place of MLflow, no checkpoint); a loop of a dozen lines over finished batches in memory (LlamaForCausalLM with
labels, fused AdamW, clipping, LambdaLR); and the Trainer over the same rows. On the CPU in float32 and at the shape,
batch and optimiser of scale=laptop. On a GPU under bfloat16 autocast, at the 1.3B shape of scale=1b or the largest
below it that the planner finds room for, one contender at a time; model FLOP utilisation is then printed as well.
Ratios are medians over the rounds of our speed divided by the peer's in the same round.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from train_contenders import CHECKED, CONTENDERS, LOOP, OURS, SHAPES, TRAINER, contend, prepare, section_of, sectioned
from turns import Contender, answer, beside, close, environment

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}  # dense bfloat16 operations a second
PASSED = ("threads", "rounds", "steps", "device", "shape", "batch")  # options that the contenders get as well


def fitting(memory: float, wanted: str | None) -> tuple[str, int]:
    """The shape for a GPU and its sequences a step: the largest that fits, as the planner says, with a tenth spare."""
    from mathmill.plan.memory import Setting, training_memory
    from mathmill.training.size import size_of_shape

    for shape in (wanted,) if wanted else ("1b", "0.5b", "gpu"):
        section = section_of(shape)
        size, context = size_of_shape(section.model, 0), section.context
        for rows in (16, 8, 4, 2, 1):
            # The peers keep all logits in float32 and a shifted copy.
            need = training_memory(size, Setting("auto", 1, True), rows * context, rows * (context - 1), copies=2).peak
            if need < 0.9 * memory:
                return shape, rows
    sys.exit(f"no shape fits {memory / 1e9:.0f} GB")


def compared(work: Path, reports: dict[str, Any]) -> dict[str, Any]:
    """Each peer beside ours: ids the same or not, largest difference of a loss, weights apart as a share of the way."""
    import torch

    from mathmill.training.model import load

    ours = torch.load(work / f"trained-{OURS}.pt")
    start = dict(load(work / "init").named_parameters())
    way = sum(float((ours[key] - start[key].detach()).square().sum()) for key in ours) ** 0.5
    found: dict[str, Any] = {"first_loss": reports[OURS]["losses"][0], "last_loss": reports[OURS]["losses"][-1]}
    for name in (LOOP, TRAINER):
        theirs = torch.load(work / f"trained-{name}.pt")
        pairs = zip(reports[OURS]["losses"], reports[name]["losses"], strict=True)
        apart = sum(float((ours[key] - theirs[key]).square().sum()) for key in ours) ** 0.5
        found[name] = {
            "same_ids": reports[name]["seen"] == reports[OURS]["seen"],
            "loss": max(abs(one - other) for one, other in pairs),
            "weights": apart / way,
        }
    return found


def agrees(found: dict[str, Any], device: str) -> bool:
    loss, weights = (1e-4, 1e-2) if device == "cpu" else (2e-2, 0.2)  # bfloat16 products round differently
    return all(
        found[name]["same_ids"] and found[name]["loss"] < loss and found[name]["weights"] < weights
        for name in (LOOP, TRAINER)
    )


def measured(
    rounds: int, device: str, commands: dict[str, list[str]], setting: dict[str, str]
) -> dict[str, list[dict[str, float]]]:
    """Turns of all contenders by round. On a GPU one at a time holds its memory, so each starts anew in each round."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    alive = {name: Contender(commands[name], setting) for name in CONTENDERS} if device == "cpu" else {}
    for name in alive:
        alive[name].turn()  # warms up
    for turn in range(rounds):
        # Each goes first in its turn: what the one before left in the caches is shared out.
        for name in CONTENDERS[turn % 3 :] + CONTENDERS[: turn % 3]:
            contender = alive.get(name) or Contender(commands[name], setting)
            if name not in alive:
                contender.turn()
            rows[name].append(contender.turn())
            if name not in alive:
                contender.stop()
    for contender in alive.values():
        contender.stop()
    return rows


def summary(rows: dict[str, list[dict[str, float]]], tokens: int, flops: float | None) -> dict[str, Any]:
    """tokens: of a turn. flops: operations of a token over the peak of the device, for the utilisation."""
    result: dict[str, Any] = {"contenders": {}, "ratios": {}}
    for name, some in rows.items():
        middle = {key: statistics.median(row[key] for row in some) for key in some[0]}
        middle["tokens_per_second"] = tokens / middle["wall"]
        middle["tokens_per_cpu_second"] = tokens / middle["cpu"]
        if flops is not None:
            middle["model_flop_utilisation"] = middle["tokens_per_second"] * flops
        result["contenders"][name] = middle
    for name in (LOOP, TRAINER):
        for clock in ("wall", "cpu"):
            ratios = [other[clock] / own[clock] for own, other in zip(rows[OURS], rows[name], strict=True)]
            result["ratios"][f"{name}_{clock}"] = {"median": statistics.median(ratios), "rounds": ratios}
    return result


def show(result: dict[str, Any]) -> None:
    print(f"{'':14} {'tokens/s':>9} {'per CPU s':>10} {'peak MB':>8}")
    for name, row in result["contenders"].items():
        share = row.get("model_flop_utilisation")
        print(
            f"{name:14} {row['tokens_per_second']:9.0f} {row['tokens_per_cpu_second']:10.0f} {row['peak_mb']:8.0f}"
            + (f"   utilisation {share:.3f}" if share is not None else "")
        )
    for name in (LOOP, TRAINER):
        wall, cpu = (result["ratios"][f"{name}_{clock}"] for clock in ("wall", "cpu"))
        span = f"{min(wall['rounds']):.3f} to {max(wall['rounds']):.3f}"
        print(f"{OURS} / {name}: {wall['median']:.3f} by the clock ({span}), {cpu['median']:.3f} by CPU time")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40, help="steps of one turn")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--shape", choices=list(SHAPES), help="default: laptop, on a GPU the largest that fits")
    parser.add_argument("--batch", type=int, help="sequences of one step; default: the scale's, on a GPU what fits")
    parser.add_argument("--peak-flops", type=float, help="of the GPU in bfloat16; known for H100, H200, A100")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    for hidden in ("--child", "--work"):
        parser.add_argument(hidden, type=Path if hidden == "--work" else str, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.peak = given.peak_flops
    if given.device == "cuda" and not given.child:
        import torch

        card = torch.cuda.get_device_properties(0)
        shape, rows = fitting(card.total_memory, given.shape)
        given.shape, given.batch = shape, given.batch or rows
        given.peak = given.peak or next((peak for name, peak in PEAKS.items() if name in card.name), None)
    given.shape = given.shape or "laptop"
    return given


def main() -> None:
    given = parsed()
    beside(
        "MATHMILL_ACCELERATE",
        "accelerate",
        "accelerate is not installed, and transformers' Trainer wants it. Put it beside the project:\n"
        "  pip install --target train_packages --no-deps accelerate\n"
        "  MATHMILL_ACCELERATE=train_packages python benchmarks/train.py",
    )
    if given.child:
        contend(given)
        return
    from mathmill.training.size import size_of_shape

    section = sectioned(given)
    words = [f"--{key}={value}" for key, value in vars(given).items() if key in PASSED and value is not None]
    setting = environment(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        words.append(f"--work={work}")
        prepare(work, section, max(CHECKED, (given.rounds + 1) * given.steps))
        commands = {name: [sys.executable, __file__, "--child", name, *words] for name in CONTENDERS}
        reports = {name: answer([*command, "--check"], setting) for name, command in commands.items()}
        equality = compared(work, reports)
        print(json.dumps(equality))
        if not agrees(equality, given.device):
            sys.exit("the three do not compute the same: nothing to time")
        rows = measured(given.rounds, given.device, commands, setting)
    each = size_of_shape(section.model, 0).training_flops(section.context)
    tokens = given.steps * section.batch * section.context
    result = {
        "device": given.device,
        "shape": given.shape,
        "batch": [section.batch, section.context],
        "threads": given.threads,
        "equality": equality,
        **summary(rows, tokens, each / given.peak if given.peak else None),
    }
    show(result)
    close(result, given.out)


if __name__ == "__main__":
    main()
