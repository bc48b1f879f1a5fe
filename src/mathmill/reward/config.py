"""Configuration of the rewards."""

from dataclasses import dataclass

from mathmill.training.config import OptimConfig
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


_PRELOAD = (
    "math cmath decimal fractions itertools functools collections heapq bisect statistics random string re json csv "
    "datetime calendar operator typing dataclasses enum copy array struct textwrap unicodedata numbers contextlib "
    "hashlib pprint queue secrets zlib sympy numpy numpy.linalg numpy.fft numpy.random numpy.polynomial"
)


_WARM_UP = (
    "from sympy import *; x, y = symbols('x y'); solve([x + y - 3, x - y - 1], [x, y]); solve(x**2 - 3*x - 8, x); "
    "simplify(sin(x)**2 + cos(x)**2); integrate(x*sin(x), x); diff(exp(x**2), x); limit(sin(x)/x, x, 0); "
    "factor(x**2 - 1); str(Rational(1, 3) + sqrt(8)); Matrix([[1, 2], [3, 4]]).det(); summation(x, (x, 1, 9))"
)


@dataclass
class SandboxConfig:
    """How model-written programs are held; the paper says 10 seconds and is silent on the rest."""

    cpu_seconds: float = option(5.0, "processor seconds of one program (paper 8: 10)", gt=0.0, le=3600.0)
    wall_seconds: float = option(
        20.0,
        "a program that in so many seconds by the clock computes for less than a hundredth of them is ended: it waits "
        "for something. Another limit by the clock would give other results on a busy machine",
        gt=0.0,
    )
    memory_mb: int = option(512, "memory of one program beside the interpreter and its libraries, MiB", ge=16)
    output_bytes: int = option(20_000, "a program that prints more is ended", ge=100)
    scratch_mb: int = option(8, "size of the empty folder that a program may write to, MiB", ge=1)
    open_files: int = option(32, "files that a program may hold open", ge=8)
    seed: int = option(0, "seed of every random number in a program", ge=0)
    clock: int = option(1_704_067_200, "where a program's clock starts, seconds since 1970 (2024-01-01)", ge=0)
    preload: list[str] = option(
        _PRELOAD.split, "modules that are loaded once and not for each program; all that have compiled parts"
    )
    warm_up: str = option(
        _WARM_UP, "a program that a worker runs once before it serves, so that programs find caches filled"
    )
    packages: list[str] = option(
        lambda: ["sympy", "mpmath", "numpy"], "packages whose other Python modules a program can import, too"
    )
    missing: str = option(
        "refuse",
        "what to do where the kernel lacks a protection: refuse to run programs, or go_on without it (with a warning)",
        choices=["refuse", "go_on"],
    )


@dataclass
class SolutionsConfig:
    """How solutions, and continuations of their steps, are drawn; the paper is silent on all of it."""

    temperature: float = option(1.0, "softmax temperature; the paper is silent", gt=0)
    top_p: float = option(1.0, "nucleus; the paper is silent", gt=0, le=1)
    max_new_tokens: int = option(80, "longest solution in tokens; a longer one is cut and counts as wrong", ge=1)


@dataclass
class StepsConfig:
    """What a step of a solution is; the paper is silent."""

    delimiters: list[str] = option(
        lambda: ["\n", ". ", "\u3002"],
        "texts that end a step; the output's last token always ends the last one. The paper is silent",
    )

    def faults(self) -> dict[str, str]:
        """Delimiters that would end a step everywhere."""
        return {} if all(self.delimiters) else {"delimiters": "an empty text cannot end a step"}


@dataclass
class RewardConfig:
    """The section `reward`: what training rewards and evaluation share, and the reward models (paper 4.1, 4.2)."""

    kind: str = option(
        "outcome",
        "outcome: is the answer right, read at the last token; process: can each step still lead to it (Math-Shepherd)",
        choices=["outcome", "process"],
    )
    seed: int = option(0, "of sampling, of the fresh head and of the order of samples", ge=0)
    checkpoint: str | None = option(None, "model folder to start from; null: models/pretrain/base (paper 4.2: Base)")
    sampler: str | None = option(None, "model that writes solutions and completes their steps; null: models/sft")
    questions: str | None = option(None, "JSONL of training questions; null: data/clean/questions.jsonl")
    validation: str | None = option(None, "JSONL of held-out questions; null: the microworld's validation.jsonl")
    train_questions: int = option(240, "questions whose solutions are trained on, from the first on (0: all)", ge=0)
    held_out_questions: int = option(100, "held-out questions whose solutions only measure (0: all)", ge=0)
    outputs: int = option(8, "solutions of each question (Math-Shepherd: 15)", ge=1)
    unique: bool = option(
        False,
        "drop a solution that its question has already, as in Math-Shepherd. Right ones repeat more often, so that "
        "makes them rarer than they are among the policy's outputs",
    )
    completions: int = option(4, "process: continuations from each step, N (Math-Shepherd: 8)", ge=1)
    labels: str = option(
        "hard",
        "process: hard: a step is good if any continuation is right; soft: the share of right ones. Math-Shepherd "
        "trains on hard ones and finds no practical difference; the paper is silent",
        choices=["hard", "soft"],
    )
    solutions: SolutionsConfig = option(SolutionsConfig, "how solutions are drawn")
    steps: StepsConfig = option(StepsConfig, "what a step is")
    optim: OptimConfig = option(OptimConfig, "AdamW and its schedule (paper 4.2: learning rate 2e-5)")
    batch: int = option(32, "solutions in one optimiser step; the paper is silent", ge=1)
    epochs: float = option(2.0, "passes over the labelled solutions; the paper is silent", gt=0)
    replay: float = option(
        0.1, "share of historical data where a reward model is trained on (paper, Algorithm 1: 10 %)", ge=0, lt=1
    )
    shard_questions: int = option(40, "questions in one shard of sampling and labelling; a kill loses one shard", ge=1)
    rollout_rows: int = option(256, "sequences sampled side by side (memory only)", ge=1)
    sampler_dtype: str = option(
        "float32",
        "type of the sampler's weights while solutions are written and completed",
        choices=["float32", "bfloat16", "float16"],
    )
    score_tokens: int = option(16384, "tokens in one forward pass of scoring (memory only)", ge=1)
    verifier: VerifierConfig = option(VerifierConfig, "the answer verifier")
    sandbox: SandboxConfig = option(SandboxConfig, "the sandbox of model-written programs")
