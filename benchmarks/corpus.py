"""Pages and near-duplicate signatures for each second of CPU time, beside datatrove in the same run.

    python -m venv /elsewhere && /elsewhere/bin/pip install -e . "datatrove[io,processing]" spacy lxml_html_clean
    /elsewhere/bin/python benchmarks/corpus.py --data ../shared/data/warc [--files 1] [--rounds 3]

datatrove is no dependency of the project (it pins older versions of libraries that the project uses): without it only
this project's own rates are printed. Every case is a process of its own, cases take turns, and what counts is the CPU
time of that process and its children, with the loading of the classifier (ours as a round of stage corpus leaves it:
folded) and without imports, so that a busy machine matters little. One classifier scores for all (fastText, dim 256,
200,000 slots, word 3-grams), trained beforehand on these pages.

Cases: `ours` is WARC to scored text with formulas (read, decode, text, score, write); `ours_stage` is the same through
the stages' own shard functions, with language, keys of copies and parquet. `datatrove_trafilatura` is datatrove's stock
pipeline (WarcReader, Trafilatura in its sandbox, FastTextClassifierFilter, JsonlWriter), with a timeout that no page
meets; `datatrove_resiliparse` the same with resiliparse's main content, in process, without sandbox.
`signatures_*`: MinHash signatures of the same texts (ours with bands 14 x 8, datatrove's default, and as configured at
the laptop), written to disk. `processes_1` and `processes_2`: stage pages as a whole, each file several times, by one
and by two worker processes, by the clock, so they mean something where both cores are free; what two could reach at
best follows from the CPU seconds of the parent, which nobody shares, and is printed as `bound`. `exactness` compares
both estimates of the Jaccard similarity on pairs of equal shingle sets with the exact value.
"""

import argparse
import importlib.metadata  # datatrove 0.10 uses it without importing it
import importlib.util
import itertools
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

LABELS = "debian_docs_dev_labels.jsonl"
OURS = ("ours", "ours_stage", "signatures_ours_14x8", "signatures_ours_laptop")
GROUP = 64  # pages
PROCESSES = ("processes_1", "processes_2")
COPIES = 4  # of each file, for these two: starting the processes takes a second, which is not what they measure
PEERS = ("datatrove_trafilatura", "datatrove_resiliparse", "signatures_datatrove")


def cpu() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    multiprocessing.active_children()  # waits for those that have ended
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def warcs(data: Path, files: int) -> list[Path]:
    return sorted(data.glob("debian_docs_dev_*.warc.gz"))[:files]


def texts(work: Path) -> Iterator[str]:
    with (work / "texts.jsonl").open(encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)["text"]


def prepare(data: Path, files: int, work: Path) -> None:
    """The texts that signatures are made of, and the classifier."""
    import fasttext

    from mathmill.corpus.classifier import folded_path
    from mathmill.corpus.linear import Linear
    from mathmill.corpus.wording import words
    from mathmill.pages.charset import decode
    from mathmill.pages.html import page_text
    from mathmill.pages.warc import Response, responses

    topics = {row["url"]: row["math"] for row in map(json.loads, (data / LABELS).read_text().splitlines())}
    with (work / "texts.jsonl").open("w", encoding="utf-8") as out, (work / "rows.txt").open("w") as rows:
        for file in warcs(data, files):
            for item in responses(file, 8_000_000):
                if isinstance(item, Response):
                    text = page_text((decode(item.body, item.charset) or ("", ""))[0])
                    out.write(json.dumps({"id": item.url, "text": text}) + "\n")
                    label = "__label__yes" if topics[item.url] else "__label__no"
                    rows.write(f"{label} {' '.join(words(text[:20_000]))}\n")
    model = fasttext.train_supervised(
        str(work / "rows.txt"), dim=256, bucket=200_000, wordNgrams=3, minCount=3, lr=0.5, epoch=5, thread=1, verbose=0
    )
    model.save_model(str(work / "model.bin"))
    Linear.fold(model).save(folded_path(work / "model.bin"))


def ours(data: Path, files: int, work: Path) -> tuple[float, int]:
    from mathmill.corpus.classifier import folded_path, score_texts
    from mathmill.corpus.config import ClassifierConfig
    from mathmill.corpus.linear import Linear
    from mathmill.pages.charset import decode
    from mathmill.pages.config import PagesConfig
    from mathmill.pages.extract import unfit
    from mathmill.pages.html import page_text
    from mathmill.pages.warc import Response, responses

    start = cpu()
    model, settings, params = Linear.read(folded_path(work / "model.bin")), ClassifierConfig(), PagesConfig()
    count = 0
    fit = (
        item
        for file in warcs(data, files)
        for item in responses(file, params.max_bytes)
        if isinstance(item, Response) and unfit(item, params) is None
    )
    with (work / "ours.jsonl").open("w", encoding="utf-8") as out:
        while group := list(itertools.islice(fit, GROUP)):  # the stages too score groups of pages
            found = [page_text((decode(item.body, item.charset) or ("", ""))[0]) for item in group]
            for item, text, score in zip(group, found, score_texts(model, found, settings), strict=True):
                out.write(json.dumps({"url": item.url, "score": score, "text": text}) + "\n")
            count += len(group)
    return cpu() - start, count


def ours_stage(data: Path, files: int, work: Path) -> tuple[float, int]:
    from dataclasses import asdict

    from mathmill.corpus.classifier import folded_path
    from mathmill.corpus.config import CorpusConfig
    from mathmill.corpus.shards import score_shard
    from mathmill.pages.config import PagesConfig
    from mathmill.pages.extract import write_pages
    from mathmill.pages.warc import responses
    from mathmill.workflow.engine import PageGuard, Shard

    guard, params, count, start = PageGuard(30.0), PagesConfig(), 0, cpu()
    for number, file in enumerate(warcs(data, files)):
        out = work / f"pages-{number}.parquet"
        count += write_pages(responses(file, params.max_bytes), file.name, params, out, guard)["responses"]
        score_shard(
            Shard("x", (out, folded_path(work / "model.bin"))),
            {"classifier": asdict(CorpusConfig().classifier)},
            work / f"scores-{number}.parquet",
            guard,
        )
    return cpu() - start, count


def datatrove_trafilatura(data: Path, files: int, work: Path) -> tuple[float, int]:
    from datatrove.pipeline.extractors import Trafilatura

    return datatrove(data, files, work, Trafilatura(timeout=600))


def datatrove_resiliparse(data: Path, files: int, work: Path) -> tuple[float, int]:
    from datatrove.pipeline.base import PipelineStep
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    class Resiliparse(PipelineStep):
        def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for doc in data:
                doc.text = extract_plain_text(HTMLTree.parse(doc.text), main_content=True)
                if doc.text:
                    yield doc

    return datatrove(data, files, work, Resiliparse())


def datatrove(data: Path, files: int, work: Path, extractor: Any) -> tuple[float, int]:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import FastTextClassifierFilter
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter

    if importlib.util.find_spec("magic") is None or not usable("magic"):
        # Without the system's libmagic: a stand-in that says at no cost what the answer would be.
        sys.modules["magic"] = types.SimpleNamespace(from_buffer=lambda content, mime: "text/html")  # type: ignore[assignment]
    with tempfile.TemporaryDirectory(dir=work) as folder:
        for file in warcs(data, files):
            (Path(folder) / "warc").mkdir(exist_ok=True)
            (Path(folder) / "warc" / file.name).symlink_to(file.resolve())
        # A filter that keeps everything: scores are what is wanted. The cache of models goes by path, so it is new.
        keep = FastTextClassifierFilter(str(work / "model.bin"), keep_labels=[("yes", 0.0)], newline_replacement=" ")
        for module in ("trafilatura", "warcio", "fasttext", "cchardet", "orjson"):
            usable(module)  # imported before the clock starts
        steps = [WarcReader(f"{folder}/warc"), extractor, keep, JsonlWriter(f"{folder}/out")]
        start = cpu()
        stats = LocalPipelineExecutor(steps, tasks=1, workers=1, logging_dir=f"{folder}/log").run()
        used = cpu() - start
        return used, int(stats.stats[0].stats["documents"].total)


def usable(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def processes_1(data: Path, files: int, work: Path) -> tuple[float, int]:
    return processes(data, files, work, 1)


def processes_2(data: Path, files: int, work: Path) -> tuple[float, int]:
    return processes(data, files, work, 2)


def processes(data: Path, files: int, work: Path, workers: int) -> tuple[float, int]:
    """Seconds by the clock, and pages; prints the bound on the gain of two processes."""
    from mathmill.pages.config import PagesConfig
    from mathmill.pages.run import make_pages
    from mathmill.workflow.config import EngineConfig

    engine = EngineConfig(backend="pool", workers=workers, progress=False)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        crawl = Path(folder) / "crawl"
        crawl.mkdir()
        for copy in range(COPIES):
            for file in warcs(data, files):
                (crawl / f"{copy}-{file.name}").symlink_to(file.resolve())
        start, parent, everyone = time.perf_counter(), time.process_time(), cpu()
        make_pages([crawl], PagesConfig(), Path(folder) / "pages", engine)
        took, alone = time.perf_counter() - start, time.process_time() - parent
        share = alone / (cpu() - everyone)
    print(f"bound {1 / (share + (1 - share) / 2):.2f}")
    return took, COPIES * sum(1 for _ in texts(work))


def signatures_ours_14x8(data: Path, files: int, work: Path) -> tuple[float, int]:
    return signatures_ours(work, 14, 8)


def signatures_ours_laptop(data: Path, files: int, work: Path) -> tuple[float, int]:
    return signatures_ours(work, 40, 3)


def signatures_ours(work: Path, bands: int, rows: int) -> tuple[float, int]:
    from mathmill.pages.config import NearDuplicates, PagesConfig
    from mathmill.pages.extract import summaries
    from mathmill.pages.shingles import permutations, tokens

    params, functions = PagesConfig(near=NearDuplicates(bands=bands, rows=rows)), permutations(bands * rows, 1)
    found = list(texts(work))
    size, start = sum(len(text.encode()) for text in found), cpu()
    with (work / "signatures.bin").open("wb") as out:
        for text in found:
            made = summaries(tokens(text), params, functions)
            out.write(made["bands"] + made["sketch"])
    return cpu() - start, size


def signatures_datatrove(data: Path, files: int, work: Path) -> tuple[float, int]:
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature

    found = list(texts(work))
    size = sum(len(text.encode()) for text in found)
    step = MinhashDedupSignature(str(work / "datatrove_signatures"))
    step.word_tokenizer.word_tokenize("warm up")
    start = cpu()
    list(step.run((Document(text=text, id=str(number)) for number, text in enumerate(found)), 0, 1) or [])
    return cpu() - start, size


def exactness(pairs: int = 200) -> dict[str, float]:
    """Root mean square error of both estimates against the exact similarity, on the same sets of shingles."""
    from mathmill.pages.shingles import minhash, permutations, similarity, sketch

    functions = permutations(112, 1)
    peer: Any = None
    if importlib.util.find_spec("datatrove") is not None:
        from datatrove.pipeline.dedup import MinhashDedupSignature

        with tempfile.TemporaryDirectory() as folder:
            peer = MinhashDedupSignature(folder)
    rng = np.random.default_rng(0)
    errors: dict[str, list[float]] = {"ours_112_hashes": [], "ours_sketch_256": [], "datatrove_112_hashes": []}
    for _ in range(pairs):
        size = int(rng.integers(50, 3000))
        common = int(size * rng.random())
        pool = rng.integers(0, 2**63, size=2 * size - common, dtype=np.uint64)
        one, two = np.unique(pool[:size]), np.unique(np.concatenate([pool[:common], pool[size:]]))
        exact = len(np.intersect1d(one, two)) / len(np.union1d(one, two))
        errors["ours_112_hashes"].append((minhash(one, functions) == minhash(two, functions)).mean() - exact)
        errors["ours_sketch_256"].append(similarity(sketch(one, 256)[None], sketch(two, 256)[None])[0] - exact)
        if peer is not None:
            left, right = (np.array(peer.get_signature(items[:, None])).reshape(-1) for items in (one, two))
            errors["datatrove_112_hashes"].append((left == right).mean() - exact)
    return {name: float(np.sqrt(np.mean(np.square(found)))) for name, found in errors.items() if found}


def measure(arguments: argparse.Namespace, work: Path) -> dict[str, list[float]]:
    """Units for each CPU second, by case, of every round."""
    peers = PEERS if importlib.util.find_spec("datatrove") is not None else ()
    if not peers:
        print("datatrove is not installed here: its cases are skipped (see the head of this file)")
    rates: dict[str, list[float]] = {name: [] for name in (*OURS, *PROCESSES, *peers)}
    for number in range(arguments.rounds):
        for name in rates:
            command = [sys.executable, __file__, "--case", name, "--work", str(work), "--data", str(arguments.data)]
            command += ["--files", str(arguments.files)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
            seconds, units = json.loads(done.stdout.splitlines()[-1])
            rates[name].append(units / seconds)
            said = "".join(f", {line}" for line in done.stdout.splitlines()[:-1] if line.startswith("bound"))
            print(f"round {number + 1} {name}: {units} in {seconds:.2f} s{said}", flush=True)
    return rates


def report(rates: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(found) for name, found in rates.items()}
    for name, rate in middle.items():
        unit, scale = ("MB/CPU s", 1e6) if name.startswith("signatures") else ("pages/CPU s", 1.0)
        unit = "pages/s by the clock" if name in PROCESSES else unit
        low, high = min(rates[name]) / scale, max(rates[name]) / scale
        print(f"{name}: median {rate / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
    compared = [PROCESSES[::-1]]
    compared += [(one, two) for one in OURS[:2] for two in PEERS[:2]] + [(one, PEERS[2]) for one in OURS[2:]]
    for one, two in compared:
        if one in middle and two in middle:
            print(f"{one} / {two}: {middle[one] / middle[two]:.2f}")
    for name, error in exactness().items():
        print(f"root mean square error of the similarity, {name}: {error:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the WARC files and their labels")
    parser.add_argument("--files", type=int, default=4, help="how many of the WARC files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        case: Callable[[Path, int, Path], tuple[float, int]] = globals()[given.case]
        print(json.dumps(case(given.data, given.files, given.work)))
        return
    with tempfile.TemporaryDirectory() as folder:
        start = time.time()
        prepare(given.data, given.files, Path(folder))
        print(f"prepared in {time.time() - start:.0f} s", flush=True)
        report(measure(given, Path(folder)))


if __name__ == "__main__":
    main()
