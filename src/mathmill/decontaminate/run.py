"""The stage as a whole: every training text against every benchmark; clean texts and one list of removals."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from mathmill.decontaminate.benchmarks import benchmark_files, build_index, uncovered
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import GramIndex
from mathmill.decontaminate.shards import REMOVAL, clean_instruct, clean_shard
from mathmill.decontaminate.sources import sources, stem
from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, run_shards, shard_paths
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import publish, read_jsonl, read_parquet, remove, write_jsonl, write_parquet

VERSION = "2"  # of the rules: raise it when the code removes something else
_EXAMPLE_SETS = ("instruct", "questions")  # JSON lines, of which a row goes as a whole
_INPUTS = ("text", *_EXAMPLE_SETS, "benchmarks")
_EXAMPLES = 20  # grams of each kind that the report names


def decontaminate(
    corpus: Path,
    text: list[Path],
    instruct: list[Path],
    questions: list[Path],
    benchmarks: list[Path],
    params: DecontaminateConfig,
    scratch: Path,
    engine: EngineConfig,
) -> tuple[Path, dict[str, Any]]:
    """Clean all texts in `scratch`; returns the folder to publish as data/clean, and the report."""
    files = benchmark_files(benchmarks)
    # Paths would make the shards' keys, and with them the manifests, depend on where the project stands: the benchmarks
    # are inputs of every shard, and only their names are parameters.
    shared = {"section": _plain(params), "benchmarks": [file.stem for file in files]}

    def run(name: str, function: Callable[..., dict[str, Any]], inputs: list[Path]) -> list[ShardResult]:
        return run_shards(
            f"decontaminate: {name}",
            function,
            [Shard(stem(path), (path, *files)) for path in inputs],
            scratch / "sources" / name,
            params={**shared, "source": name},
            # A file by itself is done in this process: starting workers for it would take longer than the work.
            engine=engine if len(inputs) > 1 else replace(engine, backend="serial"),
            version=VERSION,
            suffix="",
        )

    results = {"corpus": run("corpus", clean_shard, shard_paths(corpus))}
    for source in sources(text):
        results[source.name] = run(source.name, clean_shard, list(source.files))
        if not any(shard.stats.get("texts") for shard in results[source.name]):
            passed = sum((Counter(shard.stats.get("filtered", {})) for shard in results[source.name]), Counter[str]())
            why = ", ".join(f"{count} {reason}" for reason, count in passed.items()) or "nothing that is read as one"
            raise UserError(f"decontaminate.text: no text in source {source.name} ({source.files[0]}): {why}")
    results["instruct"] = run("instruct", clean_instruct, instruct)
    results["questions"] = run("questions", clean_instruct, questions)
    index = build_index(files, params)
    folder = _assemble(results, scratch / "clean")
    write_jsonl(folder / "common.jsonl", common_grams(index, params.common))
    return folder, _report(results, folder, index, uncovered(files, params, index))


def _plain(params: DecontaminateConfig) -> dict[str, Any]:
    """The section without the places of its inputs, which are known by their content."""
    return {name: value for name, value in asdict(params).items() if name not in _INPUTS}


def _assemble(results: dict[str, list[ShardResult]], folder: Path) -> Path:
    """Clean texts by source, and all removals in one table, in a fixed order."""
    remove(folder)
    folder.mkdir(parents=True)
    removals = []
    for name, shards in results.items():
        for shard in shards:
            removals.append(read_parquet(shard.path / "removals.parquet"))
            if name not in _EXAMPLE_SETS:
                publish(shard.path / "clean.parquet", folder / name / f"{shard.shard.key}.parquet")
    for name in _EXAMPLE_SETS:
        rows = [row for shard in results[name] for row in read_jsonl(shard.path / "clean.jsonl")]
        write_jsonl(folder / f"{name}.jsonl", rows)
    keys = [(name, "ascending") for name in ("source", "id", "benchmark", "item")]
    write_parquet(folder / "removals.parquet", pa.concat_tables(removals).sort_by(keys), REMOVAL())
    return folder


def common_grams(index: GramIndex, limit: int) -> list[dict[str, Any]]:
    """Every gram of the benchmarks that does not count, with the number of its items and the reason; common first."""
    rows = [
        {"gram": " ".join(gram), "items": items, "reason": f"stands in {items} items, more than {limit}"}
        for gram, items in index.common.items()
    ]
    rows += [
        {"gram": " ".join(gram), "items": items, "reason": reason} for gram, (items, reason) in index.ignored.items()
    ]
    return sorted(rows, key=lambda row: (-row["items"], row["gram"]))


def _report(
    results: dict[str, list[ShardResult]], folder: Path, index: GramIndex, bare: dict[str, int]
) -> dict[str, Any]:
    """Counts by source and by benchmark; the grams that were too common to count, most frequent first."""
    counts, filtered = {}, {}
    for name, shards in results.items():
        total: Counter[str] = Counter(texts=0, hit=0, removed=0, segments=0)
        out: Counter[str] = Counter()
        for shard in shards:
            total.update({label: count for label, count in shard.stats.items() if label != "filtered"})
            out.update(shard.stats.get("filtered", {}))
        counts[name] = dict(total)
        if out:
            filtered[name] = dict(out)
    removals = read_parquet(folder / "removals.parquet").to_pylist()
    common = read_jsonl(folder / "common.jsonl")
    frequent = Counter((row["gram"], row["rule"]) for row in removals)
    return {
        "sources": counts,
        "filtered": filtered,
        "benchmarks": {
            name: {
                "items_without_a_rule": bare[name],
                "items_found": len({row["item"] for row in removals if row["benchmark"] == name}),
                "texts": len({(row["source"], row["id"]) for row in removals if row["benchmark"] == name}),
            }
            for name in bare
        },
        "rules": dict(Counter(row["rule"] for row in removals)),
        "grams": len(index.owners),
        "common_grams": len(common),
        "common_examples": common[:_EXAMPLES],
        # What removes most: a phrase among these that is nobody's question belongs into decontaminate.ignored.
        "frequent_grams": [
            {"gram": gram, "rule": rule, "hits": hits}
            for (gram, rule), hits in sorted(frequent.items(), key=lambda entry: (-entry[1], entry[0]))[:_EXAMPLES]
        ],
    }
