"""Configuration of the rewards."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class VerifierConfig:
    """How an answer is taken out of a text and compared with the expected one."""

    mode: str = option(
        "strict",
        "strict: only a balanced \\boxed{...} counts; lenient: also ####, 'the answer is', the last number. "
        "The paper is silent on the extraction behind its rule reward",
        choices=["strict", "lenient"],
    )
    percent: str = option(
        "drop",
        "drop: 50% equals 50; ratio: 50% equals 0.5; either: both. "
        "The paper's own grader accepts a factor of 100 in both directions even without the sign",
        choices=["drop", "ratio", "either"],
    )
    tolerance: float = option(
        0.0,
        "absolute tolerance where at least one side is written as a decimal; 0 compares exact rational numbers. "
        "The paper's own grader uses 1e-3",
        ge=0.0,
        le=1.0,
    )
    symbolic: bool = option(True, "compare expressions by math-verify and sympy where both sides are expressions")
    seconds: float = option(2.0, "processor seconds that one symbolic comparison may take", gt=0.0, le=60.0)
    memory_mb: int = option(1024, "address space of the process for symbolic comparisons, MiB", ge=256)
    max_characters: int = option(300, "a longer answer is wrong without a look at it", ge=16, le=2000)
    max_nesting: int = option(12, "an answer with deeper nested brackets is wrong without a look at it", ge=2, le=100)


@dataclass
class RewardConfig:
    """The section `reward`: what training rewards and evaluation share."""

    verifier: VerifierConfig = option(VerifierConfig, "the answer verifier")
