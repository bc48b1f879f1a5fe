"""What an evaluation writes: the samples table, examples for the reader, figures for the tracking server."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from mathmill.evaluate.grade import Graded
from mathmill.evaluate.item import Item


def SAMPLE() -> pa.Schema:
    """One row a completion (data/samples/MODEL.parquet). copy: 0 is greedy, others are sampled.

    form: cot, pot, tir, or isabelle (a proof).
    """
    text, flag, number = pa.string(), pa.bool_(), pa.int64()
    kinds = {
        "benchmark": text, "id": text, "family": text, "difficulty": number, "lang": text, "question": text,
        "answer": text, "copy": number, "text": text, "tokens": number, "finished": flag, "extracted": text,
        "where": text, "strict": flag, "lenient": flag,
        "official": flag, "form": text,
    }  # fmt: skip
    return pa.schema([pa.field(name, kind, nullable=name in ("extracted", "official")) for name, kind in kinds.items()])


def examples(items: Sequence[Item], graded: Sequence[Graded], count: int) -> list[dict[str, Any]]:
    """Some completions for the reader's eye: of the same problems for every model, spread over the benchmark."""
    count = min(count, len(items))
    # From the middle of each stretch, because rows may stand in the order of families.
    chosen = [(2 * k + 1) * len(items) // (2 * count) for k in range(count)]
    return [
        {
            "id": items[i].id,
            "question": items[i].question,
            "answer": items[i].answer,
            "text": graded[i].completion.text[:2000],
            "correct": graded[i].strict,
            "extracted": (graded[i].extracted or "")[:200],
        }
        for i in chosen
    ]


def sample_rows(
    benchmark: str, items: Sequence[Item], graded: Sequence[Sequence[Graded]], form: str = "cot"
) -> list[dict[str, Any]]:
    """The rows of SAMPLE of one benchmark and form, problem by problem."""
    return [
        {
            "benchmark": benchmark,
            "id": item.id,
            "family": item.family,
            "difficulty": item.difficulty,
            "lang": item.lang,
            "question": item.question,
            "answer": item.answer,
            "copy": copy,
            "text": verdict.completion.text,
            "tokens": verdict.completion.tokens,
            "finished": verdict.completion.finished,
            "extracted": verdict.extracted,
            "where": verdict.where,
            "strict": verdict.strict,
            "lenient": verdict.lenient,
            "official": verdict.official,
            "form": form,
        }
        for item, group in zip(items, graded, strict=True)
        for copy, verdict in enumerate(group)
    ]


def rounded(value: Any) -> Any:
    """The same tree with floats to six decimals: what a reader can use, and the same bytes after harmless rounding."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list) else value


def headline(report: dict[str, Any]) -> dict[str, float]:
    """The figures for the tracking server: `<benchmark>/<metric>`."""
    metrics: dict[str, float] = {}
    for benchmark, result in report["benchmarks"].items():
        greedy = result["greedy"]
        metrics[f"{benchmark}/accuracy"] = greedy[report["mode"]]["value"]
        metrics[f"{benchmark}/accuracy_lenient"] = greedy["lenient"]["value"]
        if "official" in greedy:
            metrics[f"{benchmark}/accuracy_official"] = greedy["official"]["value"]
        metrics[f"{benchmark}/truncated"] = greedy["truncated"]
        metrics[f"{benchmark}/tokens"] = greedy["tokens"]
        for group in ("by_family", "by_lang", "by_difficulty"):
            for name, values in greedy[group].items():
                metrics[f"{benchmark}/{group}/{name}"] = values[report["mode"]]["value"]
        for kind in ("solution", "page", "solution_untrained", "page_untrained"):
            if result["bits_per_byte"] and kind in result["bits_per_byte"]:
                metrics[f"{benchmark}/bits_per_byte/{kind}"] = result["bits_per_byte"][kind]["bits_per_byte"]
        for form, figures in (result["programs"] or {}).items():
            metrics[f"{benchmark}/{form}/accuracy"] = figures[report["mode"]]["value"]
            metrics[f"{benchmark}/{form}/program_accuracy"] = figures["program"]["value"]
        if result["samples"]:
            for curve in ("pass_at", "maj_at"):
                for k, interval in result["samples"][curve].items():
                    metrics[f"{benchmark}/{curve}_{k}"] = interval["value"]
    for name, figures in report.get("proofs", {}).items():
        if figures["proved"] is not None:
            metrics[f"{name}/proved"] = figures["proved"]["value"]
    return metrics
