"""The graph, declared once for Python: what every stage reads, writes, is made of and listens to.

dvc.yaml says the same to DVC; tests/workflow/test_graph.py compares the two. Paths are relative to the project root.

A label in `own` may be replaced by the user: the configuration key `<stage>.<label>` (for a pre-training run
`pretrain.runs.<item>.<label>`) then holds another path, or a list of paths. DVC's edge stays on the default path (the
microworld's), and what stands at the user's path enters the graph as a digest under `inputs.<stage>` of params.yaml,
which compose computes and the stage lists. A label in `own` alone is an input that only a user can give.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache

# Pre-training runs of the default graph: name -> the folder that it starts from. A folder with a tokenizer alone
# means from scratch. Two pairs are the paper's ablations: code before maths or not, arXiv in the mixture or not.
PRETRAIN: dict[str, str] = {
    "base": "models/tokenizer",
    "general": "models/tokenizer",
    "code": "models/tokenizer",
    "general_math": "models/pretrain/general",
    "code_math": "models/pretrain/code",
    "math": "models/tokenizer",
    "math_arxiv": "models/tokenizer",
}
REWARD: tuple[str, ...] = ("outcome", "process")
RL: tuple[str, ...] = ("grpo",)
# Evaluated models: name -> folder.
EVALUATE: dict[str, str] = {
    "base": "models/pretrain/base",
    "general_math": "models/pretrain/general_math",
    "code_math": "models/pretrain/code_math",
    "math": "models/pretrain/math",
    "math_arxiv": "models/pretrain/math_arxiv",
    "sft": "models/sft",
    "grpo": "models/rl/grpo",
}
# The configuration key that names the item of a stage with several.
ITEM_KEYS: dict[str, str] = {"pretrain": "run", "reward": "kind", "rl": "method", "evaluate": "model"}
STAGES: tuple[str, ...] = (
    "compose",
    "microworld",
    "pages",
    "corpus",
    "decontaminate",
    "tokens",
    "pretrain",
    "sft",
    "reward",
    "rl",
    "evaluate",
    "report",
)
# What a stage reads and none makes: facts that stand in git (`make compare` writes them).
KEPT: tuple[str, ...] = ("reports/comparisons",)
_WORLD = "data/microworld"
_TRAINING = ("src/mathmill/training",)
_ROLLOUT = tuple(
    f"src/mathmill/rl/{name}.py"
    for name in ("cache", "group_decoding", "llama_step", "packing", "prefix_attention", "rollout", "shared_prefix")
)
# What judges an answer, without the reward models: evaluation does not run again where their training changes.
_VERIFIER = tuple(
    f"src/mathmill/reward/{name}"
    for name in (
        "config.py",
        "compare.py",
        "extract.py",
        "latex.py",
        "numbers.py",
        "sandbox",
        "structure.py",
        "symbolic.py",
        "verifier.py",
    )
)
_MEASURES = ("src/mathmill/corpus/cut.py", "src/mathmill/corpus/estimates.py", "src/mathmill/evaluate/stats.py")
_TABLES = "src/mathmill/workflow/tables.py"


def node_name(stage: str, item: str | None) -> str:
    """What DVC calls a node: `stage` or `stage@item`."""
    return stage if item is None else f"{stage}@{item}"


@dataclass(frozen=True)
class Node:
    """One stage, or one item of a stage. `metrics`: labels of outputs that stand in git, not in DVC's cache.

    `only_if`: inputs that a run uses only where its section says so: label -> the keys and their values.
    """

    stage: str
    item: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    only_if: dict[str, dict[str, str | None]] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    params: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name that DVC gives it."""
        return node_name(self.stage, self.item)


def node(stage: str, item: str | None = None) -> Node:
    """The node of a stage (and item). An item outside the default graph is built by the same pattern.

    Raises KeyError where there is no such stage.
    """
    builders = {"pretrain": _pretrain, "reward": _reward, "rl": _rl, "evaluate": _evaluate}
    if stage in builders:
        return builders[stage](item or next(iter(default_items(stage))))
    return _single()[stage]


def default_items(stage: str) -> tuple[str, ...]:
    """The items of a stage in the default graph; empty for a stage that has none."""
    return {"pretrain": tuple(PRETRAIN), "reward": REWARD, "rl": RL, "evaluate": tuple(EVALUATE)}.get(stage, ())


def nodes() -> Iterator[Node]:
    """Every node of the default graph except compose, in running order."""
    for stage in STAGES[1:]:
        for item in default_items(stage) or (None,):
            yield node(stage, item)


def producer(path: str) -> Node | None:
    """The node of the default graph that writes `path` or a folder above it; None for a user's own path."""
    for candidate in nodes():
        for output in candidate.outputs.values():
            if path == output or path.startswith(output + "/"):
                return candidate
    return None


def _section(stage: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The keys of params.yaml that a stage listens to: its whole section, or key by key where some do not count."""
    from mathmill.workflow.schema import section_type

    if not without:
        return (stage,)
    return tuple(f"{stage}.{key.name}" for key in fields(section_type(stage)) if key.name not in without)


def _pretrain(item: str) -> Node:
    return Node(
        "pretrain",
        item,
        inputs={"tokens": "data/tokens", "init": PRETRAIN.get(item, "models/tokenizer")},
        outputs={"model": f"models/pretrain/{item}", "report": f"reports/pretrain/{item}.json"},
        metrics=("report",),
        own=("init",),
        code=("src/mathmill/pretrain", *_TRAINING),
        params=(*_section("pretrain", ("run", "runs")), f"pretrain.runs.{item}", f"inputs.pretrain.{item}"),
    )


def _reward(item: str) -> Node:
    return Node(
        "reward",
        item,
        inputs={
            "checkpoint": "models/pretrain/base",
            "sampler": "models/sft",
            "questions": "data/clean/questions.jsonl",
            "validation": f"{_WORLD}/benchmarks/validation.jsonl",
        },
        outputs={"model": f"models/reward/{item}", "report": f"reports/reward/{item}.json"},
        metrics=("report",),
        own=("checkpoint", "sampler", "questions", "validation"),
        code=(
            "src/mathmill/reward",
            "src/mathmill/rl/likelihood.py",
            "src/mathmill/rl/questions.py",
            *_TRAINING,
            *_ROLLOUT,
        ),
        params=(*_section("reward", ("kind", "sandbox", "replay")), "inputs.reward"),
    )


def _rl(item: str) -> Node:
    return Node(
        "rl",
        item,
        inputs={
            "checkpoint": "models/sft",
            "questions": "data/clean/questions.jsonl",
            "validation": f"{_WORLD}/benchmarks/validation.jsonl",
            **{kind: f"models/reward/{kind}" for kind in REWARD},  # labels are the values of rl.reward
        },
        outputs={"model": f"models/rl/{item}", "report": f"reports/rl/{item}.json"},
        metrics=("report",),
        own=("checkpoint", "questions", "validation", "reward_model"),
        only_if={kind: {"reward": kind, "reward_model": None} for kind in REWARD},
        code=("src/mathmill/rl", "src/mathmill/reward", *_TRAINING),
        params=(*_section("rl"), "reward", "inputs.rl"),
    )


def _evaluate(item: str) -> Node:
    return Node(
        "evaluate",
        item,
        inputs={
            "checkpoint": EVALUATE.get(item, f"models/pretrain/{item}"),
            "benchmark": f"{_WORLD}/benchmarks/test.jsonl",
            "instruct": "data/clean/instruct.jsonl",
        },
        outputs={"report": f"reports/evaluate/{item}.json", "samples": f"data/samples/{item}.parquet"},
        metrics=("report",),
        own=("benchmark", "task_files", "instruct"),
        code=("src/mathmill/evaluate", *_VERIFIER, *_TRAINING, *_ROLLOUT),
        params=(*_section("evaluate"), "inputs.evaluate"),
    )


@cache
def _single() -> dict[str, Node]:
    """The stages that have no items."""
    return {single.stage: single for single in (_microworld(), *_corpus_stages(), *_text_stages(), _report())}


def _microworld() -> Node:
    files = (
        "crawl",
        "text",
        "seed.parquet",
        "annotations.yaml",
        "instruct.jsonl",
        "questions.jsonl",
        "benchmarks",
        "truth",
    )
    return Node(
        "microworld",
        outputs={name.partition(".")[0]: f"{_WORLD}/{name}" for name in files},
        code=("src/mathmill/microworld", _TABLES),
        params=_section("microworld"),
    )


def _corpus_stages() -> tuple[Node, ...]:
    """Web pages to a mathematical corpus."""
    return (
        Node(
            "pages",
            inputs={"crawl": f"{_WORLD}/crawl"},
            outputs={"pages": "data/pages", "report": "reports/pages.json"},
            metrics=("report",),
            own=("crawl",),
            code=("src/mathmill/pages", _TABLES),
            params=(*_section("pages"), "inputs.pages"),
        ),
        Node(
            "corpus",
            inputs={
                "pages": "data/pages",
                "seed_corpus": f"{_WORLD}/seed.parquet",
                "annotations": f"{_WORLD}/annotations.yaml",
            },
            outputs={"corpus": "data/corpus", "report": "reports/corpus.json"},
            metrics=("report",),
            own=("seed_corpus", "annotations"),
            code=("src/mathmill/corpus", "src/mathmill/pages/url.py", _TABLES),
            params=(*_section("corpus"), "inputs.corpus"),
        ),
    )


def _text_stages() -> tuple[Node, ...]:
    """Clean texts, tokens, instruction tuning."""
    return (
        Node(
            "decontaminate",
            inputs={
                "corpus": "data/corpus/final",
                "text": f"{_WORLD}/text",
                "instruct": f"{_WORLD}/instruct.jsonl",
                "questions": f"{_WORLD}/questions.jsonl",
                "benchmarks": f"{_WORLD}/benchmarks",
            },
            outputs={"clean": "data/clean", "report": "reports/decontaminate.json"},
            metrics=("report",),
            own=("text", "instruct", "questions", "benchmarks"),
            code=("src/mathmill/decontaminate", _TABLES),
            params=(*_section("decontaminate"), "inputs.decontaminate"),
        ),
        Node(
            "tokens",
            inputs={"clean": "data/clean"},
            outputs={"tokenizer": "models/tokenizer", "tokens": "data/tokens", "report": "reports/tokens.json"},
            metrics=("report",),
            own=("base_checkpoint",),
            code=("src/mathmill/tokens", "src/mathmill/training/config.py", "src/mathmill/training/model.py", _TABLES),
            params=(*_section("tokens"), "inputs.tokens"),
        ),
        Node(
            "sft",
            inputs={"checkpoint": "models/pretrain/base", "instruct": "data/clean/instruct.jsonl"},
            outputs={"model": "models/sft", "report": "reports/sft.json"},
            metrics=("report",),
            own=("checkpoint", "instruct"),
            code=("src/mathmill/sft", *_TRAINING),
            params=(*_section("sft"), "inputs.sft"),
        ),
    )


def _report() -> Node:
    """The report reads every other stage's report (labels `stage` and `stage/item`), and the ground truth."""
    inputs = {
        "rounds": "data/corpus",
        "clean": "data/clean/corpus",
        "removals": "data/clean/removals.parquet",
        "truth": f"{_WORLD}/truth",
        "comparisons": KEPT[0],
    }
    for stage in STAGES:
        for item in default_items(stage):
            inputs[f"{stage}/{item}"] = f"reports/{stage}/{item}.json"
    for stage in ("pages", "corpus", "decontaminate", "tokens", "sft"):
        inputs[stage] = f"reports/{stage}.json"
    return Node(
        "report",
        inputs=inputs,
        outputs={"index": "reports/index.html", "summary": "reports/summary.json", "figures": "reports/figures"}
        | {"claims": "reports/claims.json", "claims_page": "reports/claims.md"},
        metrics=("index", "summary", "figures", "claims", "claims_page"),
        own=("labels",),
        code=("src/mathmill/report", *_MEASURES),
        params=(*_section("report"), "inputs.report"),
    )
