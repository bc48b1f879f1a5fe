"""The paper's comparisons of reinforcement learning (5.2.2, Figures 5 to 7)."""

from mathmill.compare.specs import Arm, Comparison, Curve, Metric, Pair
from mathmill.report.facts import PAPER

_REPORT = "reports/rl/{item}.json"
ACCURACY = Metric("accuracy", "accuracy on held-out questions at the end", _REPORT, "final.held_out_accuracy", "higher")
PARAMETERS = Metric("parameters", "weights that training holds, all roles", _REPORT, "models", "lower")

HELD_OUT = Curve("accuracy on held-out questions", _REPORT, "held_out_accuracy", "final.held_out_accuracy")


def _arm(paradigm: str, title: str, method: str) -> Arm:
    return Arm(paradigm, title, item=method, where={"paradigm": paradigm})


FIGURE5 = Comparison(
    name="figure5",
    title="Methods of reinforcement learning",
    steps="rl",
    sweep="figure5",
    seed="rl.seed",
    arms=(
        _arm("rft", "RFT", "rft"),
        _arm("online_rft", "online RFT", "online_rft"),
        _arm("grpo_os", "GRPO, outcome supervision by a reward model", "grpo"),
        _arm("grpo_ps", "GRPO, process supervision by a reward model", "grpo"),
    ),
    metrics=(ACCURACY,),
    pairs=(
        Pair("rft", "online_rft", "outputs of the policy as it is now instead of the start model's"),
        Pair("online_rft", "grpo_os", "GRPO with an outcome reward model instead of online RFT"),
        Pair("grpo_os", "grpo_ps", "process supervision instead of outcome supervision"),
    ),
    paper=f"{PAPER}, section 5.2.2, Figure 5",
    note="As in the paper the reward differs as well: the rule for RFT, reward models for GRPO.",
    curve=HELD_OUT,
)
METHODS = Comparison(
    name="paradigm",
    title="GRPO, PPO and DPO with the rule as reward",
    steps="rl",
    sweep="paradigm",
    seed="rl.seed",
    arms=(_arm("grpo", "GRPO", "grpo"), _arm("ppo", "PPO", "ppo"), _arm("dpo", "DPO", "dpo")),
    metrics=(ACCURACY, PARAMETERS),
    pairs=(
        Pair("ppo", "grpo", "GRPO instead of PPO"),
        Pair("dpo", "grpo", "GRPO instead of DPO"),
    ),
    paper=f"{PAPER}, section 4.1.1 (the paper ran neither PPO nor DPO)",
    note="Memory is counted in weights held; time is in MLflow (train/seconds).",
    curve=HELD_OUT,
)
SAME_REWARD = Comparison(
    name="figure5_same_reward",
    title="Methods of reinforcement learning with one reward",
    steps="rl",
    sweep="figure5_same_reward",
    seed="rl.seed",
    arms=(
        _arm("rft", "RFT", "rft"),
        _arm("online_rft", "online RFT", "online_rft"),
        _arm("grpo", "GRPO, outcome supervision", "grpo"),
        _arm("grpo_ps", "GRPO, process supervision", "grpo"),
    ),
    metrics=(ACCURACY,),
    pairs=(
        Pair("rft", "online_rft", "outputs of the policy as it is now instead of the start model's"),
        Pair("online_rft", "grpo", "GRPO instead of online RFT"),
        Pair("grpo", "grpo_ps", "process supervision instead of outcome supervision"),
    ),
    paper=f"{PAPER}, section 5.2.2, Figure 5",
    note="Every method scored by the process reward model, which the paper did not do.",
    curve=HELD_OUT,
)
ITERATIVE = Comparison(
    name="iterative",
    title="Iterative reinforcement learning",
    steps="rl",
    sweep="iterative",
    seed="rl.seed",
    arms=(
        _arm("grpo_os", "one round", "grpo"),
        _arm("iterative", "three rounds of a third of the steps", "grpo"),
    ),
    metrics=(ACCURACY,),
    pairs=(Pair("grpo_os", "iterative", "three rounds, the reward model trained on, instead of one"),),
    paper=f"{PAPER}, section 5.2.2, Figure 6",
    note="Equal numbers of samples; the paper's later iterations have more.",
    curve=HELD_OUT,
)
FIGURE7 = Comparison(
    name="figure7",
    title="Maj@K and Pass@K before and after reinforcement learning",
    steps="rl@grpo,evaluate@sft+grpo",
    sweep="figure7",
    seed="rl.seed",
    arms=(Arm("sft", "instruction-tuned"), Arm("grpo", "after GRPO")),
    metrics=tuple(
        Metric(name, f"{title}@64", "reports/evaluate/{item}.json", f"benchmarks.test.samples.{key}.64.value", "higher")
        for name, title, key in (("maj", "Maj", "maj_at"), ("pass", "Pass", "pass_at"))
    ),
    pairs=(Pair("sft", "grpo", "after GRPO instead of before"),),
    paper=f"{PAPER}, section 5.2.2, Figure 7",
    note="The instruction-tuned model is the same for every seed, so only the luck of GRPO varies.",
)
RL: tuple[Comparison, ...] = (FIGURE5, METHODS, SAME_REWARD, ITERATIVE, FIGURE7)
