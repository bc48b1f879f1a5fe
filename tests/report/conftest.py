"""Inputs of a report, made by the same code that makes the real ones, out of invented outcomes."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mathmill.corpus.measures import calibration, measures
from mathmill.evaluate.baselines import baselines
from mathmill.evaluate.grade import Graded, summarise_greedy
from mathmill.evaluate.item import Item
from mathmill.evaluate.run import items_digest
from mathmill.report.facts import Sources
from mathmill.reward import quality
from mathmill.rl.rollout import Completion
from mathmill.workflow.files import write_json, write_jsonl, write_parquet
from mathmill.workflow.graph import node

ACCURACY = {
    "base": 0.18,
    "sft": 0.41,
    "grpo": 0.58,
    "general_math": 0.11,
    "code_math": 0.16,
    "math": 0.13,
    "math_arxiv": 0.13,
}
FAMILIES = ("sums", "product", "remainder", "fraction", "average", "shopping")


def items(count: int = 300) -> list[Item]:
    return [
        Item(
            f"test-{i:04d}",
            FAMILIES[i % len(FAMILIES)],
            1 + i % 4,
            "zh" if i % 3 == 2 else "en",
            f"${i} + 1$等于多少？" if i % 3 == 2 else f"What is ${i} + 1$? <b>&</b>",
            f"It is \\boxed{{{i + 1}}}.",
            str(i + 1),
        )
        for i in range(count)
    ]


def evaluation(name: str, accuracy: float) -> dict[str, Any]:
    problems, rng = items(), random.Random(name)
    graded = []
    for item in problems:
        right = rng.random() < accuracy
        text = f" ${item.question[:4]}$ it is \\boxed{{{item.answer if right else '0'}}}."
        chat = name in ("sft", "grpo")
        graded.append(Graded(Completion(text, 20, rng.random() < 0.95), right and chat, right, "0", "boxed"))
    bits = {"bits_per_byte": 0.9, "bytes": 1, "tokens": 1, "texts": 1, "cut": 0}
    return {
        "model": name,
        "format": "chat" if name in ("sft", "grpo") else "page",
        "mode": "strict",
        "confidence": 0.95,
        "parameters": 1_300_000,
        "benchmarks": {
            "test": {
                "items": len(problems),
                "items_digest": items_digest(problems),
                "greedy": summarise_greedy(problems, graded, 0.95),
                "baselines": baselines(problems, items(60)),
                "samples": None,
                "bits_per_byte": {"page": bits, "page_untrained": {**bits, "bits_per_byte": 3.1}, "solution": bits},
                "examples": [
                    {
                        "id": problems[i].id,
                        "question": problems[i].question,
                        "answer": problems[i].answer,
                        "text": graded[i].completion.text,
                        "correct": graded[i].strict,
                        "extracted": "0",
                    }
                    for i in (10, 80, 200)
                ],
            }
        },
    }


def write_world(root: Path) -> None:
    """Ground truth of 200 pages, four rounds that find more and more of it, a final corpus, removals."""
    rng = random.Random(0)
    genres = ("forum", "textbook", "zh_homework", "encyclopaedia")
    truth = []
    for i in range(200):
        math = i < 80
        truth.append(
            {
                "url": f"https://host{i % 20}.example/page/{i}",
                "is_math": math,
                "valid": True,
                "genre": genres[i % 4] if math else "news",
                "lang": "zh" if i % 4 == 2 else "en",
                "copy_of": f"https://host{(i - 1) % 20}.example/page/{i - 1}" if i in (5, 9) else None,
                "contaminated_by": ["test-0001"] if i in (20, 21, 22) else [],
                "lookalike": i in (30, 31, 32, 33),
                "formulas": [],
            }
        )
    text, flag = pa.string(), pa.bool_()
    columns = {"url": text, "is_math": flag, "valid": flag, "genre": text, "lang": text, "copy_of": text}
    columns |= {"contaminated_by": pa.list_(text), "lookalike": flag, "formulas": pa.list_(text)}
    schema = pa.schema(list(columns.items()))
    write_parquet(root / "data/microworld/truth/pages.parquet", truth, schema)
    scores = pa.schema([("url", text), ("score", pa.float64()), ("tokens", pa.int64())])
    for number in (1, 2, 3, 4):
        folder = root / f"data/corpus/round_{number}"
        rows = []
        for i, row in enumerate(truth):
            known = row["is_math"] and i % 4 < number
            rows.append({"url": row["url"], "score": 0.9 if known or rng.random() < 0.02 else 0.1, "tokens": 100})
        kept = [row for row in rows if row["score"] >= 0.5]
        write_parquet(folder / "cut" / "part-0" / "kept.parquet", kept, scores)
        write_parquet(folder / "scores" / "part-0.parquet", rows, scores)
        for name, output in (("cut", "part-0"), ("scores", "part-0.parquet")):
            line = {"shard": "part-0", "key": "k", "output": output, "bytes": 1, "stats": {}, "quarantined": {}}
            write_jsonl(folder / name / "manifest.jsonl", [line])
        overlap = None if number == 1 else 0.5 + 0.12 * number
        counts = {"pages": len(kept), "tokens": 100 * len(kept), "hosts_flagged": 3 * number, "seed_growth": 7}
        classifier = measures(np.array([0.9, 0.9, 0.4]), np.array([0.1, 0.6]))
        classifier |= {"calibration": calibration(np.array([0.9, 0.9, 0.4]), np.array([0.1, 0.6]), 10)}
        write_json(
            folder / "round.json",
            {"round": number, "overlap_tokens": overlap, "hosts": 9, "classifier": classifier, **counts}
            | {"threshold": {"bin": 2048, "bucket": 0, "bins": 4096, "score": 0.5}},
        )
        write_json(folder / "histogram.json", {"bins": 4096, "pages": {"2200": len(kept), "1900": 200 - len(kept)}})
    pages = [
        {"url": row["url"], "lang": row["lang"], "text": f"Solve $x + {i} = 7$ for <x> & more.\n" * 30}
        for i, row in enumerate(truth)
        if row["is_math"] or i == 150
    ]
    page = pa.schema([("url", text), ("lang", text), ("text", text)])
    write_parquet(root / "data/corpus/final/part-00000.parquet", pages, page)
    ids = pa.schema([("id", text)])
    kept_clean = [{"id": row["url"]} for row in pages if not row["url"].endswith("/33")]
    write_parquet(root / "data/clean/corpus/part-00000.parquet", kept_clean, ids)
    removed = [
        {"source": "corpus", "id": f"https://host{i % 20}.example/page/{i}", "benchmark": "test", "item": "test-0001"}
        | {"gram": "what is", "rule": "10-gram"}
        for i in (20, 21, 22)
    ]
    removed.append({"source": "code", "id": "code-1", "benchmark": "test", "item": "test-0002", "gram": "", "rule": ""})
    planted = [("page", truth[20]["url"]), ("code", "code-1"), ("code", "code-2")]
    write_jsonl(
        root / "data/microworld/truth/contamination.jsonl",
        [{"source": source, "id": name, "benchmark": "test-0002", "part": "both"} for source, name in planted],
    )
    names = ("source", "id", "benchmark", "item", "gram", "rule")
    write_parquet(root / "data/clean/removals.parquet", removed, pa.schema([(name, text) for name in names]))


def write_reward_models(root: Path) -> None:
    """An outcome model that knows something, measured by the code of stage reward."""
    rng = np.random.default_rng(1)
    right = (rng.random(300) < 0.3).astype(float)
    scores = np.clip(0.3 * right + 0.6 * rng.random(300), 0, 1)
    found = quality.measures(scores, right, np.arange(300) // 6)
    write_json(root / "reports/reward/outcome.json", {"kind": "outcome", "held_out": {"solutions": found}})


def write_comparison(root: Path) -> None:
    """Two methods over three seeds, with a curve, as mathmill.compare writes them."""

    def arm(title: str, gain: float) -> dict[str, Any]:
        curve = [
            {"step": s, "n": 3, "mean": 0.2 + gain * s, "low": 0.18 + gain * s, "high": 0.22 + gain * s}
            for s in (0, 30, 60, 90)
        ]
        value = {"by_seed": {"0": 0.3, "1": 0.31, "2": 0.32}, "mean": 0.31, "low": 0.3, "high": 0.33}
        runs = {seed: [f"{title}{seed}"] for seed in "012"}
        return {"title": title, "runs": runs, "seconds": 60.0, "values": {"accuracy": value}, "curve": curve}

    pair = {"pair": "grpo-rft", "before": "rft", "after": "grpo", "title": "GRPO <instead> of RFT"}
    pair |= {"metric": "accuracy", "better": "higher", "seeds": [0, 1, 2], "differences": [0.1, 0.1, 0.13]}
    write_json(
        root / "reports/comparisons/toy.json",
        {
            "name": "toy",
            "title": "Methods",
            "paper": "arXiv:2402.03300, Figure 5",
            "note": "A toy.",
            "overrides": ["reward.labels=<soft>"],
            "seeds": [0, 1, 2],
            "method": "t interval",
            "metrics": {"accuracy": {"title": "accuracy", "better": "higher"}},
            "curve": {"title": "accuracy", "x": "step"},
            "order": ["rft", "grpo"],
            "arms": {"rft": arm("rejection sampling", 0.001), "grpo": arm("group relative", 0.002)},
            "pairs": [{**pair, "difference": 0.11, "low": 0.07, "high": 0.15}],
        },
    )


def write_training(root: Path) -> None:
    for run in ("base", "general", "code", "general_math", "code_math", "math", "math_arxiv"):
        history = [
            {"step": step, "loss": 1.2 + 5 / (1 + step / 30) + 0.1 * (len(run) % 3)} for step in range(0, 600, 10)
        ]
        write_json(
            root / f"reports/pretrain/{run}.json",
            {
                "run": run,
                "tokens": 3_400_000,
                "history": history,
                "bits_per_byte": {"corpus": 0.91, "code": 1.4, "arxiv": 1.2},
                "epochs": {"corpus": 1.7, "code": 0.4},
                "ablation": "code_before_maths" if run in ("general_math", "code_math") else None,
            },
        )
    write_json(root / "reports/sft.json", {"history": [{"step": s, "loss": 0.3 + 1 / (1 + s)} for s in range(100)]})
    rng = random.Random(5)
    history = []
    for step in range(1, 201):
        row = {"step": step, "reward": 0.3 + 0.0015 * step + rng.uniform(-0.1, 0.1), "kl": 0.0005 * step}
        row |= {"entropy": 0.4 - 0.001 * step, "zero_variance": 0.2 + 0.001 * step, "length": 40.0}
        if step % 20 == 1:
            row["held_out_accuracy"] = 0.4 + 0.0009 * step
        history.append(row)
    final = {"held_out_accuracy": 0.585, "held_out_questions": 400, "start_held_out_accuracy": 0.401}
    samples = [
        {
            "step": 200,
            "question": f"What is {k} + 1?",
            "expected": str(k + 1),
            "output": " It is \\boxed{2}.",
            "reward": 0.0,
            "steps": "0.000",
        }
        for k in (1, 1, 2, 2)
    ]
    write_json(
        root / "reports/rl/grpo.json", {"method": "grpo", "history": history, "final": final, "samples": samples}
    )
    pages = {
        "files": 4,
        "responses": 230,
        "extracted": 205,
        "pages": 200,
        "dropped": {"quarantined:timeout": 1, "status": 29},
    }
    write_json(root / "reports/pages.json", {**pages, "copies": {"near": 3, "same_url": 2}})
    for label in ("corpus", "decontaminate", "tokens"):
        write_json(root / f"reports/{label}.json", {})


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_world(root)
    write_training(root)
    write_reward_models(root)
    write_comparison(root)
    for name, accuracy in ACCURACY.items():
        write_json(root / f"reports/evaluate/{name}.json", evaluation(name, accuracy))
    return root


@pytest.fixture
def sources(project: Path) -> Sources:
    return Sources(project, {label: project / path for label, path in node("report").inputs.items()})
