"""Configuration of stage `rl`: reinforcement learning from the verifier's reward (paper, sections 4.1 and 4.2)."""

from dataclasses import dataclass

from mathmill.training.config import OptimConfig
from mathmill.workflow.option import option

METHODS = ("grpo",)


@dataclass
class SamplingConfig:
    """How outputs are drawn from the policy; the paper says nucleus sampling and gives no numbers."""

    temperature: float = option(1.0, "softmax temperature of rollouts; the paper is silent", gt=0)
    top_p: float = option(
        1.0, "nucleus of rollouts; below 1 the ratio to the policy is biased; the paper is silent", gt=0, le=1
    )
    max_new_tokens: int = option(128, "longest output in tokens (paper 4.2: 1024)", ge=1)


@dataclass
class AdvantageConfig:
    """Group-relative advantages (paper 4.1.2); the paper is silent on both keys."""

    epsilon: float = option(1e-6, "added to the standard deviation of a group's rewards; the paper is silent", ge=0)
    unbiased: bool = option(True, "standard deviation over G-1 instead of G; the paper is silent")


@dataclass
class RlConfig:
    """Section `rl` of the configuration."""

    method: str = option("grpo", "a row of the unified paradigm", choices=METHODS)
    checkpoint: str | None = option(None, "model folder to start from; null: models/sft")
    questions: str | None = option(None, "JSONL of training questions; null: the microworld's questions.jsonl")
    validation: str | None = option(None, "JSONL of held-out questions; null: the microworld's validation.jsonl")
    languages: list[str] = option(list, "train on questions in these languages only; empty: all")
    seed: int = option(0, "order of questions and random numbers of sampling", ge=0)
    steps: int = option(100, "exploration stages: each draws questions, samples, and updates", ge=1)
    questions_per_step: int = option(16, "questions of an exploration stage (paper 4.2: 1024 outputs = 16 x 64)", ge=1)
    outputs: int = option(16, "outputs sampled for each question, G (paper 4.2: 64)", ge=2)
    updates: int = option(1, "gradient updates on each batch of rollouts, mu (paper 4.2: 1)", ge=1)
    beta: float = option(0.04, "KL coefficient (paper 4.2: 0.04); 0 holds no reference model", ge=0)
    clip: float = option(0.2, "epsilon of the clipped ratio; the paper is silent", gt=0, lt=1)
    answer_mode: str = option(
        "strict", "strict: only a boxed answer earns reward; lenient: any final answer", choices=["strict", "lenient"]
    )
    reward_truncated: bool = option(
        False, "whether an output cut at the length limit can earn reward; the paper is silent"
    )
    eval_every: int = option(20, "steps between two measurements on held-out questions; also before and after", ge=1)
    eval_questions: int = option(200, "held-out questions of each measurement (0: all)", ge=0)
    update_tokens: int = option(
        16384, "tokens in one forward pass of the update (memory only: results equal up to rounding)", ge=1
    )
    rollout_rows: int = option(256, "sequences sampled side by side (memory only)", ge=1)
    sampling: SamplingConfig = option(SamplingConfig, "how outputs are drawn")
    advantage: AdvantageConfig = option(AdvantageConfig, "how rewards become advantages")
    optim: OptimConfig = option(OptimConfig, "optimiser and schedule (paper 4.2: learning rate 1e-6)")
