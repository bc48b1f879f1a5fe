"""python -m mathmill.rl: tune a model by reinforcement learning from the verifier's reward (paper, section 4).

`rl.method` names a row of the unified paradigm; grpo samples a group of outputs for each question, rewards right final
answers, and follows group-relative advantages with a KL term to the starting model.
Examples: python -m mathmill.rl    python -m mathmill.rl -m rl.seed=1,2,3    make exp rl.optim.lr=3e-6
"""

from mathmill.workflow.stage import Stage, launch


def check(stage: Stage) -> None:
    """Read the questions, whose faults are the user's to mend, before torch is imported."""
    from mathmill.rl.questions import read_questions

    read_questions(stage.input("questions"), stage.section.languages)
    read_questions(stage.input("validation"))


def body(stage: Stage) -> float | None:
    """Train; the value of a sweep is the final accuracy on held-out questions."""
    from mathmill.rl.train import train
    from mathmill.workflow.files import write_json

    report = train(
        stage,
        stage.section,
        stage.input("checkpoint"),
        stage.input("questions"),
        stage.input("validation"),
        stage.output("model"),
        stage.params.reward.verifier,
    )
    if not report:  # another rank than the first
        return None
    write_json(stage.output("report"), report)
    stage.run.metrics({f"final/{key}": value for key, value in report["final"].items()}, step=report["steps"])
    stage.run.table("samples", report["samples"])
    return float(report["final"]["held_out_accuracy"])


if __name__ == "__main__":
    launch("rl", body, check)
