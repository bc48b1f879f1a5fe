"""What is worth watching of an exploration stage: figures for the curves, outputs for people to read."""

from typing import Any

from mathmill.rl.parts import Experience
from mathmill.rl.rewards import Judge

_SHOWN = 8  # outputs of each step that are kept for people to read


def figures_of(experience: Experience, source: str) -> dict[str, float]:
    """Rewards, groups without signal, lengths; source: rl.reward.

    reward_rule stands beside the reward of a model: where they part, the policy pleases the model and not the rule.
    """
    reward, right, rollouts = experience.judged.reward, experience.judged.right, experience.rollouts
    flat = (reward.amax(1) == reward.amin(1)).float()
    figures = {
        "reward": float(reward.mean()),
        "reward_std": float(reward.std(dim=1).mean()),
        "zero_variance": float(flat.mean()),
        "all_right": float((right.amin(1) == 1).float().mean()),
        "length": sum(len(rollout.tokens) for rollout in rollouts) / len(rollouts),
        "truncated": sum(not rollout.finished for rollout in rollouts) / len(rollouts),
    }
    if source != "rule":
        figures["reward_rule"] = float(right.mean())
    return figures


def samples_of(experience: Experience, judge: Judge, step: int) -> list[dict[str, Any]]:
    """Some outputs of the first questions, with what they were worth: rule, reward, and the reward of each step."""
    judged, size = experience.judged, experience.size
    last = min(len(experience.rollouts), _SHOWN // 2 * size)
    return [
        {
            "step": step,
            "question": experience.questions[row // size].question,
            "expected": experience.questions[row // size].answer,
            "output": judge.text(experience.rollouts[row]),
            "right": float(judged.right[row // size, row % size]),
            "reward": round(float(judged.reward[row // size, row % size]), 4),
            "steps": " ".join(f"{value:.3f}" for value in judged.steps[row]),
            "tokens": len(experience.rollouts[row].tokens),
            "finished": experience.rollouts[row].finished,
        }
        for row in range(0, last, max(1, size // 2))
    ]
