"""The threshold of near-duplicates, studied on ground truth and on real pages.

    python benchmarks/near_duplicates.py --crawl data/microworld/crawl --truth data/microworld/truth/pages.parquet
    python benchmarks/near_duplicates.py --crawl ../shared/data/warc

Pages are extracted as the stage `pages` does, one for each URL, and compared where they share a band. With a truth it
prints for each threshold the precision (of the pages that go, those whose survivor is a page of the same original) and
the recall (of the copies under other URLs, those that go), and the similarities at the border: the most alike pages
that are no copies, the least alike that are. Without one, how many pairs lie in each tenth, and examples of each.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from mathmill.pages.config import PagesConfig
from mathmill.pages.extract import extract, unfit
from mathmill.pages.near import Components, bucket_pairs
from mathmill.pages.shingles import permutations, similarity
from mathmill.pages.sources import crawl_files
from mathmill.pages.warc import Response, responses
from mathmill.workflow.config import FetchConfig
from mathmill.workflow.files import read_parquet

THRESHOLDS = (0.3, 0.34, 0.36, 0.38, 0.4, 0.42, 0.44, 0.46, 0.5, 0.55, 0.6, 0.7, 0.8)


def read(crawl: Path, params: PagesConfig) -> list[dict[str, Any]]:
    """One page for each normal URL, the newest."""
    functions = permutations(params.near.bands * params.near.rows, params.seed)
    found: dict[str, dict[str, Any]] = {}
    for file in crawl_files([crawl], "", None, FetchConfig()):
        for item in responses(file, params.max_bytes):
            if isinstance(item, Response) and unfit(item, params) is None:
                row = extract(item, params, functions)
                if isinstance(row, dict) and (row["key"] not in found or found[row["key"]]["date"] < item.date):
                    found[row["key"]] = {**row, "date": item.date}
    return [found[key] for key in sorted(found)]


def compare(pages: list[dict[str, Any]], params: PagesConfig) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of pages that share a band, shape (pairs, 2), and their similarities."""
    keys = np.concatenate([np.frombuffer(page["bands"], dtype="<u8") for page in pages])
    sketches = np.stack([np.frombuffer(page["sketch"], dtype="<u4") for page in pages])
    ids = np.repeat(np.arange(len(pages)), params.near.bands)
    met = set()
    for left, right in bucket_pairs(keys, ids.astype(np.uint64), params.near.bucket):
        a, b = ids[left], ids[right]
        met.update(np.unique(np.minimum(a, b) * len(pages) + np.maximum(a, b)).tolist())
    codes = np.array(sorted(met), dtype=np.int64)
    pairs = np.stack([codes // len(pages), codes % len(pages)], axis=1)
    alike = [
        similarity(sketches[part[:, 0]], sketches[part[:, 1]]) for part in np.array_split(pairs, len(pairs) // 4096 + 1)
    ]
    return pairs, np.concatenate(alike)


def originals(truth: Path, pages: list[dict[str, Any]]) -> list[str]:
    """The page that each page is a copy of, or itself."""
    table = read_parquet(truth, columns=["url", "copy_of"])
    copy_of = dict(zip(table.column("url").to_pylist(), table.column("copy_of").to_pylist(), strict=True))
    return [copy_of[page["url"]] or page["url"] for page in pages]


def judge(pages: list[dict[str, Any]], pairs: np.ndarray, alike: np.ndarray, origin: list[str]) -> None:
    same = np.array([origin[a] == origin[b] for a, b in pairs])
    print("most alike pages that are no copies:", np.round(np.sort(alike[~same])[::-1][:12], 3).tolist())
    print("least alike copies:", np.round(np.sort(alike[same])[:12], 3).tolist(), f"of {same.sum()} pairs")
    copies = len(pages) - len(set(origin))
    print(f"{len(pages)} pages, {copies} copies, {len(pairs)} pairs compared")
    for threshold in THRESHOLDS:
        label = Components(pairs[alike >= threshold]).label(np.arange(len(pages)))
        gone = np.flatnonzero(label != np.arange(len(pages)))
        right = sum(origin[page] == origin[label[page]] for page in gone)
        groups: dict[str, set[int]] = defaultdict(set)
        for page, name in enumerate(origin):
            groups[name].add(int(label[page]))
        found = copies - sum(len(labels) - 1 for labels in groups.values())
        precision, recall = right / max(1, len(gone)), found / max(1, copies)
        print(f"threshold {threshold:.2f}: {len(gone)} go, precision {precision:.4f}, recall {recall:.4f}")


def show(pages: list[dict[str, Any]], pairs: np.ndarray, alike: np.ndarray) -> None:
    print(f"{len(pages)} pages, {len(pairs)} pairs compared")
    for tenth in range(1, 11):
        inside = np.flatnonzero((alike >= tenth / 10) & (alike < (tenth + 1) / 10))
        print(f"similarity {tenth / 10:.1f}: {len(inside)} pairs")
        for index in inside[:: max(1, len(inside) // 3)][:3]:
            a, b = pairs[index]
            print(f"    {alike[index]:.2f} {pages[a]['url']} ({len(pages[a]['text'])})  {pages[b]['url']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True, help="folder of WARC files")
    parser.add_argument("--truth", type=Path, help="pages.parquet of the microworld")
    given = parser.parse_args()
    params = PagesConfig(max_bytes=2_000_000)
    pages = read(given.crawl, params)
    pairs, alike = compare(pages, params)
    if given.truth is not None:
        judge(pages, pairs, alike, originals(given.truth, pages))
    else:
        show(pages, pairs, alike)


if __name__ == "__main__":
    main()
