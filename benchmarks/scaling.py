"""What a page costs at each step from WARC to corpus (CPU seconds, bytes), and whether a worker's memory grows.

    python benchmarks/scaling.py data/microworld          the microworld's crawl, seed and annotations, made before
    python benchmarks/scaling.py data/microworld --memory peak memory of a worker at 1 and at 10 times the pages

Everything runs in this process (the shares of two processes: see the end of the table), in CPU seconds, so other work
on the machine disturbs little. Prints JSON. docs/scaling.md takes its rates from here.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mathmill.corpus.classifier import folded_path
from mathmill.corpus.config import ClassifierConfig, CorpusConfig
from mathmill.corpus.run import make_corpus
from mathmill.corpus.shards import score_shard
from mathmill.pages.config import PagesConfig
from mathmill.pages.dedup import drop_copies, write_shard
from mathmill.pages.run import make_pages
from mathmill.pages.shard import Extraction, extract_shard
from mathmill.pages.warc import Response, responses
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import PageGuard, Shard, run_shards, shard_paths

SERIAL = EngineConfig(backend="serial", progress=False)
# The paper's size and settings, but the rule of updates for epochs and rate: the microworld's seed is small.
CLASSIFIER = ClassifierConfig(epochs=None, lr=None, row_words=100, min_updates=40_000)
TIMES = 10


def clocked(function: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    value = function()
    return time.process_time() - began, value


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rates(world: Path, scratch: Path) -> dict[str, Any]:
    params = PagesConfig(max_bytes=2_000_000)
    files = sorted((world / "crawl").glob("*.warc.gz"))
    read, bodies = clocked(
        lambda: [len(r.body) for f in files for r in responses(f, 8_000_000) if isinstance(r, Response)]
    )
    shards = [Shard(file.name.split(".")[0], (file,)) for file in files]

    def extract() -> list[Any]:
        return run_shards(
            "extract", extract_shard, shards, scratch / "extracted", params=Extraction(params), engine=SERIAL
        )

    extraction, extracted = clocked(extract)
    pages = sum(result.stats["pages"] for result in extracted)
    no_sketch = replace(params, near=replace(params.near, enabled=False))
    bare, _ = clocked(
        lambda: run_shards("bare", extract_shard, shards, scratch / "bare", params=Extraction(no_sketch), engine=SERIAL)
    )
    copies, (kept, _) = clocked(lambda: drop_copies(extracted, params, scratch / "copies", SERIAL))
    out = [Shard(result.shard.key, (result.path, kept[result.shard.key])) for result in extracted]
    write, written = clocked(lambda: run_shards("write", write_shard, out, scratch / "pages", params={}, engine=SERIAL))
    left = sum(result.stats["pages"] for result in written)
    corpus, (folder, report) = clocked(
        lambda: make_corpus(
            scratch / "pages",
            [world / "seed.parquet"],
            world / "annotations.yaml",
            replace(CorpusConfig(), rounds=1, classifier=CLASSIFIER),
            scratch / "corpus",
            SERIAL,
        )
    )
    model = folded_path(folder / "round_1" / "classifier.bin")
    settings = {"classifier": vars(CLASSIFIER)}

    def score() -> None:
        for number, path in enumerate(shard_paths(scratch / "pages")):
            score_shard(Shard("s", (path, model)), settings, scratch / f"scores-{number}.parquet", PageGuard(60))

    scoring, _ = clocked(score)
    return {
        "responses": len(bodies),
        "megabytes_warc": sum(file.stat().st_size for file in files) / 1e6,
        "megabytes_html": sum(bodies) / 1e6,
        "pages_extracted": pages,
        "pages_left": left,
        "cpu_seconds": {
            "read": round(read, 2),
            "extract (with read)": round(extraction, 2),
            "extract without near-duplicates": round(bare, 2),
            "copies": round(copies, 2),
            "write pages": round(write, 2),
            "score": round(scoring, 2),
            "one round, with training": round(corpus, 2),
        },
        "pages_per_cpu_second": {
            "extract": round(pages / extraction, 1),
            "extract without near-duplicates": round(pages / bare, 1),
            "copies": round(pages / copies, 1),
            "write": round(left / write, 1),
            "score": round(left / scoring, 1),
        },
        "bytes_per_page": {
            "extracted": round(size(scratch / "extracted") / pages),
            "extracted without near-duplicates": round(size(scratch / "bare") / pages),
            "exchange of copies": round(size(scratch / "copies") / pages),
            **{
                f"exchange: {part.name}": round(size(part) / pages, 1)
                for part in sorted((scratch / "copies").iterdir())
            },
            "pages": round(size(scratch / "pages") / left),
            "scores": round(size(folder / "round_1" / "scores") / left),
            "model": model.stat().st_size,
        },
        "corpus_pages": report["pages"],
    }


def serial_share(world: Path, scratch: Path) -> dict[str, Any]:
    """CPU seconds of the parent, which nobody shares, and of its two workers, for stage pages."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    engine = replace(SERIAL, backend="pool", workers=2)
    parent, _ = clocked(lambda: make_pages([world / "crawl"], PagesConfig(max_bytes=2_000_000), scratch, engine))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    workers = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    share = parent / (parent + workers)
    return {
        "parent": round(parent, 2),
        "workers": round(workers, 2),
        "serial_share": round(share, 3),
        "bound_on_speedup_of_two": round(1 / (share + (1 - share) / 2), 2),
    }


def worker(crawl: str, scratch: str) -> None:
    """Extract one file, write its pages; print the peak memory after each."""
    out, peaks = Path(scratch), {}
    shard = Shard("one", (Path(crawl),))
    extract_shard(shard, Extraction(PagesConfig(max_bytes=2_000_000)), out / "extracted.parquet", PageGuard(60))
    peaks["extract"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    import numpy as np
    import pyarrow.parquet as parquet

    rows = parquet.ParquetFile(out / "extracted.parquet", pre_buffer=False).metadata.num_rows
    np.save(out / "kept.npy", np.arange(rows))
    write_shard(Shard("one", (out / "extracted.parquet", out / "kept.npy")), {}, out / "p.parquet", PageGuard(60))
    peaks["write"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"pages": rows, **peaks}))


def memory(world: Path, scratch: Path) -> dict[str, Any]:
    """Peak memory (MiB) of a fresh worker process over the whole crawl as one file, and over ten times that."""
    files = sorted((world / "crawl").glob("*.warc.gz"))
    found: dict[str, Any] = {}
    for times in (1, TIMES):
        crawl = scratch / f"x{times}.warc.gz"
        with open(crawl, "wb") as whole:  # gzip members: files can be put one behind the other
            for _ in range(times):
                for file in files:
                    whole.write(file.read_bytes())
        command = [sys.executable, __file__, "--worker", str(crawl), str(scratch)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[f"x{times}"] = json.loads(done.stdout)
    found["growth"] = {
        step: round(found[f"x{TIMES}"][step] / found["x1"][step] - 1, 3) for step in ("extract", "write")
    }
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker(sys.argv[2], sys.argv[3])
    else:
        with tempfile.TemporaryDirectory() as folder:
            place, scratch = Path(sys.argv[1]), Path(folder)
            if "--memory" in sys.argv:
                print(json.dumps(memory(place, scratch), indent=2))
            else:
                print(
                    json.dumps({**rates(place, scratch), "pages_stage": serial_share(place, scratch / "two")}, indent=2)
                )
