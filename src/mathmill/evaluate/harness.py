"""python -m mathmill.evaluate.harness MODEL: MMLU, BBH, HumanEval and MBPP by lm-evaluation-harness (paper Table 4).

The paper measures general abilities with a harness that it does not name; the shots of MMLU, BBH and MBPP are not
stated. Here they are those of the harness's own tasks: MMLU and BBH with few-shot chain of thought, HumanEval without
shots, MBPP with three. It reads the questions from the Hugging Face hub, or tasks of one's own from --include.
HumanEval and MBPP run the model's programs in the harness itself, outside the sandbox: only with --run-code.
Example: python -m mathmill.evaluate.harness models/sft --sets mmlu,bbh --out general.json
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from mathmill.workflow.errors import UserError

# The paper's name -> the harness's task.
SETS = {"mmlu": "mmlu_flan_cot_fewshot", "bbh": "bbh_cot_fewshot", "humaneval": "humaneval", "mbpp": "mbpp"}
RUNS_CODE = ("humaneval", "mbpp")


def measure(
    model: Path,
    sets: list[str],
    *,
    limit: int | None = None,
    batch_rows: int = 16,
    device: str | None = None,
    include: Path | None = None,
    run_code: bool = False,
) -> dict[str, Any]:
    """Set -> metric -> value and standard error, of a Hugging Face folder.

    A name that is not among SETS is taken for a task of the harness, or of `include`. UserError without the package,
    without the folder, for an unknown task, and for sets that run programs unless run_code is given.
    """
    if not (model / "config.json").is_file():
        raise UserError(f"{model}: no Hugging Face folder (no config.json in it)")
    unsafe = [name for name in sets if name in RUNS_CODE]
    if unsafe and not run_code:
        raise UserError(
            f"{', '.join(unsafe)}: the harness runs the model's programs outside the sandbox; do that in a container "
            "of its own and say --run-code"
        )
    try:
        import accelerate  # noqa: F401  the harness's own model class needs it and says so only later
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise UserError(f"lm-evaluation-harness is not installed ({error}): pip install 'mathmill[harness]'") from None
    if run_code:
        os.environ["HF_ALLOW_CODE_EVAL"] = "1"
    names = {name: SETS.get(name, name) for name in sets}
    manager = TaskManager(include_path=None if include is None else str(include))
    if unknown := [name for name, task in names.items() if not manager.match_tasks([task])]:
        raise UserError(f"{', '.join(unknown)}: no such set; there are {', '.join(SETS)} and the harness's own tasks")
    found = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(model), "dtype": "float32" if device == "cpu" else "auto"},
        tasks=list(names.values()),
        batch_size=batch_rows,
        device=device,
        limit=limit,
        log_samples=False,
        task_manager=manager,
        confirm_run_unsafe_code=run_code,
    )
    results: dict[str, Any] = (found or {})["results"]
    return {name: _figures(results[task]) for name, task in names.items()}


def _figures(entry: dict[str, Any]) -> dict[str, Any]:
    """Metric -> value and standard error; the harness writes `metric,filter` and `metric_stderr,filter`."""
    figures: dict[str, Any] = {}
    for key, value in entry.items():
        metric, comma, kind = key.partition(",")
        if not comma or metric.endswith("_stderr") or not isinstance(value, int | float):
            continue
        error = entry.get(f"{metric}_stderr,{kind}")
        name = metric if kind == "none" else f"{metric}/{kind}"
        figures[name] = {"value": float(value), "stderr": float(error) if isinstance(error, int | float) else None}
    return figures


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m mathmill.evaluate.harness", description=__doc__.split("\n")[0])
    made.add_argument("model", type=Path, help="Hugging Face folder, such as models/sft")
    made.add_argument("--sets", default="mmlu,bbh", help=f"of {', '.join(SETS)}, or tasks of the harness")
    made.add_argument("--out", type=Path, help="write the figures here as JSON, too")
    made.add_argument("--limit", type=int, help="questions of each task")
    made.add_argument("--batch-rows", type=int, default=16, help="questions that are asked together")
    made.add_argument("--device", help="cpu, cuda, cuda:0 ...; the harness's choice by default")
    made.add_argument("--include", type=Path, help="folder of task files of one's own (the harness's YAML)")
    made.add_argument("--run-code", action="store_true", help="allow HumanEval and MBPP to run the model's programs")
    return made


def main(words: list[str] | None = None) -> int:
    """Measure, print a line a figure; returns the exit code, 2 where the user has something to mend."""
    from mathmill.workflow.files import write_json

    options = parser().parse_args(words)
    try:
        found = measure(
            options.model,
            [name for name in options.sets.split(",") if name],
            limit=options.limit,
            batch_rows=options.batch_rows,
            device=options.device,
            include=options.include,
            run_code=options.run_code,
        )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, figures in found.items():
        for metric, one in figures.items():
            spread = "" if one["stderr"] is None else f" (standard error {one['stderr']:.4f})"
            print(f"{name} {metric}: {one['value']:.4f}{spread}")
    if options.out is not None:
        write_json(options.out, found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
