"""The stage as a whole: the rounds, the final corpus, the report."""

from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from mathmill.corpus.annotations import read_annotations
from mathmill.corpus.config import CorpusConfig
from mathmill.corpus.cut import Threshold
from mathmill.corpus.documents import read_seed
from mathmill.corpus.pool import Pool
from mathmill.corpus.rounds import Context, run_rounds
from mathmill.corpus.shards import collect_shard
from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, run_shards
from mathmill.workflow.engine_manifest import FINAL, PARTIAL, WORK
from mathmill.workflow.files import publish, remove


def make_corpus(
    pages: Path,
    seed: list[Path],
    annotations: Path,
    params: CorpusConfig,
    scratch: Path,
    engine: EngineConfig,
) -> tuple[Path, dict[str, Any]]:
    """Run all rounds in `scratch`; returns the folder to publish as data/corpus, and the report."""
    pool = Pool.read(pages)
    context = Context(pool, read_seed(seed), read_annotations(annotations), params, scratch / "corpus", engine)
    _tidy(context.scratch)
    rounds = run_rounds(context)
    last = context.scratch / f"round_{len(rounds)}"
    threshold = {field.name: rounds[-1]["threshold"][field.name] for field in fields(Threshold)}
    results = run_shards(
        "corpus: collect",
        collect_shard,
        [Shard(file.stem, (file, last / "scores" / f"{file.stem}.parquet")) for file in pool.files],
        context.scratch / "final",
        params={"threshold": threshold},
        engine=pool.light(engine),
        version="2",
    )
    return context.scratch, _report(rounds, results, context)


def _tidy(scratch: Path) -> None:
    """Remove what a killed run has left beside its finished files, or it would be published with the rest."""
    for stray in sorted(scratch.rglob(".*.tmp")):
        remove(stray)
    for manifest in sorted(scratch.rglob(FINAL)):  # killed between the last line of a manifest and its clean-up
        remove(manifest.with_name(PARTIAL))
        remove(manifest.with_name(WORK))


def _report(rounds: list[dict[str, Any]], final: list[ShardResult], context: Context) -> dict[str, Any]:
    languages: Counter[str] = Counter()
    for result in final:
        languages.update(result.stats["languages"])
    last = rounds[-1]
    overlap = last[f"overlap_{context.params.overlap_unit}"]
    return {
        "pool_pages": context.pool.pages,
        "seed_documents": len(context.seed),
        "marked_prefixes": len(context.marked),
        "unmatched": sorted(set(context.marked).intersection(*(each["unmatched"] for each in rounds))),
        "rounds": rounds,
        "stopped": "overlap" if overlap is not None and overlap >= context.params.stop_overlap else "rounds",
        "pages": last["pages"],
        "tokens": last["tokens"],
        "languages": dict(languages),
    }


def publish_corpus(folder: Path, destination: Path) -> None:
    """Replace data/corpus by the rounds of this run; training rows are no part of it."""
    for name in ("rows.txt", "negatives", "tied", "histogram"):
        for leftover in sorted(folder.glob(f"round_*/{name}")):
            remove(leftover)
    publish(folder, destination)
