"""python -m mathmill.reward: train a reward model (paper 4.1, 4.2; labels as in Math-Shepherd).

`reward.kind` names the item: outcome (is the answer right?) or process (can each step still lead to the right answer?).
Solutions of the sampler are labelled by the verifier, steps by completing them; the model starts from the base model
and is measured on held-out questions. Killed at any moment, the same command goes on.
Examples: python -m mathmill.reward reward.kind=process    python -m mathmill.reward -m reward.labels=hard,soft
"""

from mathmill.workflow.stage import Stage, launch


def check(stage: Stage) -> None:
    """Read the questions, whose faults are the user's to mend, before torch is imported."""
    from mathmill.rl.questions import read_questions
    from mathmill.workflow.errors import UserError

    paths = [stage.input("questions"), stage.input("validation")]
    training, held_out = ({item.question for item in read_questions(path)} for path in paths)
    if overlap := training & held_out:
        raise UserError(f"{paths[1]}: {len(overlap)} questions stand also in {paths[0]}, such as {min(overlap)!r}")


def body(stage: Stage) -> float | None:
    """Train; the value of a sweep is the AUC on held-out solutions (none where all of them are right, or wrong)."""
    from mathmill.reward.train import labelled, train
    from mathmill.workflow.files import write_json

    checkpoint, sampler = stage.input("checkpoint"), stage.input("sampler")
    found = labelled(stage, stage.section, sampler, stage.input("questions"), stage.input("validation"))
    report = train(stage, stage.section, checkpoint, sampler, found, stage.output("model"))
    if not report:  # another rank than the first
        return None
    write_json(stage.output("report"), report)
    figures = {
        f"held_out/{name}_{key}": found[key]
        for name, found in report["held_out"].items()
        for key in ("n", "accuracy", "majority_accuracy", "auc", "brier", "ece")
        if found.get(key) is not None
    }
    stage.run.metrics({**figures, "solutions": report["data"]["train"]["solutions"]}, step=report["steps"])
    value = report["held_out"]["solutions"].get("auc")
    return None if value is None else float(value)


if __name__ == "__main__":
    launch("reward", body, check)
