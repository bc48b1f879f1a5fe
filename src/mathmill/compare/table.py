"""The comparisons of the paper that this project can repeat: sections 2 and 5.1, and those of table_rl."""

from mathmill.compare.specs import Arm, Comparison, Metric, Pair
from mathmill.compare.table_rl import RL
from mathmill.report.facts import PAPER

_EVALUATION = "reports/evaluate/{item}.json"
_PRETRAINING = "reports/pretrain/{item}.json"
WITHOUT = Metric(
    "solution",
    "bits per byte of worked solutions, given the question (without programs)",
    _EVALUATION,
    "benchmarks.test.bits_per_byte.solution.bits_per_byte",
    "lower",
)
WITH = Metric(
    "program",
    "bits per byte of programs that solve a problem, given the question (with programs)",
    _EVALUATION,
    "benchmarks.programs.bits_per_byte.solution.bits_per_byte",
    "lower",
)
ACCURACY = Metric(
    "accuracy", "accuracy, any final answer", _EVALUATION, "benchmarks.test.greedy.lenient.value", "higher"
)
ACCURACY_WITH = Metric(
    "program_accuracy", "accuracy of programs that were run", _EVALUATION, "benchmarks.test.programs.pot.lenient.value",
    "higher",
)  # fmt: skip
CODE = Metric("code", "bits per byte of held-out code", _PRETRAINING, "bits_per_byte.code.bits_per_byte", "lower")
GENERAL = Metric(
    "general", "bits per byte of held-out general text", _PRETRAINING, "bits_per_byte.general.bits_per_byte", "lower"
)
_PROGRAMS = ("programs",)

CODE_FIRST = Comparison(
    name="code_first",
    title="Code before mathematics",
    steps="pretrain@math+general+general_math+code+code_math+mixed,"
    "evaluate@general+code+general_math+code_math+mixed+math",
    sweep="code_first",
    seed="pretrain.seed",
    arms=(
        Arm("general", "general text"),
        Arm("code", "code"),
        Arm("general_math", "general text, then mathematics"),
        Arm("code_math", "code, then mathematics"),
        Arm("math", "mathematics alone"),
        Arm("mixed", "code and mathematics mixed"),
    ),
    metrics=(WITHOUT, WITH, ACCURACY, ACCURACY_WITH, CODE, GENERAL),
    pairs=(
        Pair("general", "code", "code instead of general text, no mathematics after"),
        Pair("general_math", "code_math", "code before mathematics instead of general text"),
        Pair("math", "code_math", "code before mathematics instead of nothing"),
        Pair("math", "general_math", "general text before mathematics instead of nothing"),
        Pair("code_math", "mixed", "code and mathematics mixed instead of one after the other"),
        Pair("math", "mixed", "code mixed into mathematics instead of mathematics alone"),
        Pair("code", "code_math", "mathematics after code instead of code alone"),
        Pair("general", "general_math", "mathematics after general text instead of none"),
    ),
    paper=f"{PAPER}, section 5.1.1, Tables 6 and 7",
    note="Models of a million weights from scratch, equal budgets in both stages (the paper: 400B, then 150B tokens of "
    "a 1.3B model); they answer next to nothing, so likelihood of held-out solutions and programs is what is compared.",
    files=_PROGRAMS,
)
ARXIV = Comparison(
    name="arxiv",
    title="arXiv papers",
    steps="pretrain@math_arxiv+general+arxiv+math,evaluate@general+arxiv+math_arxiv+math",
    sweep="arxiv",
    seed="pretrain.seed",
    arms=(
        Arm("general", "general text"),
        Arm("arxiv", "general text, then arXiv alone"),
        Arm("math", "mathematics alone"),
        Arm("math_arxiv", "mathematics, three tenths of it arXiv"),
    ),
    metrics=(WITHOUT, WITH, ACCURACY, ACCURACY_WITH, GENERAL),
    pairs=(
        Pair("general", "arxiv", "arXiv alone after general text instead of nothing more"),
        Pair("math", "math_arxiv", "arXiv in place of a part of the mathematics"),
    ),
    paper=f"{PAPER}, section 5.1.2, Tables 8 and 9",
    note="The paper continues trained models on arXiv alone; here the model before has seen as little general text as "
    "it then sees arXiv. The second pair, arXiv in the mixture, is not in the paper.",
    files=_PROGRAMS,
)
_SETS = ("seed_only", "web", "round_1", "round_2", "round_3", "round_4")
CORPORA = Comparison(
    name="corpora",
    title="Corpora of the rounds, the seed and the unfiltered web",
    steps=f"decontaminate,tokens,pretrain@{'+'.join(_SETS)},evaluate@{'+'.join(_SETS)}",
    sweep="corpora",
    seed="pretrain.seed",
    arms=(
        Arm("seed_only", "the seed corpus alone"),
        Arm("web", "pages of the web, unfiltered"),
        *(Arm(f"round_{number}", f"the corpus of round {number}") for number in (1, 2, 3, 4)),
    ),
    metrics=(WITHOUT, WITH, ACCURACY),
    pairs=(
        Pair("web", "round_4", "the corpus instead of the unfiltered web"),
        Pair("seed_only", "round_4", "the corpus instead of the seed"),
        Pair("round_1", "round_2", "round 2 instead of round 1"),
        Pair("round_2", "round_3", "round 3 instead of round 2"),
        Pair("round_3", "round_4", "round 4 instead of round 3"),
        Pair("round_1", "round_4", "round 4 instead of round 1"),
    ),
    paper=f"{PAPER}, section 2.2, Table 1",
    note="Equal token budgets, one tokenizer (that of the default chain), the same decontamination for every corpus. "
    "The paper compares with published corpora, which a generated world does not have.",
    files=("programs", "corpora"),
)
COMPARISONS: dict[str, Comparison] = {one.name: one for one in (CODE_FIRST, ARXIV, CORPORA, *RL)}
