"""Configuration of stage `rl`: the unified paradigm (paper, sections 4 and 5.2)."""

from dataclasses import dataclass

from mathmill.training.config import OptimConfig
from mathmill.workflow.option import option

# The rows of rl/paradigm.py that sample their outputs; the sixth row, SFT, is stage `sft`.
METHODS = ("rft", "dpo", "online_rft", "ppo", "grpo")


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
    """Group-relative advantages (paper 4.1.2 and 4.1.3)."""

    supervision: str = option(
        "outcome",
        "outcome: one reward for an output (4.1.2); process: one for each of its steps (4.1.3), which needs "
        "rl.reward=process",
        choices=["outcome", "process"],
    )
    scale: bool = option(True, "divide by the standard deviation of the group; false: Dr. GRPO (arXiv:2503.20783)")
    epsilon: float = option(1e-6, "added to the standard deviation of a group's rewards; the paper is silent", ge=0)
    unbiased: bool = option(True, "standard deviation over G-1 instead of G; the paper is silent")


@dataclass
class PpoConfig:
    """The critic of PPO (paper 4.1.1, Eq. 1 and 2); the paper ran no PPO and is silent on every number."""

    discount: float = option(1.0, "gamma of the returns", gt=0, le=1)
    trace: float = option(0.95, "lambda of generalised advantage estimation", ge=0, le=1)
    whiten: bool = option(True, "advantages of a step are shifted and scaled to mean 0 and deviation 1")
    value_clip: float = option(0.2, "a value may move that far from the sampled one before its loss counts less", gt=0)
    value_weight: float = option(0.5, "weight of the critic's squared error beside the policy's objective", gt=0)


@dataclass
class DpoConfig:
    """Direct preference optimisation on pairs of the start model's outputs (paper A.1.3, Eq. 12)."""

    beta: float = option(2.0, "weight of the log-ratio to the reference inside the margin; the paper is silent", gt=0)
    margin: str = option(
        "mean", "log-ratio of an output: mean over its tokens (Eq. 12) or their sum (DPO)", choices=["mean", "sum"]
    )
    pairs: int = option(2, "pairs of a right and a wrong output of each question, at most; the paper is silent", ge=1)


@dataclass
class EngineConfig:
    """Who samples the rollouts (rl/engines)."""

    name: str = option(
        "transformers",
        "transformers: the policy itself; vllm: an engine that is given the weights after each update",
        choices=["transformers", "vllm"],
    )
    address: str | None = option(None, "of a running vLLM server (http://host:8000); null: vLLM in this process")
    options: dict[str, str] = option(dict, "further arguments of vllm.LLM, such as gpu_memory_utilization: '0.5'")


@dataclass
class RlConfig:
    """Section `rl` of the configuration."""

    method: str = option("grpo", "a row of the unified paradigm", choices=METHODS)
    reward: str = option(
        "rule",
        "what scores an output. rule: the verifier; outcome, process: a reward model (stage reward). "
        "Paper 5.2: rule for RFT, online RFT and DPO, model for PPO and GRPO",
        choices=["rule", "outcome", "process"],
    )
    reward_model: str | None = option(None, "folder of the reward model; null: models/reward/<rl.reward>")
    checkpoint: str | None = option(None, "model folder to start from; null: models/sft")
    questions: str | None = option(None, "JSONL of training questions; null: data/clean/questions.jsonl")
    validation: str | None = option(None, "JSONL of held-out questions; null: the microworld's validation.jsonl")
    languages: list[str] = option(list, "train on questions in these languages only; empty: all")
    seed: int = option(0, "order of questions and random numbers of sampling", ge=0)
    rounds: int = option(
        1,
        "iterations I of Algorithm 1: each starts with the policy as reference and ends with the reward model trained "
        "on",
        ge=1,
    )
    steps: int = option(100, "exploration stages of a round, M: each draws questions, samples, and updates", ge=1)
    questions_per_step: int = option(16, "questions of an exploration stage (paper 4.2: 1024 outputs = 16 x 64)", ge=1)
    outputs: int = option(16, "outputs sampled for each question, G (paper 4.2: 64)", ge=2)
    updates: int = option(1, "gradient updates on each batch of rollouts, mu (paper 4.2: 1)", ge=1)
    beta: float = option(0.04, "KL coefficient (paper 4.2: 0.04); 0 holds no reference model", ge=0)
    kl: str = option(
        "k3", "estimator of the KL term in GRPO's loss (paper Eq. 4: k3; Schulman's names)", choices=["k1", "k2", "k3"]
    )
    clip: float = option(0.2, "epsilon of the clipped ratio; the paper is silent", gt=0, lt=1)
    clip_high: float | None = option(
        None, "epsilon above 1, where it differs: clip-higher of DAPO (arXiv:2503.14476); null: rl.clip", gt=0
    )
    ratio: str = option(
        "token",
        "token: a ratio for each token (Eq. 3); sequence: their geometric mean, GSPO (arXiv:2507.18071)",
        choices=["token", "sequence"],
    )
    aggregation: str = option(
        "output",
        "output: mean over an output's tokens, then over outputs (Eq. 3); token: mean over all tokens of the step "
        "(DAPO); constant: sum over tokens / longest output (Dr. GRPO)",
        choices=["output", "token", "constant"],
    )
    resample: int = option(
        0, "how often groups without variance are replaced by other questions' (dynamic sampling of DAPO)", ge=0
    )
    importance_cap: float | None = option(
        None,
        "truncated importance sampling for an engine whose probabilities differ: weight min(trainer/sampler, cap); "
        "null: no weight",
        gt=0,
    )
    max_kl: float | None = option(
        None, "a step whose mean KL to the reference exceeds it stops the run, its batch saved; null: no limit", gt=0
    )
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
    engine: EngineConfig = option(EngineConfig, "who samples")
    sampling: SamplingConfig = option(SamplingConfig, "how outputs are drawn")
    advantage: AdvantageConfig = option(AdvantageConfig, "how rewards become advantages")
    ppo: PpoConfig = option(PpoConfig, "the critic of PPO")
    dpo: DpoConfig = option(DpoConfig, "the pairs of DPO")
    optim: OptimConfig = option(OptimConfig, "optimiser and schedule (paper 4.2: learning rate 1e-6)")

    def faults(self) -> dict[str, str]:
        """Keys that do not fit each other."""
        found = {}
        if self.advantage.supervision == "process" and (self.method, self.reward) != ("grpo", "process"):
            found["advantage.supervision"] = "process supervision wants method=grpo and reward=process"
        if self.method == "dpo" and self.aggregation != "output":
            found["aggregation"] = "DPO weighs pairs, not tokens: output is the only way"
        return found
