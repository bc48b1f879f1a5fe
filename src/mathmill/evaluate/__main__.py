"""python -m mathmill.evaluate: accuracy of a model on held-out problems, with intervals and baselines (paper 8).

`evaluate.model` names the model: an item of the graph. Instruction-tuned models answer by the chat template, others
continue a page; answers are checked by the verifier of the rewards. A killed evaluation goes on where it stopped.
Examples: python -m mathmill.evaluate evaluate.model=grpo    make exp evaluate.samples.n=16
"""

from pathlib import Path
from typing import TYPE_CHECKING

from mathmill.workflow.errors import UserError
from mathmill.workflow.stage import Stage, launch

if TYPE_CHECKING:
    from mathmill.evaluate.sources import Sets


def sets(stage: Stage) -> "Sets":
    """All problems of the evaluation, whose faults are the user's to mend."""
    from mathmill.evaluate.sources import read_sets
    from mathmill.workflow.inputs import is_remote, resolve

    config = stage.section
    tasks: dict[str, Path | str] = {}
    for name in config.tasks:
        source = config.task_files[name]
        paths = [] if is_remote(source) else resolve(stage.root, stage.node, "task_files", [source])
        if len(paths) > 1:
            raise UserError(f"evaluate.task_files.{name} = {source}: {len(paths)} files; a task takes one")
        tasks[name] = paths[0] if paths else source
    return read_sets(stage.inputs("benchmark"), tasks, config)


def check(stage: Stage) -> None:
    """Read the benchmarks before torch is imported."""
    sets(stage)


def body(stage: Stage) -> float:
    """Evaluate one model; the value of a sweep is its accuracy on the first benchmark."""
    from mathmill.evaluate.outputs import SAMPLE, headline
    from mathmill.evaluate.run import evaluate
    from mathmill.training import devices
    from mathmill.workflow.files import write_json, write_parquet

    devices.prepare(stage.runtime)
    report, rows = evaluate(
        str(stage.item),
        stage.input("checkpoint"),
        sets(stage),
        stage.input("instruct"),
        stage.section,
        scratch=stage.scratch,
        device=devices.device(stage.runtime),
        batch_rows=stage.runtime.micro_batch or stage.section.batch_rows,
        progress=lambda total, label: stage.progress(total, label, "problem"),
    )
    write_parquet(stage.output("samples"), rows, SAMPLE())
    write_json(stage.output("report"), report)
    metrics = headline(report)
    stage.run.metrics(metrics)
    first = next(iter(report["benchmarks"]))
    stage.run.table("examples", report["benchmarks"][first]["examples"])
    return metrics[f"{first}/accuracy"]


if __name__ == "__main__":
    launch("evaluate", body, check)
