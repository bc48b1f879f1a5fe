"""python -m mathmill.rl: tune a model by a row of the unified paradigm (paper, sections 4 and 5.2).

`rl.method` names the row (rft, dpo, online_rft, ppo, grpo), `rl.reward` what scores the outputs: the verifier, or a
reward model. The default, grpo, samples a group of outputs for each question, rewards right final answers, and follows
group-relative advantages with a KL term to the starting model. conf/paradigm/ has the usual variants by name.
Examples: python -m mathmill.rl    python -m mathmill.rl -m rl.seed=1,2,3    make exp paradigm=dapo
"""

from typing import TYPE_CHECKING

from mathmill.workflow.stage import Stage, launch

if TYPE_CHECKING:
    from mathmill.rl.reward_source import RewardSource


def check(stage: Stage) -> None:
    """Read the questions, whose faults are the user's to mend, before torch is imported."""
    from mathmill.rl.questions import read_questions

    read_questions(stage.input("questions"), stage.section.languages)
    read_questions(stage.input("validation"))


def reward_source(stage: Stage) -> "RewardSource | None":
    """The reward model that rl.reward names, of stage reward or of the user's own; None for the rule."""
    if stage.section.reward == "rule":
        return None
    from mathmill.rl.reward_source import RewardSource

    own = stage.inputs("reward_model")
    return RewardSource(own[0] if own else stage.input(stage.section.reward), stage.params.reward)


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
        reward_source(stage),
    )
    if not report:  # another rank than the first
        return None
    write_json(stage.output("report"), report)
    stage.run.metrics({f"final/{key}": value for key, value in report["final"].items()}, step=report["steps"])
    stage.run.table("samples", report["samples"])
    return float(report["final"]["held_out_accuracy"])


if __name__ == "__main__":
    launch("rl", body, check)
