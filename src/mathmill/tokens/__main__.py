"""python -m mathmill.tokens: a tokenizer, and the clean texts as token ids.

The tokenizer is byte-level BPE with digits split, trained on the clean texts, or that of tokens.base_checkpoint. A
share of every source's documents is held out of training, for bits per byte.
"""

from mathmill.workflow.stage import Stage, launch


def body(stage: Stage) -> None:
    """Train or take the tokenizer, encode every source, report the counts."""
    from mathmill.tokens.run import run
    from mathmill.workflow.files import write_json

    report = run(stage)
    write_json(stage.output("report"), report)
    stage.run.metrics({"vocab": report["vocab"]})
    for source, counts in report["sources"].items():
        stage.run.metrics({f"{source}/{key}": float(value) for key, value in counts.items()})


if __name__ == "__main__":
    launch("tokens", body)
