"""python -m mathmill.pretrain: (continued) pre-training on a mixture of sources (paper 2.2 and 2.3).

`pretrain.run` names an entry of pretrain.runs: where it starts, its mixture and its budget in tokens. Killed at any
moment, the same command goes on from the last checkpoint. Examples: python -m mathmill.pretrain pretrain.run=code
python -m mathmill.pretrain -m pretrain.run=math,math_arxiv pretrain.seed=1,2,3
"""

from mathmill.workflow.stage import Stage, launch


def body(stage: Stage) -> float | None:
    """Train one run; the value of a sweep is bits per byte of the run's largest source."""
    from mathmill.pretrain.train import train
    from mathmill.workflow.files import write_json

    name = str(stage.item)
    report = train(stage, name, stage.section, stage.input("tokens"), stage.input("init"), stage.output("model"))
    if not report:  # another rank than the first
        return None
    write_json(stage.output("report"), report)
    if report["ablation"]:
        stage.run.tag("ablation", report["ablation"])
    scores = {source: figures["bits_per_byte"] for source, figures in report["bits_per_byte"].items()}
    stage.run.metrics({f"bits_per_byte/{source}": value for source, value in scores.items()}, step=report["steps"])
    stage.run.metrics({f"epochs/{source}": value for source, value in report["epochs"].items()}, step=report["steps"])
    return scores.get(max(report["mixture"], key=report["mixture"].get))


if __name__ == "__main__":
    launch("pretrain", body)
