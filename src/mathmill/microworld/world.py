"""The whole microworld: everything made in parallel, then put together (design: the microworld)."""

import shutil
from pathlib import Path
from typing import Any

from mathmill.microworld.annotate import annotate, write_annotations
from mathmill.microworld.config import MicroworldConfig
from mathmill.microworld.crawl import host_shards, mix, write_hosts
from mathmill.microworld.plan import world
from mathmill.microworld.sets import make_sets
from mathmill.microworld.texts import SOURCES, make_seed, make_texts
from mathmill.microworld.truth import summary, write_truth
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import PageGuard, Shard, run_shards
from mathmill.workflow.files import read_jsonl, write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

VERSION = "1"


def write_shard(shard: Shard, config: MicroworldConfig, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Make one independent part of the world in the folder `out`: the sets, a source of text, or some hosts."""
    kind, _, name = shard.key.partition("-")
    out.mkdir(parents=True)
    if kind == "hosts":
        return write_hosts(config, int(name), out)
    plan = world(config)
    if kind == "sets":
        sets = make_sets(config.sets, config.seed)
        for label in ("instruct", "questions", "validation", "test", "planted"):
            write_jsonl(out / f"{label}.jsonl", getattr(sets, label))
        return {"instruct": len(sets.instruct), "questions": len(sets.questions)}
    rows, planted = (make_seed(plan), []) if name == "seed" else make_texts(name, plan)
    write_parquet(out / f"{name}.parquet", rows, TEXT())
    write_jsonl(out / "planted.jsonl", planted)
    return {"texts": len(rows), "characters": sum(len(row["text"]) for row in rows)}


def make_parts(config: MicroworldConfig, scratch: Path, engine: EngineConfig) -> dict[str, Path]:
    """Every part of the world as a folder under `scratch`; parts that are finished are not made again."""
    shards = [Shard("sets-all", ()), *(Shard(f"text-{name}", ()) for name in (*SOURCES, "seed")), *host_shards(config)]
    results = run_shards(
        "microworld", write_shard, shards, scratch, params=config, engine=engine, version=VERSION, suffix=""
    )
    return {result.shard.key: result.path for result in results}


def _planted(parts: dict[str, Path], rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Every place where a benchmark item was planted: pages, instruct rows, texts."""
    found = [
        {"source": "page", "id": row["url"], "benchmark": benchmark, "part": part}
        for row in rows
        for benchmark, part in zip(row["contaminated_by"], row.get("parts", ()), strict=True)
    ]
    found += read_jsonl(parts["sets-all"] / "planted.jsonl")
    for source in SOURCES:
        found += read_jsonl(parts[f"text-{source}"] / "planted.jsonl")
    return found


def make_world(config: MicroworldConfig, out: dict[str, Path], scratch: Path, engine: EngineConfig) -> dict[str, Any]:
    """Write the world. out: label -> path of each output, as the graph names them. Returns the summary of the truth."""
    parts = make_parts(config, scratch, engine)
    for label in ("crawl", "text", "benchmarks", "truth"):
        shutil.rmtree(out[label], ignore_errors=True)
        out[label].mkdir(parents=True)
    hosts = [parts[shard.key] for shard in host_shards(config)]
    rows = mix(world(config), hosts, out["crawl"])
    for source in SOURCES:
        shutil.copyfile(parts[f"text-{source}"] / f"{source}.parquet", out["text"] / f"{source}.parquet")
    shutil.copyfile(parts["text-seed"] / "seed.parquet", out["seed"])
    for label in ("validation", "test"):
        shutil.copyfile(parts["sets-all"] / f"{label}.jsonl", out["benchmarks"] / f"{label}.jsonl")
    for label in ("instruct", "questions"):
        shutil.copyfile(parts["sets-all"] / f"{label}.jsonl", out[label])
    write_annotations(out["annotations"], annotate(rows, config.annotator, config.seed), config.annotator)
    planted = _planted(parts, rows)
    write_truth(out["truth"], rows, planted)
    return summary(rows, planted)
