"""The findings of the paper, C1 to C32, in our words, and what would show each of them here.

A finding is a claim about a real web and real models; what stands beside it is the same comparison in a generated world
with models of a million weights. A row says what was measured there, and nothing about the paper's scale.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["better", "worse", "no better"]


@dataclass(frozen=True)
class Seeds:
    """A pair of a comparison over seeds (see mathmill.compare): `pair` by `metric` goes in this direction."""

    comparison: str
    pair: str
    metric: str
    expect: Direction = "better"


@dataclass(frozen=True)
class Items:
    """Two evaluated models of the graph, paired on the same problems: the second goes in this direction."""

    before: str
    after: str
    expect: Direction = "better"


@dataclass(frozen=True)
class Overlap:
    """The share of a round's pages that the round before had collected is larger in the last round than before it."""


Evidence = Seeds | Items | Overlap


@dataclass(frozen=True)
class Claim:
    """A finding of the paper. evidence: all of it must go the claimed way; without any, `reason` says why not.

    note: how what is measured here differs from what the paper measured.
    """

    name: str
    text: str
    section: str
    stage: str
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    reason: str = ""


_PUBLISHED = "it ranks models of other laboratories on published benchmarks; a generated world holds neither"
_GENERAL = "MMLU and BBH ask for knowledge that no text of the generated world holds"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1", "Rounds of classifying and finding hosts saturate: by the fourth, nearly all was collected before.",
        "2.1", "corpus", (Overlap(),),
        "One world, one seed; the interval takes pages as independent. The paper stops at about 98 % of tokens.",
    ),
    Claim(
        "C2", "At equal tokens the corpus makes better models than the published mathematical corpora.",
        "2.2", "pretrain", (Seeds("corpora", "round_4-seed_only", "solution"),),
        "The seed stands for the paper's published corpora (it starts from OpenWebMath); no other corpus exists here.",
    ),
    Claim(
        "C3", "The corpus is better token for token, not only larger.", "2.2", "pretrain",
        (Seeds("corpora", "round_4-web", "solution"),),
        "Against the unfiltered web at an equal budget, each read less than once; the paper compares learning curves.",
    ),
    Claim(
        "C4", "English corpora help Chinese problems little or hurt; a corpus of both languages helps.", "2.2",
        "pretrain", reason="the generated crawl has no English-only corpus of mathematics to compare with",
    ),
    Claim(
        "C5", "A larger corpus keeps improving a model where small ones, read again and again, level off.", "2.2",
        "pretrain", reason="at the laptop's budgets no corpus is read twice",
    ),
    Claim(
        "C6", "The corpus of a later round makes a better model than that of an earlier one.", "2.2", "pretrain",
        (Seeds("corpora", "round_4-round_1", "solution"),), "Implicit in the paper (89B against 120B tokens).",
    ),
    Claim("C7", "The 7B base model beats every open base model on all eight benchmarks.", "2.3", "evaluate",
          reason=_PUBLISHED),
    Claim("C8", "The 7B base model matches Minerva 540B.", "2.3", "evaluate", reason=_PUBLISHED),
    Claim(
        "C9", "Mathematical pre-training improves solving with programs and formalising proofs.", "2.3", "pretrain",
        (Seeds("code_first", "general_math-general", "program"),),
        "Only the half about programs, by likelihood, mathematics after general text against none; nothing is proved.",
    ),
    Claim("C10", "Mathematical pre-training lifts general reasoning (MMLU, BBH).", "2.3", "pretrain", reason=_GENERAL),
    Claim("C11", "With code in the mixture, the base model keeps what its code model could do.", "2.3", "pretrain",
          reason="the default chain starts from nothing, so there is no code model to compare the base model with"),
    Claim(
        "C12", "Code before mathematics beats general text before mathematics, without programs.", "5.1.1", "pretrain",
        (Seeds("code_first", "code_math-general_math", "solution"),), "By likelihood of worked solutions.",
    ),
    Claim(
        "C13", "... and with programs.", "5.1.1", "pretrain",
        (Seeds("code_first", "code_math-general_math", "program"),), "By likelihood of programs that solve problems.",
    ),
    Claim(
        "C14", "Code alone already helps solving with programs.", "5.1.1", "pretrain",
        (Seeds("code_first", "code-general", "program"),), "Code against general text, by likelihood of programs.",
    ),
    Claim(
        "C15", "Mixing code with mathematics in one stage avoids forgetting code, and is best with programs.", "5.1.1",
        "pretrain",
        (Seeds("code_first", "mixed-code_math", "code"), Seeds("code_first", "mixed-code_math", "program")),
        "Forgetting by likelihood of held-out code. The row holds where both do.",
    ),
    Claim(
        "C16", "... but costs mathematics without programs in a small model.", "5.1.1", "pretrain",
        (Seeds("code_first", "mixed-math", "solution", "worse"),),
        "As in the paper, the mixed run reads as much mathematics as the other, and the code beside it.",
    ),
    Claim("C17", "Mathematical pre-training raises general scores of a 1.3B model as well.", "5.1.1", "pretrain",
          reason=_GENERAL),
    Claim(
        "C18", "Training on arXiv alone does not help mathematics.", "5.1.2", "pretrain",
        (Seeds("arxiv", "arxiv-general", "solution", "no better"),),
        "By likelihood, which formulas alone can raise: it sees gains that accuracy, the paper's measure, need not. "
        "The model before is a small one of general text.",
    ),
    Claim("C19", "The instruction-tuned model leads all open models on MATH by nine points.", "3", "evaluate",
          reason=_PUBLISHED),
    Claim("C20", "With tools it nears 60 % on MATH, the best of the open models.", "3", "evaluate", reason=_PUBLISHED),
    Claim(
        "C21", "GRPO improves the instruction-tuned model on problems of its own kind.", "4.2", "rl",
        (Items("sft", "grpo"),), "One seed; the interval is over problems.",
    ),
    Claim("C22", "... and on every kind that it was not trained on.", "4.2", "rl",
          reason="training and test share the families of problems; there is no other kind to test on"),
    Claim("C23", "First open model above 50 % on MATH.", "4.2", "evaluate", reason=_PUBLISHED),
    Claim(
        "C24", "GRPO needs fewer resources than PPO, for it has no critic.", "4.1", "rl",
        (Seeds("paradigm", "grpo-ppo", "parameters"),),
        "By the weights that training holds: policy, start model, critic, reward model. The paper measured nothing.",
    ),
    Claim("C25", "Online rejection sampling beats offline.", "5.2.2", "rl",
          (Seeds("figure5", "online_rft-rft", "accuracy"),)),
    Claim(
        "C26", "GRPO with outcome supervision beats online rejection sampling.", "5.2.2", "rl",
        (Seeds("figure5", "grpo_os-online_rft", "accuracy"),),
        "As in the paper the reward's source differs as well; comparison figure5_same_reward holds it fixed.",
    ),
    Claim("C27", "GRPO with process supervision beats GRPO with outcome supervision.", "5.2.2", "rl",
          (Seeds("figure5", "grpo_ps-grpo_os", "accuracy"),)),
    Claim(
        "C28", "Iterating, with the reward model trained on, helps; the first iteration most.", "5.2.2", "rl",
        (Seeds("iterative", "iterative-grpo_os", "accuracy"),),
        "Three rounds against one of as many steps; which of them helps most is not tested.",
    ),
    Claim(
        "C29", "Reinforcement learning raises Maj@K, not Pass@K.", "5.2.2", "evaluate",
        (Seeds("figure7", "grpo-sft", "maj"), Seeds("figure7", "grpo-sft", "pass", "no better")),
        "At the largest K that was sampled. The row holds where both do.",
    ),
    Claim("C30", "A vote among 64 samples of the tuned model reaches 60.9 % on MATH.", "5.2.2", "evaluate",
          reason="a number on a published benchmark by a published model"),
    Claim("C31", "SFT, RFT, DPO, PPO and GRPO are one gradient with different coefficients.", "5.2.1", "rl",
          reason="algebra, which no run can show; tests/rl checks every coefficient against autograd"),
    Claim("C32", "The model does about as well without examples in the prompt as with them.", "5.2.3", "evaluate",
          reason="stated in the paper without numbers, about models that read examples; these are too small to"),
)  # fmt: skip
