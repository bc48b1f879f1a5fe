"""Configuration of stage `evaluate`: which benchmarks, how many samples, how they are decoded."""

from dataclasses import dataclass

from mathmill.reward.config import SandboxConfig, VerifierConfig
from mathmill.workflow.option import option

# evaluate/tasks/NAME.py each; the last two are statements to prove (evaluate/proofs.py).
TASK_NAMES = (
    "gsm8k",
    "math",
    "ocw",
    "sat",
    "mmlu_stem",
    "cmath",
    "gaokao_mathcloze",
    "gaokao_mathqa",
    "mgsm_zh",
)
PROOF_NAMES = ("minif2f_valid", "minif2f_test")


@dataclass
class PageConfig:
    """How a problem is put before a model that only knows pages: a text to continue, in the problem's language."""

    shots: int = option(
        0, "worked examples before the question, drawn from the training set; the paper uses 4 to 8", ge=0, le=64
    )
    question: dict[str, str] = option(
        lambda: {"en": "Question: {question} Solution:", "zh": "例题：{question}解："},
        "language -> the page up to the solution; a language that is not listed takes the first",
    )
    joint: dict[str, str] = option(
        lambda: {"en": " ", "zh": ""}, "language -> what stands between the page's start and the solution"
    )
    stop: list[str] = option(
        lambda: ["\n"], "a completion is cut before any of these strings; what follows is about something else"
    )


@dataclass
class SamplesConfig:
    """Several completions of each problem, for Pass@K and Maj@K (paper 5.2.2, Figure 7)."""

    n: int = option(0, "completions of each problem; 0 leaves sampling out", ge=0, le=4096)
    models: list[str] | None = option(None, "sample only these models; null: every model that is evaluated")
    items: int | None = option(None, "sample only the first that many problems of each benchmark; null: all", ge=1)
    temperature: float = option(0.7, "sampling temperature; Figure 7 of the paper uses 0.7", gt=0.0, le=10.0)
    top_p: float = option(1.0, "nucleus of the sampling; the paper is silent on it", gt=0.0, le=1.0)


@dataclass
class ProgramsConfig:
    """Answers with programs, run in the sandbox (paper 8: GSM8K+Python, MATH+Python, tool-integrated)."""

    formats: list[str] = option(
        list,
        "asked for beside the plain answer: pot (a program, its output is the answer), tir (text that calls programs)",
        choices=["pot", "tir"],
    )
    rounds: int = option(1, "programs that a tir answer may run, each followed by text (paper 8.4: 1)", ge=1, le=16)
    shown: int = option(50, "characters at each end that a model sees of a long output (paper 8.4: 50)", ge=1)
    opening: dict[str, str] = option(
        dict,
        "form -> what stands behind the prompt and belongs to the answer, such as pot: '```python'; for models that "
        "were tuned without a suffix for the form; the paper is silent",
    )


@dataclass
class LikelihoodConfig:
    """Bits per byte of the benchmarks' reference solutions."""

    items: int = option(200, "problems of each benchmark whose solutions are scored; 0 leaves it out", ge=0)
    untrained: bool = option(True, "score the same texts by an untrained model of the same shape, as a yardstick")


@dataclass
class ProverConfig:
    """Who checks proofs (paper 2.3, miniF2F with Isabelle)."""

    command: str | None = option(
        None,
        "a command that checks a theory: {file} in it stands for the theory's path, and exit status 0 means proved; "
        "null: proofs are written but not checked",
    )
    seconds: float = option(300.0, "time of one check by the clock; the paper is silent", gt=0.0)


@dataclass
class EvaluateConfig:
    """Section `evaluate` of the configuration."""

    seed: int = option(0, "seed of sampling, shots, resampling and of the untrained yardstick", ge=0)
    model: str = option("sft", "the model that is evaluated: the item of the stage")
    formats: dict[str, str] = option(
        dict,
        "model -> auto, chat or page; auto: the chat template where the model's tokenizer carries one, "
        "else a page to continue; a model that is not listed is auto",
        choices=["auto", "chat", "page"],
    )
    benchmark: list[str] | None = option(None, "benchmark files (JSON lines); null: the microworld's test set")
    tasks: list[str] = option(
        list,
        "benchmarks of the paper that are asked beside `benchmark`; their files are in task_files",
        choices=[*TASK_NAMES, *PROOF_NAMES],
    )
    task_files: dict[str, str] = option(
        dict, "task -> its JSON-lines file, or datasets:NAME[/CONFIGURATION]:SPLIT of the Hugging Face hub"
    )
    grading: str = option(
        "strict",
        "strict: the verifier alone; both: also as the paper's own evaluation grades, which accepts more (x100, 1e-3, "
        "other brackets); official: both, and the headline is that one",
        choices=["strict", "official", "both"],
    )
    instruct: str | None = option(
        None, "training set behind the baselines and the shots (JSON lines); null: the cleaned instruction set"
    )
    reader: str = option(
        "auto",
        "form of the benchmark's rows; auto knows it by their fields",
        choices=["auto", "problems", *TASK_NAMES],
    )
    limit: int | None = option(None, "take only the first that many problems of each benchmark; null: all", ge=1)
    page: PageConfig = option(PageConfig, "prompt of the models that continue pages")
    max_new_tokens: int = option(192, "longest completion, in tokens; the paper allows 1024", ge=1)
    batch_rows: int = option(256, "completions that are generated together", ge=1)
    samples: SamplesConfig = option(SamplesConfig, "several completions of each problem")
    programs: ProgramsConfig = option(ProgramsConfig, "answers with programs")
    prover: ProverConfig = option(ProverConfig, "the check of formal proofs")
    likelihood: LikelihoodConfig = option(LikelihoodConfig, "bits per byte of reference solutions")
    verifier: VerifierConfig = option(VerifierConfig, "the check of answers; its mode is the one of the headline")
    sandbox: SandboxConfig = option(SandboxConfig, "the sandbox of the programs")
    confidence: float = option(0.95, "coverage of every interval", gt=0.5, lt=1.0)
    dtype: str = option("float32", "type of the weights in memory", choices=["float32", "bfloat16", "float16"])
    examples: int = option(6, "completions that are copied into the report", ge=0, le=100)

    @property
    def mode(self) -> str:
        """The verdicts behind the headline."""
        return "official" if self.grading == "official" else self.verifier.mode

    def faults(self) -> dict[str, str]:
        """Tasks without a file."""
        missing = [name for name in self.tasks if name not in self.task_files]
        unknown = sorted(set(self.task_files) - {*TASK_NAMES, *PROOF_NAMES})
        found = {}
        if missing:
            found["tasks"] = f"no file for {', '.join(missing)}: set +evaluate.task_files.{missing[0]}=PATH"
        if unknown:
            found["task_files"] = f"no task {', '.join(unknown)}; there are {', '.join((*TASK_NAMES, *PROOF_NAMES))}"
        return found
