"""The stage as a whole: the rounds, the final corpus, the report."""

from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.cut import Threshold
from mathmill.corpus.documents import read_annotations, read_seed
from mathmill.corpus.rounds import Context, Pool, run_rounds
from mathmill.corpus.shards import collect_shard
from mathmill.workflow.engine import EngineConfig, Shard, run_shards
from mathmill.workflow.files import publish, read_parquet, remove


def make_corpus(
    pages: Path,
    seed: list[Path],
    annotations: Path,
    params: CorpusConfig,
    scratch: Path,
    engine: EngineConfig,
    threads: int = 1,
) -> tuple[Path, dict[str, Any]]:
    """Run all rounds in `scratch`; returns the folder to publish as data/corpus, and the report."""
    pool = Pool.read(pages)
    context = Context(pool, read_seed(seed), read_annotations(annotations), params, scratch / "corpus", engine, threads)
    # A file that was half written when a run was killed stands beside its place, and would be published with the rest.
    for stray in sorted(context.scratch.rglob(".*.tmp")):
        remove(stray)
    rounds = run_rounds(context)
    last = context.scratch / f"round_{len(rounds)}"
    threshold = {field.name: rounds[-1]["threshold"][field.name] for field in fields(Threshold)}
    results = run_shards(
        "corpus: collect",
        collect_shard,
        [Shard(file.stem, (file, last / "scores" / f"{file.stem}.parquet")) for file in pool.files],
        context.scratch / "final",
        params={"threshold": threshold},
        engine=engine,
    )
    return context.scratch, _report(rounds, [result.path for result in results], pool, context)


def _report(rounds: list[dict[str, Any]], final: list[Path], pool: Pool, context: Context) -> dict[str, Any]:
    languages: Counter[str] = Counter()
    for path in final:
        languages.update(read_parquet(path, columns=["lang"]).column("lang").to_pylist())
    last = rounds[-1]
    overlap = last[f"overlap_{context.params.overlap_unit}"]
    return {
        "pool_pages": len(pool.rows),
        "seed_documents": len(context.seed),
        "marked_prefixes": len(context.marked),
        "rounds": rounds,
        "stopped": "overlap" if overlap is not None and overlap >= context.params.stop_overlap else "rounds",
        "pages": last["pages"],
        "tokens": last["tokens"],
        "languages": dict(languages),
    }


def publish_corpus(folder: Path, destination: Path) -> None:
    """Replace data/corpus by the rounds of this run; training rows are no part of it."""
    for leftover in folder.glob("round_*/rows.txt"):
        remove(leftover)
    publish(folder, destination)
