"""python -m mathmill.decontaminate: every training text without the benchmarks' questions and answers (paper 2.1).

Rule A: what shares a 10-gram with a benchmark goes. Rule B: a benchmark text of 3 to 9 grams is matched as a whole.
Pages, other texts, instruction examples and RL questions alike; each removal is logged with benchmark, item and gram.
Examples: python -m mathmill.decontaminate decontaminate.gram=13    make exp decontaminate.granularity.default=document
"""

from mathmill.workflow.stage import Stage, launch


def check(stage: Stage) -> None:
    """Read the benchmarks, whose faults are the user's to mend, before any worker does."""
    from mathmill.decontaminate.benchmarks import benchmark_files, read_tokens

    for file in benchmark_files(stage.inputs("benchmarks")):
        read_tokens(file, stage.section)


def body(stage: Stage) -> float:
    """Write data/clean and reports/decontaminate.json; the value of a sweep is the number of texts with a hit."""
    from mathmill.decontaminate.run import decontaminate
    from mathmill.workflow.files import publish, write_json

    folder, report = decontaminate(
        stage.input("corpus"),
        stage.inputs("text"),
        stage.inputs("instruct"),
        stage.inputs("questions"),
        stage.inputs("benchmarks"),
        stage.section,
        stage.scratch,
        stage.runtime.engine,
    )
    publish(folder, stage.output("clean"))
    write_json(stage.output("report"), report)
    for source, counts in report["sources"].items():
        stage.run.metrics({f"{source}/{name}": float(count) for name, count in counts.items()})
    return float(sum(counts["hit"] for counts in report["sources"].values()))


if __name__ == "__main__":
    launch("decontaminate", body, check)
