"""Real pages with labels by topic: make a pool, a seed and annotations, and measure the corpus.

The labels are of whole documentation packages (one host each), not of single pages: a page of an index in a package of
mathematics counts as mathematics. In the WARC files half of the pages are mathematics; the pool keeps all other pages
and so many of the mathematical hosts that are no seed that they make up `--share` of it, since the method draws its
negatives from the pool and rests on the domain being rare there. Steps, from the root of the project:

    python benchmarks/real_pages.py prepare --data ../shared/data/warc --out data/real
    make exp experiment=real_pages        # or the stages compose, pages and corpus by hand
    python benchmarks/real_pages.py measure --data ../shared/data/warc

`prepare` writes pool.warc.gz (records as they are, one gzip member each), seed.jsonl (the texts of the seed hosts,
which are not in the pool) and annotations.yaml (a person who looks at flagged hosts marks those on mathematics; with
`--unmarked` an empty list, so that no round is told anything about the hosts that are no seed).
`measure` prints, for each round, AUC over all pages of the pool, precision and recall of the cut, and the kept pages by
host. With annotations only round 1 scores hosts that the classifier has never seen: later rounds train on what these
brought.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from mathmill.corpus.documents import draw
from mathmill.corpus.measures import auc
from mathmill.pages.charset import decode
from mathmill.pages.html import page_text
from mathmill.pages.warc import Response, responses
from mathmill.workflow.engine import shard_paths
from mathmill.workflow.files import read_json, read_jsonl, read_parquet, write_bytes, write_jsonl, write_text

LABELS = "debian_docs_dev_labels.jsonl"


def package(url: str) -> str:
    return url.split("/")[2].removesuffix(".example")


def prepare(data: Path, seed_hosts: list[str], share: float, unmarked: bool, out: Path) -> None:
    topics = {row["package"]: row["math"] for row in read_jsonl(data / LABELS)}
    seed, others, maths = [], [], []
    for file in sorted(data.glob("debian_docs_dev_*.warc.gz")):
        content = file.read_bytes()
        found = [item for item in responses(file, 8_000_000) if isinstance(item, Response)]
        ends = [item.offset for item in found[1:]] + [len(content)]
        for item, end in zip(found, ends, strict=True):
            if package(item.url) in seed_hosts:
                text = page_text((decode(item.body, item.charset) or ("", ""))[0])
                if len(text) >= 200:
                    seed.append({"id": item.url, "text": text})
            else:
                (maths if topics[package(item.url)] else others).append((item.url, content[item.offset : end]))
    maths.sort(key=lambda record: draw(record[0], 0))
    pool = others + maths[: round(len(others) * share / (1 - share))]
    write_bytes(out / "pool.warc.gz", b"".join(record for _, record in pool))
    write_jsonl(out / "seed.jsonl", seed)
    marked = [f"- prefix: {name}.example\n" for name, math in sorted(topics.items()) if math and name not in seed_hosts]
    marked = [] if unmarked else marked
    write_text(out / "annotations.yaml", "".join(marked) or "[]\n")
    print(f"{len(seed)} seed documents, {len(pool)} pages in the pool, {len(marked)} marked hosts: {out}")


def measure(data: Path, corpus: Path) -> None:
    topics = {row["url"]: row["math"] for row in read_jsonl(data / LABELS)}
    number = 1
    while (folder := corpus / f"round_{number}").is_dir():
        tables = [read_parquet(path) for path in shard_paths(folder / "scores")]
        scores = {url: score for table in tables for url, score in zip(*pair(table), strict=True)}
        kept = {url for path in shard_paths(folder / "cut") for url in urls(path / "kept.parquet")}
        yes = np.array([score for url, score in scores.items() if topics[url]])
        no = np.array([score for url, score in scores.items() if not topics[url]])
        right, report = sum(topics[url] for url in kept), read_json(folder / "round.json")
        high = (yes >= 0.5).sum(), (no >= 0.5).sum()
        row = {
            "round": number,
            "auc": round(auc(yes, no), 4),
            "cut": {"pages": len(kept), "precision": round(right / len(kept), 4), "recall": round(right / len(yes), 4)},
            "at_0.5": {"precision": round(high[0] / max(1, sum(high)), 4), "recall": round(high[0] / len(yes), 4)},
            "growth": report["seed_growth"],
            "overlap_tokens": report["overlap_tokens"],
        }
        print(json.dumps(row, default=float))
        hosts = {name: [0, 0] for name in sorted({package(url) for url in scores})}
        for url in scores:
            hosts[package(url)][0] += url in kept
            hosts[package(url)][1] += 1
        print("    kept:", ", ".join(f"{name} {counts[0]}/{counts[1]}" for name, counts in hosts.items()))
        number += 1


def pair(table: Any) -> tuple[list[str], list[float]]:
    return table.column("url").to_pylist(), table.column("score").to_pylist()


def urls(path: Path) -> list[str]:
    return read_parquet(path, columns=["url"]).column("url").to_pylist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "measure"])
    parser.add_argument("--data", type=Path, required=True, help="folder of the WARC files and their labels")
    parser.add_argument("--seed-hosts", nargs="+", default=["python-statsmodels-doc", "python-mpmath-doc"])
    parser.add_argument("--share", type=float, default=0.13, help="share of mathematics in the pool")
    parser.add_argument("--unmarked", action="store_true", help="no annotations: what the classifier finds by itself")
    parser.add_argument("--out", type=Path, default=Path("data/real"))
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"))
    given = parser.parse_args()
    if given.command == "prepare":
        prepare(given.data, given.seed_hosts, given.share, given.unmarked, given.out)
    else:
        measure(given.data, given.corpus)


if __name__ == "__main__":
    main()
