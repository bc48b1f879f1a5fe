"""python -m mathmill.sft: instruction tuning on solved questions (paper 3).

Chain of thought, program of thought and tool-integrated solutions, English and Chinese, by the chat template of the
released models; packed, with the loss on the answers. Killed at any moment, the same command goes on.
Examples: python -m mathmill.sft sft.formats=[cot]    python -m mathmill.sft -m sft.optim.lr=1e-4,3e-4 sft.seed=1,2
"""

from mathmill.workflow.stage import Stage, launch


def check(stage: Stage) -> None:
    """Read the examples, whose faults are the user's to mend, before torch is imported."""
    from mathmill.sft.readers import read_examples

    read_examples(stage.inputs("instruct"), stage.section.reader, stage.section.fields)


def body(stage: Stage) -> float | None:
    """Tune; the value of a sweep is the validation loss."""
    from mathmill.sft.train import train
    from mathmill.workflow.files import write_json

    report = train(stage, stage.section, stage.input("checkpoint"), stage.inputs("instruct"), stage.output("model"))
    if not report:  # another rank than the first
        return None
    write_json(stage.output("report"), report)
    figures = {"examples": report["examples"], "epochs": report["epochs"], "filled": report["filled"]}
    validation = report["validation"]
    if validation is not None:
        figures["validation/loss"] = validation["loss"]
    stage.run.metrics(figures, step=report["steps"])
    return None if validation is None else float(validation["loss"])


if __name__ == "__main__":
    launch("sft", body, check)
